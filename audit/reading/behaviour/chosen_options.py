"""Publications whose options are one choice among several that are all known: an entry of a table, a turn of a loop."""

import ast
import copy
from itertools import product, takewhile
from typing import Any

from audit.model.unknown import UNKNOWN
from audit.reading.behaviour.possible_values import argument_of
from audit.reading.behaviour.scope import Scope, calls_of, last
from audit.reading.behaviour.verification_values import argument
from audit.reading.python.abstract_values import Namespace, Table, Value, exported, unwrap
from audit.reading.python.assignments import assign
from audit.reading.python.child_nodes import walk
from audit.reading.python.frames import Frame
from audit.reading.python.object_values import gone_over
from audit.reading.python.parameters import parameters_of

_CHOSEN = frozenset({"countdown", "expires", "queue"})
_DEPTH = 6
_MOST = 30
# No name of a program is spelled so.
_ENTRY = "chosen entry"


def each_choice(scope: Scope, call: ast.Call) -> list[ast.Call]:
    """A call once for each choice that its options depend on, these written in it; the call itself where there is no such choice."""
    unread = [k for k in call.keywords if (k.arg is None or k.arg in _CHOSEN) and _is_unread(scope, k.value)]
    inlining = _Inlined(scope)
    inlined: list[ast.expr] = [inlining.visit(copy.deepcopy(k.value)) for k in unread]
    choice = _choice(scope, call, inlined, inlining.names) if unread else None
    if choice is None:
        return [call]
    made = [_made(scope, call, dict(zip(unread, inlined, strict=True)), choice.target, item) for item in choice.items]
    return [one for one in made if one is not None] if None not in made else [call]


def _is_unread(scope: Scope, node: ast.expr) -> bool:
    held = scope.evaluated(node)
    return exported(held) is UNKNOWN or (isinstance(held, Table) and UNKNOWN in held.values())


class _Inlined(ast.NodeTransformer):
    """An expression with what each of its local names is given, where that is not read; `names`: all those met."""

    def __init__(self, scope: Scope) -> None:
        self._scope, self._depth = scope, 0
        self.names: set[str] = set()

    def visit_Name(self, node: ast.Name) -> ast.expr:
        self.names.add(node.id)
        other = self._scope.assigned.get(node.id) if self._scope.symbol and self._depth < _DEPTH else None
        if other is None or self._scope.evaluated(node) is not UNKNOWN:
            return node
        self._depth += 1
        replaced: ast.expr = self.visit(copy.deepcopy(other))
        self._depth -= 1
        return replaced


class _Choice:
    """What takes one of several values in turn: the target of a loop, or the name that stands for an entry."""

    def __init__(self, target: ast.expr, items: list[Value]) -> None:
        self.target, self.items = target, items


def _choice(scope: Scope, call: ast.Call, nodes: list[ast.expr], names: set[str]) -> _Choice | None:
    """The only choice that expressions depend on, by these names; None where there is none, or several, or a test may narrow it."""
    entries = {ast.unparse(n): (n, items) for node in nodes for n in walk(node) if (items := _entries(scope, n))}
    loops = [loop for loop in scope.around(call) if isinstance(loop, ast.For) and names & _names(loop.target)]
    if len(entries) == 1:
        ((text, (entry, items)),) = entries.items()
        nodes[:] = [_entry(text, node) for node in nodes]
        return None if _may_be_left_out(scope, names, _held(entry)[0]) else _Choice(_name(), items)
    if entries or loops:
        items = _turns(scope, call, loops[0]) if not entries and len(loops) == 1 else []
        tested = loops and _may_be_left_out(scope, names | _names(loops[0].target))
        return _Choice(loops[0].target, items) if items and not tested else None
    given = [name for name in parameters_of(scope.spec) if name in names]
    calls = (
        _calls(scope, given) if given and not _may_be_left_out(scope, {*names, *parameters_of(scope.spec)}) else None
    )
    found = [_given(other, one, scope, given) for other, one in calls or ()]
    target = ast.Tuple([ast.Name(name, ast.Store()) for name in given], ast.Store())
    return _Choice(target, [each for one in found for each in one]) if found and all(found) else None


def _calls(scope: Scope, names: list[str]) -> list[tuple[Scope, ast.Call]] | None:
    """All the calls of a function, a `partial` as one; None for a method, or where it is handed on in another way."""
    _module, _, name = scope.symbol.partition(":")
    if "." in name or not isinstance(scope.root, ast.FunctionDef) or scope.root.decorator_list:
        return None
    partial = [
        (other, ast.copy_location(ast.Call(c.args[0], [*c.args[1:]], c.keywords), c))
        for other, c in calls_of(scope, "partial", name)
        if c.args and last(c.args[0]) == name
    ]
    found = [*calls_of(scope, name), *partial]
    own = [(o, c) for o, c in found if getattr(o.evaluated(c.func), "symbol", scope.symbol) == scope.symbol]
    told = {c.func for _, c in found}
    places = [n for m in scope.machine.project.own(name) for n in walk(m.tree) if last(n) == name and _is_read(n)]
    # What a `partial` does not say, its own calls may.
    sure = all(argument(scope.spec, parameter, c) is not None for _, c in partial for parameter in names)
    sure = sure and told == set(places)
    return own if sure and len(own) <= _MOST else None


def _is_read(node: ast.AST) -> bool:
    return isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Load)


def _given(other: Scope, call: ast.Call, scope: Scope, names: list[str]) -> list[Value]:
    """What a call gives parameters, together, once for each entry of a table that one of them may be; nothing where it is not read."""
    if not isinstance(scope.root, ast.FunctionDef):
        return []
    found: list[list[Value]] = []
    for name in names:
        node = argument_of(call, scope.root, name)
        if node is None:
            return []
        node = _Inlined(other).visit(copy.deepcopy(node))
        found.append(_entries(other, node) if _is_unread(other, node) else [other.held(node)])
    several = sum(len(values) > 1 for values in found)
    return list(product(*found)) if several < 2 else []


def _entries(scope: Scope, node: ast.AST) -> list[Value]:
    """All that `TABLE[key]`, `TABLE.get(key, default)` may give, of a table that is known whole and a key that is not; else nothing."""
    holder, default = _held(node)
    held = scope.evaluated(holder) if holder is not None else None
    whole = isinstance(held, list | tuple) or (isinstance(held, Table) and not held.opaque)
    if not whole or not isinstance(node, ast.expr) or scope.evaluated(node) is not UNKNOWN:
        return []
    entries = held.values() if isinstance(held, Table) else held if isinstance(held, list | tuple) else ()
    items = [*entries, *(scope.held(one) for one in default)]
    return items if len(items) <= _MOST else []


def _held(node: ast.AST) -> tuple[ast.expr | None, list[ast.expr]]:
    """What is asked for an entry, and the default."""
    if isinstance(node, ast.Subscript) and not isinstance(node.slice, ast.Slice):
        return node.value, []
    asks = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get"
    if asks and isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return node.func.value, node.args[1:2]
    return None, []


def _may_be_left_out(scope: Scope, names: set[str], holder: ast.expr | None = None) -> bool:
    """Whether a test may leave out some of what names stand for, or a name is given more than one thing; not whether a table has a key."""
    asking: list[ast.If | ast.IfExp | ast.While | ast.Assert] = [*scope.all(ast.If), *scope.all(ast.IfExp)]
    asking += [*scope.all(ast.While), *scope.all(ast.Assert)]
    tests: list[ast.expr] = [
        *(n.test for n in asking),
        *(n.subject for n in scope.all(ast.Match)),
        *(n for n in scope.all(ast.BoolOp)),
    ]
    table = ast.unparse(holder) if holder is not None else ""
    plain = [t for t in tests if not (isinstance(t, ast.Compare) and ast.unparse(t.comparators[0]) == table)]
    told = set[str]().union(*map(_names, plain))
    stored = [n.id for n in scope.all(ast.Name) if isinstance(n.ctx, ast.Store)]
    stored += parameters_of(scope.spec)
    return any(name in told or stored.count(name) > 1 for name in names)


def _entry(text: str, node: ast.expr) -> ast.expr:
    replaced: ast.expr = _Entry(text).visit(node)
    return replaced


class _Entry(ast.NodeTransformer):
    """An expression where a name stands for an entry of a table."""

    def __init__(self, text: str) -> None:
        self._text = text

    def visit(self, node: ast.AST) -> Any:
        found = isinstance(node, ast.Subscript | ast.Call) and ast.unparse(node) == self._text
        return ast.copy_location(_name(), node) if found else self.generic_visit(node)


def _name() -> ast.Name:
    return ast.Name(_ENTRY, ast.Load())


def _turns(scope: Scope, call: ast.Call, loop: ast.For) -> list[Value]:
    """What a loop goes over in turn; nothing where it is not known, or a turn may not come to the call."""
    inside = takewhile(lambda node: node is not loop, scope.around(call))
    tested = any(isinstance(node, ast.If | ast.IfExp | ast.Match | ast.BoolOp) for node in inside)
    left = any(isinstance(node, ast.Continue | ast.Break | ast.Return) for node in walk(loop))
    items = gone_over(scope.machine, scope.evaluated(loop.iter)) if not tested and not left else UNKNOWN
    return list(items) if isinstance(items, list | tuple) and len(items) <= _MOST else []


def _names(node: ast.AST) -> set[str]:
    return {n.id for n in walk(node) if isinstance(n, ast.Name)}


def _made(
    scope: Scope, call: ast.Call, unread: dict[ast.keyword, ast.expr], target: ast.expr, item: Value
) -> ast.Call | None:
    """The call with what its options are for one choice; None where this does not tell them."""
    frame = Frame(scope.module, Namespace(), (scope.frame.names, *scope.frame.outer))
    assign(scope.machine, target, item, frame, frame.origin(call))
    told = dict[ast.keyword, list[ast.keyword]]()
    for given, node in unread.items():
        scope.machine.new_entry()
        value = unwrap(scope.machine.value_of(node, frame))[0]
        pairs = {given.arg: value} if given.arg else value
        if not isinstance(pairs, dict) or (isinstance(pairs, Table) and pairs.opaque):
            return None
        told[given] = [_written(scope, call, str(key), one) for key, one in pairs.items()]
        if any(k.arg in _CHOSEN and scope.value(k.value) is UNKNOWN for k in told[given]):
            return None
    keywords = [k for given in call.keywords for k in told.get(given, [given])]
    made = ast.copy_location(ast.Call(call.func, call.args, keywords), call)
    if call in scope.parents:
        scope.parents[made] = scope.parents[call]
    return made


def _written(scope: Scope, call: ast.Call, name: str, value: Value) -> ast.keyword:
    plain = exported(value)
    node = ast.copy_location(ast.Constant(plain if isinstance(plain, str | int | float) else None), call)
    scope.stands[node] = unwrap(value)[0]
    return ast.copy_location(ast.keyword(name, node), call)
