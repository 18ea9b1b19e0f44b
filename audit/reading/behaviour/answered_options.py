"""What functions and methods of the project answer as the options of a call: `ClientSession(**self.options())`."""

import ast
from collections.abc import Iterator

from audit.model.unknown import UNKNOWN
from audit.reading.behaviour.called_functions import inside, named_function
from audit.reading.behaviour.row_objects import owner
from audit.reading.behaviour.scope import Scope, function_scope, gather, last
from audit.reading.behaviour.verification_values import own_classes
from audit.reading.python.abstract_values import MISSING, ClassValue, FunctionValue, Missing, Table, Value, unwrap
from audit.reading.python.classes import class_attribute
from audit.reading.python.implementations import says_nothing

_DEPTH = 4


def answered(scope: Scope, call: ast.Call, name: str) -> list[Value | Missing]:
    """What each function that this call may run answers under a name, MISSING for none, UNKNOWN where it does not read."""
    found = [_of_function(inner, name, _DEPTH) for inner in _answering(scope, call)]
    return found or [UNKNOWN]


def _answering(scope: Scope, call: ast.Call) -> Iterator[Scope]:
    """The function that a call runs; of a method of the object itself, that of each class of its family."""
    own = isinstance(call.func, ast.Attribute) and last(call.func.value) in {"self", "cls"}
    if not own:
        function = named_function(scope, call.func)
        inner = inside(scope, function)
        yield from [inner] if inner else []
        return
    for module, qualified, cls in own_classes(scope, last(call.func)):
        for node in cls.body:
            if isinstance(node, ast.FunctionDef) and node.name == last(call.func) and not says_nothing(node):
                other = Scope(scope.machine, module, f"{module.name}:{qualified}.{node.name}", node)
                for _ in gather(other, ""):
                    pass
                yield other


def _of_function(inner: Scope, name: str, depth: int) -> Value | Missing:
    found = [_entry(inner, n.value, name, depth) for n in inner.all(ast.Return) if n.value is not None]
    if not found or UNKNOWN in found or depth == 0:
        return UNKNOWN
    return MISSING if MISSING in found else found[0] if len(found) == 1 else UNKNOWN


def _entry(inner: Scope, node: ast.expr, name: str, depth: int) -> Value | Missing:
    """What an expression, that of a dictionary, holds under a name."""
    for change in inner.changes.get(node.id, ()) if isinstance(node, ast.Name) else ():
        if change.call is not None or change.key is None:
            return UNKNOWN
        if change.key == name:
            return UNKNOWN if change.value is None else inner.held(change.value)
    made = inner.given(node)
    parts = _parts(inner, made, name)
    if parts is None:
        return _called(inner, made, name, depth) if isinstance(made, ast.Call) else _known(inner, made, name)
    for key, value in reversed(parts):
        found = inner.held(value) if key == name else _entry(inner, value, name, depth) if key is None else MISSING
        if found is not MISSING:
            return found
    return MISSING


def _parts(inner: Scope, made: ast.expr, name: str) -> list[tuple[object, ast.expr]] | None:
    """The entries of a dictionary that is written out, one merged into it under None; None for another expression."""
    if isinstance(made, ast.Dict):
        keys = [inner.value(k) if k is not None else None for k in made.keys]
        return [(name if k is UNKNOWN else k, v) for k, v in zip(keys, made.values, strict=True)]
    if isinstance(made, ast.BinOp) and isinstance(made.op, ast.BitOr):
        return [(None, made.left), (None, made.right)]
    if isinstance(made, ast.Call) and last(made.func) == "dict":
        return [*((None, a) for a in made.args), *((k.arg, k.value) for k in made.keywords)]
    return None


def _called(inner: Scope, call: ast.Call, name: str, depth: int) -> Value | Missing:
    """What another function answers, that of the class above included: `super().options()`."""
    function: Value = named_function(inner, call.func)
    cls = owner(inner)
    above = call.func.value if isinstance(call.func, ast.Attribute) else None
    if isinstance(above, ast.Call) and last(above.func) == "super" and isinstance(cls, ClassValue):
        bases = (b for b in cls.bases if isinstance(b, ClassValue))
        function = next(
            (f for b in bases if (f := unwrap(class_attribute(b, last(call.func)))[0]) is not UNKNOWN), None
        )
    if not isinstance(function, FunctionValue) or isinstance(function.node, ast.Lambda) or not depth:
        return _known(inner, call, name)
    return _of_function(function_scope(inner.machine, function), name, depth - 1)


def _known(inner: Scope, node: ast.expr, name: str) -> Value | Missing:
    table = inner.evaluated(node)
    if not isinstance(table, Table) or table.opaque:
        return UNKNOWN
    return table.get(name, MISSING)
