"""Delays that grow with the rank of what a loop publishes: `countdown=index * 6`, `delay += 6`."""

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile

from audit.reading.behaviour.scope import Scope, last
from audit.reading.python.abstract_values import Namespace, Value, exported
from audit.reading.python.assignments import assign
from audit.reading.python.child_nodes import walk
from audit.reading.python.frames import Frame
from audit.reading.python.object_values import gone_over

_FAR, _DEPTH = 1_000_000, 4
_RANDOM = frozenset({"uniform", "randint", "random", "randrange"})
_Loop = ast.For | ast.AsyncFor | ast.comprehension


@dataclass(frozen=True)
class Growth:
    """Seconds that the first of a loop waits, and how many more each of the next: 0 where it grows no more.

    `most`: the longest that one waits, None where nothing bounds it.
    """

    first: float
    step: float
    most: float | None


def growth(scope: Scope, call: ast.AST, delay: ast.expr) -> Growth | None:
    """How a delay grows with the turns of the loops around a call; None when it does not, or as nobody can tell."""
    for loop in _loops(scope, call):
        found = _by_index(scope, loop, delay) or _by_sum(scope, loop, delay) or _by_item(scope, loop, call, delay)
        if found:
            return found
    return None


def _loops(scope: Scope, call: ast.AST) -> Iterator[_Loop]:
    for node in scope.around(call):
        if isinstance(node, ast.For | ast.AsyncFor):
            yield node
        elif isinstance(node, ast.ListComp | ast.SetComp | ast.GeneratorExp):
            yield from node.generators


def _by_index(scope: Scope, loop: _Loop, delay: ast.expr) -> Growth | None:
    index = _index(scope, loop)
    if index is None:
        return None
    name, start, turns = index

    def at(rank: int) -> float | None:
        value = scope.value(_Replaced(scope, name, start + rank).visit(copy.deepcopy(delay)))
        return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None

    first, far, further = at(0), at(_FAR), at(2 * _FAR)
    if first is None or far is None or further is None or far <= first:
        return None
    if turns is not None:
        return Growth(first, 0, at(turns - 1))
    return Growth(first, (further - far) / _FAR, far if further == far else None)


def _by_item(scope: Scope, loop: _Loop, call: ast.AST, delay: ast.expr) -> Growth | None:
    """The delays that the items of a list, or the members of an `Enum`, say one by one: none is left out."""
    items = gone_over(scope.machine, scope.evaluated(loop.iter))
    inside = takewhile(lambda n: n is not loop and loop not in getattr(n, "generators", ()), scope.around(call))
    chosen = any(isinstance(node, ast.If | ast.IfExp | ast.Try | ast.Match) for node in inside)
    taken = {n.id for n in walk(loop.target) if isinstance(n, ast.Name)}
    body = [n for one in getattr(loop, "body", []) for n in walk(one)]
    chosen = chosen or any(isinstance(n, ast.Break | ast.Continue) for n in body)
    # A name that is given something else in the turn is no item.
    chosen = chosen or any(isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store) and n.id in taken for n in body)
    if chosen or getattr(loop, "ifs", []) or not isinstance(items, list | tuple) or not 0 < len(items) <= _FAR:
        return None
    found = [exported(_in_turn(scope, delay, loop.target, item)) for item in items]
    numbers = [float(v) for v in found if isinstance(v, int | float) and not isinstance(v, bool)]
    return Growth(numbers[0], 0, max(numbers)) if len(numbers) == len(items) else None


def _in_turn(scope: Scope, node: ast.expr, target: ast.expr, item: Value) -> Value:
    """What an expression stands for in the turn of a loop that gives this item to its target."""
    scope.held(node)
    frame = Frame(scope.module, Namespace(), (scope.frame.names, *scope.frame.outer))
    assign(scope.machine, target, item, frame, frame.origin(node))
    scope.machine.new_entry()
    return scope.machine.value_of(node, frame)


def _index(scope: Scope, loop: _Loop) -> tuple[str, int, int | None] | None:
    """The name that counts the turns of a loop, from which number, and how many turns there are when that is written."""
    over, target = loop.iter, loop.target
    if not isinstance(over, ast.Call):
        return None
    given = [scope.value(argument) for argument in over.args]
    if last(over.func) == "range" and isinstance(target, ast.Name) and given:
        start = given[0] if len(given) > 1 else 0
        end = given[1] if len(given) > 1 else given[0]
        turns = (
            end - start if isinstance(end, int) and isinstance(start, int) and len(given) < 3 and end > start else None
        )
        return (target.id, start, turns) if isinstance(start, int) else None
    if last(over.func) == "enumerate" and isinstance(target, ast.Tuple) and isinstance(target.elts[0], ast.Name):
        start = given[1] if len(given) > 1 else next((scope.value(k.value) for k in over.keywords), 0)
        return (target.elts[0].id, start, _length(scope, over)) if isinstance(start, int) else None
    if last(over.func) == "zip" and isinstance(target, ast.Tuple):
        pairs = zip(target.elts, over.args, strict=False)
        counting = [(e, a) for e, a in pairs if isinstance(a, ast.Call) and last(a.func) == "count"]
        element, argument = counting[0] if counting else (None, None)
        if isinstance(element, ast.Name) and argument is not None and len(argument.args) < 2:
            start = scope.value(argument.args[0]) if argument.args else 0
            return (element.id, start, None) if isinstance(start, int) else None
    return None


def _length(scope: Scope, over: ast.Call) -> int | None:
    """How many elements `enumerate` is given, when a slice says so: `rows[:100]`."""
    rows = scope.given(over.args[0]) if over.args else None
    if (
        isinstance(rows, ast.Subscript)
        and isinstance(rows.slice, ast.Slice)
        and rows.slice.upper
        and not rows.slice.lower
    ):
        most = scope.value(rows.slice.upper)
        return most if isinstance(most, int) and most > 0 else None
    return None


class _Replaced(ast.NodeTransformer):
    """An expression at one turn: the index is a number, a local name what it is given, and what is random adds nothing."""

    def __init__(self, scope: Scope, name: str, value: int, depth: int = 0) -> None:
        self._scope, self._name, self._value, self._depth = scope, name, value, depth

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node.id == self._name:
            return ast.copy_location(ast.Constant(self._value), node)
        other = self._scope.assigned.get(node.id) if self._depth < _DEPTH else None
        if other is None:
            return node
        inner = _Replaced(self._scope, self._name, self._value, self._depth + 1)
        replaced: ast.expr = inner.visit(copy.deepcopy(other))
        return replaced

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if last(node.func) in _RANDOM:
            return ast.copy_location(ast.Constant(0), node)
        return self.generic_visit(node)


def _by_sum(scope: Scope, loop: _Loop, delay: ast.expr) -> Growth | None:
    """A local name to which each turn adds the same."""
    if not isinstance(delay, ast.Name):
        return None
    adding = [n for n in scope.all(ast.AugAssign) if isinstance(n.target, ast.Name) and n.target.id == delay.id]
    given = [n for n in scope.all(ast.Assign) if any(isinstance(t, ast.Name) and t.id == delay.id for t in n.targets)]
    if len(adding) != 1 or len(given) != 1 or not isinstance(adding[0].op, ast.Add):
        return None
    if loop not in scope.around(adding[0]) or loop in scope.around(given[0]):
        return None
    step, first = scope.value(adding[0].value), scope.value(given[0].value)
    if not isinstance(step, int | float) or not isinstance(first, int | float) or step <= 0:
        return None
    return Growth(float(first), float(step), None)
