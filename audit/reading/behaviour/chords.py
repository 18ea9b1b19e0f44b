"""Chords: a task that runs once those of its header have, which it knows by their results."""

import ast
from collections.abc import Iterator, Sequence

from audit.model.observations.messages import ChordUse
from audit.reading.behaviour.scope import Scope, keyword, last
from audit.reading.python.abstract_values import FunctionValue
from audit.reading.python.child_nodes import walk

_OR = frozenset({"or_", "ior", "__or__"})
_SIGNED = frozenset({"s", "si", "signature", "subtask"})


def chords(scope: Scope) -> Iterator[ChordUse]:
    """ChordUse: `chord(header, body)`, `group(…) | body`, `chain(group(…), body)`, and `|` by its other names."""
    for call in scope.calls:
        name = last(call.func)
        if name == "chord" and call.args:
            yield _use(scope, call, call.args[0])
        elif name == "chain" or (name == "reduce" and len(call.args) > 1 and _joins(scope, call.args[0])):
            parts = _parts(scope, call.args[1:2] if name == "reduce" else call.args)
            yield from (_use(scope, call, part) for part in parts[:-1] if _is_group(part))
        elif name in _OR and isinstance(call.func, ast.Attribute | ast.Name) and call.args:
            held = call.func.value if name == "__or__" and isinstance(call.func, ast.Attribute) else call.args[0]
            yield from (_use(scope, call, part) for part in _last(scope, held) if _joins(scope, call.func))
    for node in scope.all(ast.BinOp):
        if isinstance(node.op, ast.BitOr):
            yield from (_use(scope, node, before) for before in _last(scope, node.left))
    for added in scope.all(ast.AugAssign):
        if isinstance(added.op, ast.BitOr):
            yield from (_use(scope, added, before) for before in _last(scope, added.target))


def _joins(scope: Scope, node: ast.expr) -> bool:
    """Whether this is `|` as a function."""
    if isinstance(node, ast.Lambda):
        return isinstance(node.body, ast.BinOp) and isinstance(node.body.op, ast.BitOr)
    return last(node) == "__or__" or scope.external(node) in {"operator.or_", "operator.ior"}


def _last(scope: Scope, node: ast.expr) -> list[ast.expr]:
    """The group with which what stands before a `|` ends, if it ends with one."""
    node = scope.given(node)
    if isinstance(node, ast.Name):
        node = _before(scope, node) or node
    if isinstance(node, ast.BinOp):
        node = scope.given(node.right)
    return [node] if _is_group(node) else []


def _before(scope: Scope, name: ast.Name) -> ast.expr | None:
    """What a name that is given several values was given last, in the order of the text."""
    every: list[ast.Assign | ast.AugAssign] = [*scope.all(ast.Assign), *scope.all(ast.AugAssign)]
    given = [
        (n.lineno, n.value)
        for n in every
        for target in (n.targets if isinstance(n, ast.Assign) else [n.target])
        if isinstance(target, ast.Name) and target.id == name.id and n.lineno < name.lineno
    ]
    return scope.given(max(given, key=lambda one: one[0])[1]) if given else None


def _parts(scope: Scope, arguments: Sequence[ast.expr]) -> Sequence[ast.expr]:
    first = arguments[0] if len(arguments) == 1 else None
    held = first.value if isinstance(first, ast.Starred) else first
    only = scope.given(held) if held is not None else None
    given = [*only.elts, *_appended(scope, held)] if isinstance(only, ast.List | ast.Tuple) else arguments
    return [scope.given(node) for node in given]


def _appended(scope: Scope, held: ast.expr | None) -> list[ast.expr]:
    """What is put at the end of a list of this name, in the order of the text."""
    calls = [c for c in scope.calls if isinstance(c.func, ast.Attribute) and c.func.attr == "append" and c.args]
    name = held.id if isinstance(held, ast.Name) else ""
    return [c.args[0] for c in calls if name and isinstance(c.func, ast.Attribute) and last(c.func.value) == name]


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
    ignoring = [n for n in inner if isinstance(n, ast.Call) and _ignores(scope, n)]
    dropped = _tasks(scope, [n for call in ignoring for n in walk(call)])
    return scope.observed(ChordUse, node, header=_tasks(scope, inner), dropped=dropped)


def _tasks(scope: Scope, nodes: Sequence[ast.AST]) -> tuple[str, ...]:
    """The symbols of the tasks that are signed here."""
    signed = [n.func for n in nodes if isinstance(n, ast.Call) and last(n.func) in _SIGNED]
    values = [scope.evaluated(f.value) for f in signed if isinstance(f, ast.Attribute)]
    return tuple(dict.fromkeys(value.symbol for value in values if isinstance(value, FunctionValue)))


def _ignores(scope: Scope, call: ast.Call) -> bool:
    """Whether a signature is made, or changed, so that its result is not kept."""
    given = keyword(call, "ignore_result") if last(call.func) in {"set", "signature", "subtask", "clone"} else None
    return given is not None and scope.value(given) is True
