"""Objects that a call makes once and gives again to each caller: singletons, cached functions, instances that a class keeps."""

import ast

from audit.reading.behaviour.scope import Scope, last
from audit.reading.python.abstract_values import BoundMethod, ClassValue, FunctionValue, Value
from audit.reading.python.child_nodes import walk
from audit.reading.python.classes import class_attribute

_CACHES = frozenset({"lru_cache", "cache", "singleton", "Singleton"})
_METACLASSES = ("ingleton",)


def makes_one_object(scope: Scope, call: ast.Call) -> bool:
    """Whether a call answers the same object each time, in one process."""
    callee = scope.evaluated(call.func)
    if isinstance(callee, ClassValue):
        return _is_single(callee)
    function = callee.function if isinstance(callee, BoundMethod) else callee
    if not isinstance(function, FunctionValue) or isinstance(function.node, ast.Lambda):
        return False
    cached = any(last(_callee(d)) in _CACHES for d in function.node.decorator_list) and not call.args
    return cached or _keeps_what_it_makes(function)


def _is_single(cls: ClassValue) -> bool:
    decorated = any(last(_callee(d)) in _CACHES for d in cls.node.decorator_list)
    given = [k.value for k in cls.node.keywords if k.arg == "metaclass"]
    by_class = any(word in ast.unparse(node) for node in given for word in _METACLASSES)
    return decorated or by_class or _keeps_what_it_makes(class_attribute(cls, "__new__"))


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
