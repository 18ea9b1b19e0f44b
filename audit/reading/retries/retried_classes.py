"""What the classes of the target that `autoretry_for` names derive from, what derives from them, and where they hide any error."""

import ast
import re
from collections.abc import Collection, Iterator, Sequence

from audit.model.facts import Task
from audit.model.observations.failure_handling import RetriedClass
from audit.reading.behaviour.exception_handlers import BROAD, catches, inside
from audit.reading.behaviour.scope import Scope, function_scope, gather, scope_at
from audit.reading.python.abstract_values import (
    BoundMethod,
    ClassValue,
    External,
    FunctionValue,
    Instance,
    Value,
    exported,
    unwrap,
)
from audit.reading.python.child_nodes import walk
from audit.reading.python.classes import lineage
from audit.reading.python.interpreter import Machine
from audit.target.import_paths import is_relative

_OPTIONAL = re.compile(r"except[ (]+(?:\w+, *)*(?:ImportError|ModuleNotFoundError)")
_EXITS = frozenset({"__exit__", "__aexit__"})
_DEPTH = 2


def retried_classes(machine: Machine, tasks: Sequence[Task]) -> Iterator[RetriedClass]:
    """One for each class of the target, once."""
    asked = [task.options.get("autoretry_for") for task in tasks]
    names = {name for one in asked if isinstance(one, list | tuple) for name in one if isinstance(name, str)}
    every: list[ClassValue] = []
    for name in sorted(name for name in names if ":" in name):
        cls = unwrap(machine.resolve(name))[0]
        if isinstance(cls, ClassValue):
            every = every or list(_classes(machine))
            own = [one for one in every if cls in lineage(one)]
            heirs = tuple(sorted({one.symbol for one in own if one is not cls}))
            yield RetriedClass("", None, name, _ancestors(cls), heirs, next(_wrapping(machine, own), ""))
    outside = {name for name in names if "." in name and ":" not in name}
    yield from (RetriedClass("", None, name, (), (), instead=i) for name, i in _instead(machine, outside).items())


def _instead(machine: Machine, names: Collection[str]) -> dict[str, str]:
    """The class that stands for one of a library that is not installed: `except ImportError: Temporary = Exception`."""
    found: dict[str, str] = {}
    for module in machine.project.naming(_OPTIONAL):
        if not any(name.rpartition(".")[2] in module.source.text for name in names):
            continue
        scope = Scope(machine, module, "", module.tree)
        for _ in gather(scope, ""):
            pass
        for tried in scope.all(ast.Try):
            meant = {alias: dotted for alias, dotted in _given(scope, tried.body) if dotted in names}
            missing = (h for h in tried.handlers if h.type and _OPTIONAL.search(f"except {ast.unparse(h.type)}"))
            handled = [statement for handler in missing for statement in handler.body]
            found |= {meant[alias]: dotted for alias, dotted in _given(scope, handled) if alias in meant}
    return found


def _given(scope: Scope, block: Sequence[ast.stmt]) -> Iterator[tuple[str, str]]:
    """The names that statements give a class of a library or of Python, each with its dotted name."""
    for statement in block:
        if isinstance(statement, ast.ImportFrom) and not is_relative(statement):
            yield from ((a.asname or a.name, f"{statement.module}.{a.name}") for a in statement.names)
        elif isinstance(statement, ast.Assign):
            value = scope.evaluated(statement.value)
            dotted = value.dotted if isinstance(value, External) else ""
            yield from ((t.id, dotted) for t in statement.targets if isinstance(t, ast.Name) and dotted)


def _ancestors(cls: ClassValue) -> tuple[str, ...]:
    outside = [str(exported(b)) for one in lineage(cls) for b in one.bases if isinstance(unwrap(b)[0], External)]
    return tuple(dict.fromkeys(outside))


def _classes(machine: Machine) -> Iterator[ClassValue]:
    for name in machine.project.modules:
        for value in machine.globals.get(name, {}).values():
            held = unwrap(value)[0]
            if isinstance(held, ClassValue) and held.module == name:
                yield held


def _wrapping(machine: Machine, classes: Sequence[ClassValue]) -> Iterator[str]:
    """The places where one of these classes is raised in the stead of any error at all."""
    names = [cls.symbol.rpartition(".")[2].rpartition(":")[2] for cls in classes]
    for module, definitions in machine.graph.definitions.items():
        source = machine.project.modules[module].source
        if machine.project.is_test_file(source.path) or not any(name in source.text for name in names):
            continue
        for qualified, _, place in definitions:
            if "raise" in (text := place.text) and ("except" in text or "exit__" in text):
                scope = scope_at(machine, module, f"{module}:{qualified}", place)
                for node in _answers_to_anything(scope):
                    if _is_of(_raised(scope, node), classes):
                        yield f"{source.path}:{getattr(node, 'lineno', 0)}"


def _answers_to_anything(scope: Scope) -> Iterator[ast.stmt | ast.expr]:
    """What is raised or called where a function has caught any error, and no test has told which."""
    kept: set[str] = set()
    for handler in scope.all(ast.ExceptHandler):
        if catches(scope, handler.type, BROAD):
            kept |= _kept_under(handler)
            yield from _untold(handler.body, {handler.name or ""})
    named = getattr(scope.root, "name", "") in _EXITS
    spec = getattr(scope.root, "args", None)
    if named and isinstance(spec, ast.arguments):
        yield from _untold(scope.body, {a.arg for a in spec.args[1:]})
    yield from (n for n in _untold(scope.body, kept) if isinstance(n, ast.Raise) and _name(n.cause) in kept)


def _kept_under(handler: ast.ExceptHandler) -> set[str]:
    """The names that a handler gives what it caught, to be raised later."""
    assigns = [n for n in inside(handler.body) if isinstance(n, ast.Assign) and _name(n.value) == (handler.name or "")]
    return {_name(target) for assign in assigns for target in assign.targets} - {""}


def _untold(statements: Sequence[ast.stmt], errors: set[str]) -> Iterator[ast.stmt | ast.expr]:
    """The `raise` statements and the calls that no test of the error's kind leads to, up to one that lets chosen errors go on."""
    for statement in statements:
        if isinstance(statement, ast.If):
            if _asks_whether(statement.test, errors):
                yield from _untold([*statement.body, *statement.orelse], errors)
            elif _keeps_chosen(statement):
                return
            else:
                yield from _untold(statement.orelse, errors)
        elif isinstance(statement, ast.Raise | ast.Expr | ast.Return):
            value = statement.value if isinstance(statement, ast.Expr | ast.Return) else None
            yield from [statement] if isinstance(statement, ast.Raise) else [value] if value is not None else []
        elif isinstance(statement, ast.With | ast.AsyncWith | ast.Try):
            yield from _untold(statement.body, errors)


def _asks_whether(test: ast.expr, errors: set[str]) -> bool:
    """Whether a test says nothing of an error but that there is one: `error`, `error is not None`, `self.attempts`."""
    bare = {n for n in walk(test) if isinstance(n, ast.Compare) and isinstance(n.ops[0], ast.Is | ast.IsNot)}
    if isinstance(test, ast.Name) or test in bare:
        return True
    called = any(isinstance(n, ast.Call) for n in walk(test))
    return not called and not any(isinstance(n, ast.Name) and n.id in errors for n in walk(test))


def _keeps_chosen(statement: ast.If) -> bool:
    """`if not is_temporary(error): raise`: what goes on is chosen."""
    leaves = isinstance(statement.body[-1], ast.Raise | ast.Return)
    return leaves and any(
        (isinstance(n, ast.UnaryOp) and isinstance(n.op, ast.Not))
        or (isinstance(n, ast.Compare) and isinstance(n.ops[0], ast.NotIn | ast.NotEq))
        for n in walk(statement.test)
    )


def _name(node: ast.expr | None) -> str:
    return node.id if isinstance(node, ast.Name) else ""


def _raised(scope: Scope, node: ast.AST, depth: int = 0) -> Iterator[Value]:
    """What a statement raises, or the function that a call runs, at the end of its own text."""
    if isinstance(node, ast.Raise) and node.exc is not None:
        given = scope.given(node.exc)
        yield scope.evaluated(given)
        if isinstance(given, ast.Call):
            yield scope.evaluated(given.func)
            # `raise Down.of(error)`: a class method of its own.
            yield scope.evaluated(given.func.value) if isinstance(given.func, ast.Attribute) else None
    elif isinstance(node, ast.Call) and depth < _DEPTH:
        callee = scope.evaluated(node.func)
        function = callee.function if isinstance(callee, BoundMethod) else callee
        if isinstance(function, FunctionValue) and not isinstance(function.node, ast.Lambda):
            yield from _raised(function_scope(scope.machine, function), function.node.body[-1], depth + 1)


def _is_of(raised: Iterator[Value], classes: Sequence[ClassValue]) -> bool:
    made = [value.cls if isinstance(value, Instance) else value for value in raised]
    return any(one is cls for one in made for cls in classes)
