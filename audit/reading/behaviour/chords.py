"""Chords: a task that runs once those of its header have, which it knows by their results."""

import ast
from collections.abc import Iterator, Sequence

from audit.model.observations.messages import ChordUse
from audit.reading.behaviour.scope import Scope, last
from audit.reading.python.abstract_values import FunctionValue
from audit.reading.python.child_nodes import walk

_SIGNED = frozenset({"s", "si", "signature", "subtask"})


def chords(scope: Scope) -> Iterator[ChordUse]:
    """ChordUse: `chord(header, body)`, `group(…) | body`, `chain(group(…), body)`."""
    for call in scope.calls:
        if last(call.func) == "chord" and call.args:
            yield _use(scope, call, call.args[0])
        elif last(call.func) == "chain":
            parts = _parts(scope, call)
            yield from (_use(scope, call, part) for part in parts[:-1] if _is_group(part))
    for added in scope.all(ast.AugAssign):
        # `flow |= body.s()`
        for group in _given(scope, last(added.target)) if isinstance(added.op, ast.BitOr) else ():
            yield _use(scope, added, group)
    for node in scope.all(ast.BinOp):
        if isinstance(node.op, ast.BitOr):
            left = scope.given(node.left)
            before = scope.given(left.right) if isinstance(left, ast.BinOp) else left
            if _is_group(before):
                yield _use(scope, node, before)


def _given(scope: Scope, name: str) -> list[ast.expr]:
    """The groups that a local name is given."""
    values = [n.value for n in scope.all(ast.Assign) for t in n.targets if name and last(t) == name]
    return [value for value in values if _is_group(value)]


def _parts(scope: Scope, call: ast.Call) -> Sequence[ast.expr]:
    only = scope.given(call.args[0]) if len(call.args) == 1 else None
    given = only.elts if isinstance(only, ast.List | ast.Tuple) else call.args
    return [scope.given(node) for node in given]


def _is_group(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and last(node.func) == "group"


def _use(scope: Scope, node: ast.AST, header: ast.expr) -> ChordUse:
    inner = [n for part in (header, scope.given(header)) for n in walk(part)]
    names = {n.id for n in inner if isinstance(n, ast.Name)}
    # What a list of signatures is given, one after another.
    for call in scope.calls:
        holder = call.func.value if isinstance(call.func, ast.Attribute) else None
        if holder is not None and last(call.func) in {"append", "extend"} and last(holder) in names:
            inner += [n for argument in call.args for n in walk(argument)]
    signed = [n.func for n in inner if isinstance(n, ast.Call) and last(n.func) in _SIGNED]
    values = [scope.evaluated(f.value) for f in signed if isinstance(f, ast.Attribute)]
    tasks = dict.fromkeys(value.symbol for value in values if isinstance(value, FunctionValue))
    return scope.observed(ChordUse, node, header=tuple(tasks))
