"""Dates without a time zone."""

import ast
import datetime
import re
from collections.abc import Iterator

from audit.model.observations.shared_data import NaiveDatetime
from audit.reading.behaviour.given_zones import is_given_a_zone
from audit.reading.behaviour.scope import Scope, keyword, last
from audit.reading.python.abstract_values import External, Instance

_NAIVE = {"now": 0, "utcnow": 0, "today": 0, "fromtimestamp": 1, "utcfromtimestamp": 1}
_HOLDERS = {"datetime": datetime, "datetime.datetime": datetime.datetime}
_NAMES = re.compile(r"(?i)(?:^|_)(?:name|filename|path|folder|directory|dirname|prefix|suffix|title|slug)$")
_WRITES = frozenset({"strftime", "isoformat", "format", "str"})
_CLOCKS = {f"datetime.datetime.{name}": name for name in _NAIVE}


def naive_clocks(scope: Scope) -> Iterator[NaiveDatetime]:
    """NaiveDatetime: `datetime.now()` and the like, without a time zone, under any name; in a module's own statements too."""
    for call in scope.calls:
        name, given, zoned = _called(scope, call)
        if not name or given > _NAIVE[name] or zoned or is_given_a_zone(scope, call) or _never_runs(scope, call):
            continue
        yield scope.observed(NaiveDatetime, call, constructor=f"datetime.{name}()", names=only_names(scope, call))
    yield from _handed_over(scope)


def _called(scope: Scope, call: ast.Call) -> tuple[str, int, bool]:
    """The clock that a call reads, how many arguments it is given, and whether one is a time zone; no name for another call."""
    given, zoned = len(call.args), keyword(call, "tz") is not None
    if not isinstance(call.func, ast.Name | ast.Attribute) and not _is_getattr(call.func):
        return "", 0, False
    if last(call.func) not in _NAIVE and isinstance(call.func, ast.Attribute) and scope.symbol:
        return "", 0, False
    value = scope.evaluated(call.func)
    if isinstance(value, Instance) and isinstance(value.cls, External) and value.cls.dotted == "functools.partial":
        first = value.arguments[0] if value.arguments else None
        name = _CLOCKS.get(first.dotted, "") if isinstance(first, External) else ""
        return name, given + len(value.arguments) - 1, zoned or "tz" in value.keywords
    return (_CLOCKS.get(value.dotted, "") if isinstance(value, External) else ""), given, zoned


def only_names(scope: Scope, call: ast.Call) -> bool:
    """Whether a date becomes part of a text, which names what it is given to: `path = f"{datetime.now():%Y}.csv"`."""
    written = False
    for around in scope.around(call):
        if isinstance(around, ast.keyword):
            return written and bool(_NAMES.search(around.arg or ""))
        if isinstance(around, ast.Assign | ast.AnnAssign):
            targets = around.targets if isinstance(around, ast.Assign) else [around.target]
            return written and all(_NAMES.search(last(target)) for target in targets)
        if isinstance(around, ast.stmt):
            return False
        called = last(around.func) if isinstance(around, ast.Call) else ""
        written |= isinstance(around, ast.JoinedStr) or called in _WRITES or bool(_NAMES.search(called))
    return False


def _never_runs(scope: Scope, node: ast.AST) -> bool:
    """Whether a test of what `datetime` has, such as `hasattr(datetime.datetime, "now")`, keeps this from being run."""
    inner = node
    for around in scope.around(node):
        if isinstance(around, ast.If | ast.IfExp) and inner is not around.test:
            here = inner in around.body if isinstance(around.body, list) else inner is around.body
            if _is_there(scope, around.test) is (not here):
                return True
        for name in ("body", "orelse"):
            block = getattr(around, name, ())
            before = block[: block.index(inner)] if isinstance(block, list) and inner in block else ()
            if any(_always_leaves(scope, statement) for statement in before):
                return True
        inner = around
    return False


def _always_leaves(scope: Scope, statement: ast.stmt) -> bool:
    if not isinstance(statement, ast.If):
        return False
    there = _is_there(scope, statement.test)
    run = {True: statement.body, False: statement.orelse}.get(there, []) if there is not None else []
    return bool(run) and isinstance(run[-1], ast.Return | ast.Raise)


def _is_there(scope: Scope, test: ast.expr) -> bool | None:
    """What a test says of an attribute of `datetime`, in any Python that is still maintained; None of another test."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        inner = _is_there(scope, test.operand)
        return None if inner is None else not inner
    if not isinstance(test, ast.Call) or last(test.func) != "hasattr" or len(test.args) != 2:
        return None
    holder = _HOLDERS.get(scope.external(test.args[0]))
    name = test.args[1]
    return hasattr(holder, str(name.value)) if holder and isinstance(name, ast.Constant) else None


def _is_getattr(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and last(node.func) == "getattr"


def _handed_over(scope: Scope) -> Iterator[NaiveDatetime]:
    """Clocks given to what will call them without a zone: `default_factory=datetime.now`, `map(datetime.fromtimestamp, …)`."""
    for node in _named(scope):
        name = _CLOCKS.get(scope.external(node), "")
        if name and not _may_be_given_a_zone(scope, node, name):
            yield scope.observed(NaiveDatetime, node, constructor=f"datetime.{name}()")


def _named(scope: Scope) -> Iterator[ast.expr]:
    """Names of clocks that are not called where they stand."""
    nodes: list[ast.Attribute | ast.Name] = [*scope.all(ast.Attribute), *scope.all(ast.Name)]
    for node in nodes:
        parent = scope.parents.get(node)
        attribute = isinstance(parent, ast.Attribute) or (isinstance(parent, ast.Call) and parent.func is node)
        if not attribute and isinstance(node.ctx, ast.Load) and last(node) in _NAIVE:
            yield node


def _may_be_given_a_zone(scope: Scope, node: ast.expr, name: str) -> bool:
    """Whether whoever calls it is seen elsewhere: the value of a local name, or of a global one that keeps the clock's own name."""
    parent = scope.parents.get(node)
    if isinstance(parent, ast.Assign):
        return bool(scope.symbol) or any(last(target) in _NAIVE for target in parent.targets)
    if isinstance(parent, ast.Call) and last(parent.func) == "partial":
        return len(parent.args) - 1 > _NAIVE[name] or keyword(parent, "tz") is not None or bool(scope.symbol)
    if isinstance(parent, ast.Call):
        return last(parent.func) != "map"
    if isinstance(parent, ast.keyword):
        return bool(_NAIVE[name]) or parent.arg not in {"default_factory", "default", "onupdate"}
    return bool(scope.symbol)
