"""Objects that a call makes once and gives again to each caller: singletons, cached functions, instances that a class keeps."""

import ast
import re

from audit.reading.behaviour.called_functions import function_of
from audit.reading.behaviour.scope import Scope, last
from audit.reading.python.abstract_values import ClassValue, FunctionValue, Value
from audit.reading.python.child_nodes import walk
from audit.reading.python.classes import class_attribute

_KEEPS = re.compile(r"@[\w.]*(?:cache|ingleton)\b")
_CACHES = frozenset({"lru_cache", "cache", "singleton", "Singleton"})
_METACLASSES = ("ingleton",)
# What gives an object of which a library keeps one in each process, and names of such objects.
_REGISTRIES = frozenset({"get_app_config", "get_containing_app_config", "get_current_app"})
_ONE_A_PROCESS = frozenset(
    {"flask.current_app", "quart.current_app", "celery.current_app", "sys.modules", "django.apps.apps.app_configs"}
)


def makes_one_object(scope: Scope, call: ast.Call) -> bool:
    """Whether a call answers the same object each time, in one process."""
    callee = scope.evaluated(call.func)
    if isinstance(callee, ClassValue):
        return is_single(callee)
    function = function_of(callee)
    if function is None or isinstance(function.node, ast.Lambda):
        return False
    cached = any(last(_callee(d)) in _CACHES for d in function.node.decorator_list) and not call.args
    return cached or _keeps_what_it_makes(function)


def is_single(cls: ClassValue) -> bool:
    """Whether all calls of a class answer one object."""
    decorated = any(last(_callee(d)) in _CACHES for d in cls.node.decorator_list)
    given = [k.value for k in cls.node.keywords if k.arg == "metaclass"]
    by_class = any(word in ast.unparse(node) for node in given for word in _METACLASSES)
    return decorated or by_class or _keeps_what_it_makes(class_attribute(cls, "__new__"))


def is_made_once(scope: Scope, cls: ClassValue) -> bool:
    """Whether each call of a class, in the whole project, stands in a function without parameters that keeps what it answers."""
    name, calls = cls.node.name, list[bool]()
    made = re.compile(rf"(?<!class )\b{name}\(")
    own = [m for m in scope.machine.project.own(f"{name}(") if made.search(m.source.text)]
    if any(not _KEEPS.search(m.source.text) for m in own):
        return False
    for module in own:
        cached = [n for n in walk(module.tree) if isinstance(n, ast.FunctionDef) and _caches_all(n)]
        inside = {id(n) for function in cached for n in walk(function)}
        asked = [n for n in walk(module.tree) if isinstance(n, ast.Call) and last(n.func) == name]
        calls += [id(call) in inside for call in asked]
    return bool(calls) and all(calls)


def _caches_all(function: ast.FunctionDef) -> bool:
    cached = any(last(_callee(d)) in _CACHES for d in function.decorator_list)
    return cached and not function.args.args and not function.args.vararg


def _callee(node: ast.expr) -> ast.expr:
    return node.func if isinstance(node, ast.Call) else node


def _keeps_what_it_makes(function: Value) -> bool:
    """Whether a function returns what it keeps in its class, or in a global, where it is not there yet."""
    if not isinstance(function, FunctionValue) or isinstance(function.node, ast.Lambda):
        return False
    nodes = list(walk(function.node))
    shared = {name for n in nodes if isinstance(n, ast.Global) for name in n.names}
    spec = function.node.args
    first = next((a.arg for a in (*spec.posonlyargs, *spec.args)), "")
    of_class = {"cls", *([first] if function.node.name == "__new__" else [])}
    kept = set[str]()
    for target in (t for n in nodes if isinstance(n, ast.Assign) for t in n.targets):
        held = target.value if isinstance(target, ast.Subscript) else target
        owner = held.value if isinstance(held, ast.Attribute) else held
        if isinstance(owner, ast.Name) and owner.id in (of_class if isinstance(held, ast.Attribute) else shared):
            kept.add(ast.unparse(target))
    returned = {ast.unparse(n.value) for n in nodes if isinstance(n, ast.Return) and n.value is not None}
    return bool(kept & returned)


def is_one_a_process(scope: Scope, node: ast.expr) -> bool:
    """Whether this is reached from an object of which a library keeps one a process: a configuration of Django, an application."""
    while not (registered := _is_registered(scope, node)) and isinstance(
        node, ast.Attribute | ast.Subscript | ast.Name
    ):
        inner = scope.given(node) if isinstance(node, ast.Name) else node.value
        if inner is node:
            return False
        node = inner
    return registered


def _is_registered(scope: Scope, node: ast.expr) -> bool:
    if isinstance(node, ast.Call):
        return last(node.func) in _REGISTRIES
    return isinstance(node, ast.Name | ast.Attribute) and scope.external(node) in _ONE_A_PROCESS
