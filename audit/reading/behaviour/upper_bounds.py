"""The greatest number an expression may give, when its text says so: `min(delay, 600)`, `randint(1, 60)`, `30 if late else 5`.

A short interval analysis of upper bounds only (Cousot & Cousot, 1977), through functions of the project and fields of its dataclasses.
"""

import ast
from collections.abc import Iterable, Iterator

from audit.reading.behaviour.called_functions import called_function
from audit.reading.behaviour.scope import Scope, function_scope, keyword, last, opaque
from audit.reading.python.abstract_values import ClassValue, FunctionValue, Table, exported
from audit.reading.python.classes import annotated_fields, class_attribute, is_worked_out

_DEPTH = 8
_INFINITE = float("inf")
_RANDOM = frozenset({"randint", "uniform", "triangular"})
_ROUNDING = frozenset({"int", "float", "round"})
_GENERATING: tuple[type[ast.AST], ...] = (ast.Yield, ast.YieldFrom)


def at_most(scope: Scope, node: ast.expr) -> float | None:
    """The greatest number that an expression may give; None where nothing bounds it. An expression that gives None counts for nothing."""
    found = _most(scope, node, _DEPTH)
    return None if found in {_INFINITE, -_INFINITE} else found


def entry_at_most(scope: Scope, node: ast.expr, name: str) -> float | None:
    """The same of an entry of the dictionary that a function of the project answers."""
    made = scope.given(node)
    returned = (
        [(inner, inner.given(value)) for inner, value in _returned(scope, made)] if isinstance(made, ast.Call) else []
    )
    pairs = [
        (inner, dict(zip(map(_key, d.keys), d.values, strict=True))) for inner, d in returned if isinstance(d, ast.Dict)
    ]
    if len(pairs) < len(returned) or not all(name in entries for _, entries in pairs):
        return None
    found = max((_most(inner, entries[name], _DEPTH) for inner, entries in pairs), default=_INFINITE)
    return None if found in {_INFINITE, -_INFINITE} else found


def _key(node: ast.expr | None) -> str:
    return str(getattr(node, "value", ""))


def _most(scope: Scope, node: ast.expr, depth: int) -> float:
    """The same, infinite where nothing bounds it; minus infinity where it gives no number at all."""
    if isinstance(node, ast.Constant) and node.value is None:
        return -_INFINITE
    known = scope.value(node)
    if isinstance(known, int | float) and not isinstance(known, bool):
        return float(known)
    return _INFINITE if depth == 0 else _by_form(scope, node, depth)


def _by_form(scope: Scope, node: ast.expr, depth: int) -> float:
    match node:
        case ast.Name():
            given = scope.given(node)
            return _INFINITE if given is node else _most(scope, given, depth - 1)
        case ast.IfExp():
            return max(_most(scope, node.body, depth - 1), _most(scope, node.orelse, depth - 1))
        case ast.BinOp():
            return _of_operation(scope, node, depth)
        case ast.Call():
            return _of_call(scope, node, depth)
        case ast.Attribute() | ast.Subscript():
            table = isinstance(node, ast.Subscript)
            return _of_table(scope, node.value) if table else _of_field(scope, node.value, last(node), depth)
    return _INFINITE


def _of_operation(scope: Scope, node: ast.BinOp, depth: int) -> float:
    right = _most(scope, node.right, depth - 1)
    if isinstance(node.op, ast.Mod):
        return right if right > 0 else _INFINITE
    left = _most(scope, node.left, depth - 1)
    if isinstance(node.op, ast.Add):
        return _INFINITE if _INFINITE in {left, right} else left + right
    if isinstance(node.op, ast.Mult):
        # A bound times what is known: the sign of the other side is known too.
        for side, bound in ((node.left, right), (node.right, left)):
            known = scope.value(side)
            if isinstance(known, int | float) and not isinstance(known, bool) and known > 0:
                return known * bound
    return _INFINITE


def _of_call(scope: Scope, call: ast.Call, depth: int) -> float:
    name = last(call.func)
    if isinstance(call.func, ast.Attribute) and (found := _of_method(scope, call, call.func, depth)) is not None:
        return found
    if any(isinstance(argument, ast.Starred) for argument in call.args) or opaque(call):
        return _INFINITE
    given = [_most(scope, argument, depth - 1) for argument in call.args] if isinstance(call.func, ast.Name) else []
    if isinstance(call.func, ast.Name) and name in {"min", "max"} and len(given) > 1 and not call.keywords:
        return min(given) if name == "min" else max(given)
    if name in _ROUNDING and isinstance(call.func, ast.Name) and given:
        # Rounding may add less than one.
        return given[0] + (1 if name == "round" else 0)
    if name in _RANDOM and scope.external(call.func).startswith(("random.", "secrets.")) and len(call.args) > 1:
        return max(_most(scope, argument, depth - 1) for argument in call.args[:2])
    return max((_most(inner, value, depth - 1) for inner, value in _returned(scope, call)), default=_INFINITE)


def _of_method(scope: Scope, call: ast.Call, method: ast.Attribute, depth: int) -> float | None:
    """The bound of `duration.total_seconds()`, or of `TABLE.get(key, default)`; None for any other method."""
    if method.attr == "total_seconds" and not call.args:
        return _most(scope, method.value, depth - 1)
    if method.attr == "get" and isinstance(scope.evaluated(method.value), Table):
        default = _most(scope, call.args[1], depth - 1) if len(call.args) > 1 else -_INFINITE
        return max(_of_table(scope, method.value), default)
    return None


def _of_table(scope: Scope, holder: ast.expr) -> float:
    """The greatest number, or duration, of a dictionary or a list, whichever entry is asked."""
    held = scope.evaluated(holder)
    known = exported(held)
    values = [*known.values()] if isinstance(known, dict) else known
    if not isinstance(values, list | tuple) or (isinstance(held, Table) and held.opaque):
        return _INFINITE
    numbers = [float(v) for v in values if isinstance(v, int | float) and not isinstance(v, bool)]
    return max(numbers) if numbers and len(numbers) == len(values) else _INFINITE


def _of_field(scope: Scope, holder: ast.expr, name: str, depth: int) -> float:
    """The bound of a field of what a call makes: an instance of a class whose fields are written in its body."""
    holder = scope.given(holder)
    set_again = any(n.attr == name and isinstance(n.ctx, ast.Store) for n in scope.all(ast.Attribute))
    if set_again or depth == 0 or not isinstance(holder, ast.Call) or opaque(holder):
        return _INFINITE
    made = scope.evaluated(holder.func)
    if isinstance(made, ClassValue):
        value = _argument(made, holder, name)
        return _INFINITE if value is None else _most(scope, value, depth - 1)
    returned = _returned(scope, holder)
    return max((_of_field(inner, value, name, depth - 1) for inner, value in returned), default=_INFINITE)


def _argument(made: ClassValue, call: ast.Call, field: str) -> ast.expr | None:
    """What a call gives a field of a dataclass or a named tuple; None when it cannot be told."""
    fields = annotated_fields(made)
    has_own = any(isinstance(class_attribute(made, name), FunctionValue) for name in ("__init__", "__new__"))
    if has_own or field not in fields or is_worked_out(made, field):
        return None
    place = fields.index(field)
    starred = any(isinstance(argument, ast.Starred) for argument in call.args)
    positional = None if starred or place >= len(call.args) else call.args[place]
    return keyword(call, field) or positional


def _returned(scope: Scope, call: ast.Call) -> Iterable[tuple[Scope, ast.expr]]:
    """What a function of the project may return, each with its scope; nothing when all of it cannot be told."""
    function = called_function(scope, call)
    if function is None or function.decorators or not isinstance(function.node, ast.FunctionDef):
        return ()
    inner = function_scope(scope.machine, function)
    if any(inner.all(kind) for kind in _GENERATING):
        return ()
    return tuple(_leaves(inner))


def _leaves(scope: Scope) -> Iterator[tuple[Scope, ast.expr]]:
    for statement in scope.all(ast.Return):
        yield scope, statement.value if statement.value is not None else ast.Constant(None)
