"""Reads through PostgREST that do not say how much they ask for: the server keeps the first thousand rows."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from audit.model.observations.shared_data import BoundedRead, PostgrestClient, UnboundedRead
from audit.reading.behaviour.called_functions import inside, named_function
from audit.reading.behaviour.kept_clients import kept_client
from audit.reading.behaviour.row_objects import owner
from audit.reading.behaviour.scope import Scope, calls_of, chain, keyword, last
from audit.reading.behaviour.verification_values import Side, argument, last_name, sides
from audit.reading.python.abstract_values import ClassValue, Value, unwrap
from audit.reading.python.child_nodes import walk
from audit.reading.python.classes import class_attribute, lineage

_BOUNDS = frozenset({"limit", "range", "single", "maybe_single", "csv"})
_AGGREGATE = re.compile(r"^\s*(\w+:)?(\w+\.)?(count|sum|avg|min|max)\(\)\s*$")
_CLIENTS = re.compile(r"^create_(?:async_)?client$|^(?:Sync|Async)?(?:Postgrest)?Client$|^acreate_client$")
_ASKING = frozenset({"get", "request", "stream", "urlopen", "Request"})
_ADDRESS = re.compile(r"\brest/v1\b")
_HTTP_BOUNDS = re.compile(r"\b(?:limit|offset)\b|['\"]Range['\"]|pgrst\.object|\b(?:id|uuid)\b(?:['\"]: f?['\"]|=)eq\.")
_DEPTH = 3
_WRITES = frozenset({"insert", "update", "upsert", "delete", "rpc"})


@dataclass(frozen=True)
class _Step:
    """A call of a chain, and where it stands; `tests` decide whether it is made at all."""

    scope: Scope
    call: ast.Call
    tests: tuple[ast.expr, ...]


def unpaged_reads(scope: Scope) -> Iterator[BoundedRead | UnboundedRead]:
    """UnboundedRead: `table(…).select(…)…execute()` without `limit`, `range` or `single`; BoundedRead: with one; PostgrestClient."""
    for call in scope.calls:
        if _makes_a_client(scope, call) and ".execute(" not in scope.module.source.text:
            yield scope.observed(PostgrestClient, call)
        if not scope.symbol:
            continue
        if last(call.func) in _ASKING and _is_at_its_address(scope, call):
            yield from _by_http(scope, call)
        if last(call.func) != "execute" or call.args:
            continue
        if _is_never_made(scope, call):
            continue
        told = [seen for steps in _chains(scope, call, _DEPTH) for seen in _executed(scope, call, steps)]
        wrong = [one for one in told if isinstance(one, UnboundedRead)]
        # One that is sure tells more than one that is not.
        yield from sorted(wrong, key=lambda one: (bool(one.doubt), bool(one.perhaps)))[:1] or told[:1]


def _executed(scope: Scope, call: ast.Call, steps: list[_Step]) -> Iterator[BoundedRead | UnboundedRead]:
    """What one of the requests that a call may send asks for."""
    names = {last(step.call.func) for step in steps}
    if not names & {"table", "from_"}:
        return
    if names & _WRITES:
        # Its answer is of the rows that it writes.
        yield scope.observed(BoundedRead, call)
    if "select" not in names or names & _WRITES:
        return
    calls = [step.call for step in steps]
    counted = any(map(_asks_for_a_count, calls)) and _gives_only_its_count(scope, call)
    bounds = [step for step in steps if last(step.call.func) in _BOUNDS]
    if counted or any(_counts(c) or _names_one_row(c) for c in calls) or any(not bound.tests for bound in bounds):
        yield scope.observed(BoundedRead, call)
    elif not bounds:
        yield scope.observed(UnboundedRead, call)
    else:
        yield from _perhaps_bounded(scope, call, bounds[0])


def _perhaps_bounded(scope: Scope, call: ast.Call, bound: _Step) -> Iterator[BoundedRead | UnboundedRead]:
    """A read that has a bound only where a test says so: that of a parameter is told by those who call."""
    names = {n.id for test in bound.tests for n in walk(test) if isinstance(n, ast.Name)}
    found = [sides(bound.scope, ast.Name(name, ast.Load()), _bounding) for name in sorted(names)]
    told = f"`{ast.unparse(bound.call.func).rpartition('.')[2]}` selon `{ast.unparse(bound.tests[0])}`"
    if len(found) != 1 or found[0] == {Side.UNREAD}:
        yield scope.observed(UnboundedRead, call, doubt=told)
    elif Side.GIVES_UP in found[0]:
        yield scope.observed(UnboundedRead, call, perhaps="" if found[0] == {Side.GIVES_UP} else told)
    else:
        yield scope.observed(BoundedRead, call)


def _bounding(value: Value) -> Side | None:
    plain = unwrap(value)[0]
    if plain is None or plain == 0:
        return Side.GIVES_UP
    return Side.VERIFIES if isinstance(plain, int | float | str) else None


def _is_never_made(scope: Scope, call: ast.Call) -> bool:
    """Whether a test of an attribute that each class gives its own value leaves a read to none: `if self.page_size is None`."""
    cls = owner(scope)
    below: ast.AST = call
    for around in scope.around(call) if isinstance(cls, ClassValue) else ():
        if isinstance(around, ast.If) and below is not around.test and isinstance(cls, ClassValue):
            values = [unwrap(class_attribute(one, _own(around.test)))[0] for one in _made_of(scope, cls)]
            plain = values and all(value is None or isinstance(value, int | str) for value in values)
            written = f".{_own(around.test)} = "
            texts = (m.source.text for m in scope.machine.project.modules.values())
            if plain and not any(written in text for text in texts):
                taken = [_holds(around.test, value) is (below in around.body) for value in values]
                if not any(taken):
                    return True
        below = around
    return False


def _own(test: ast.expr) -> str:
    """The attribute of the object itself that a test asks about, alone; empty for any other test."""
    asked = test.left if isinstance(test, ast.Compare) and isinstance(test.ops[0], ast.Is | ast.IsNot) else test
    asked = asked.operand if isinstance(asked, ast.UnaryOp) else asked
    return asked.attr if isinstance(asked, ast.Attribute) and last(asked.value) in {"self", "cls"} else ""


def _holds(test: ast.expr, value: Value) -> bool:
    if isinstance(test, ast.Compare):
        return (value is None) is isinstance(test.ops[0], ast.Is)
    return not value if isinstance(test, ast.UnaryOp) else bool(value)


def _made_of(scope: Scope, cls: ClassValue) -> list[ClassValue]:
    """The classes over this one, itself included, from which nothing inherits, or of which the project makes an object."""
    modules = scope.machine.project.modules
    names = (scope.machine.module_names(key).items() for key in modules)
    found = dict.fromkeys(v for held in names for _, v in held if isinstance(v, ClassValue) and cls in lineage(v))
    above = {base for one in found for base in one.bases if isinstance(base, ClassValue)}
    texts = [m.source.text for m in modules.values()]
    return [o for o in found if o not in above or any(re.search(rf"\b{o.node.name}\(", text) for text in texts)]


def _is_at_its_address(scope: Scope, call: ast.Call) -> bool:
    """Whether a request is sent to the tables of PostgREST, or of Supabase: `/rest/v1/`."""
    if not scope.machine.project.holds(_ADDRESS):
        return False
    client = kept_client(scope, call)
    base = keyword(client[1], "base_url") if client else None
    given = [*call.args[:2], *(n for n in (keyword(call, "url"), base) if n is not None)]
    return any(_tells_the_address(scope, node) for node in given)


def _tells_the_address(scope: Scope, node: ast.expr) -> bool:
    parts = [node, *(scope.given(n) for n in walk(node) if isinstance(n, ast.Name))]
    if any(_ADDRESS.search(ast.unparse(part)) for part in parts):
        return True
    names = {last(n) for part in parts for n in walk(part) if isinstance(n, ast.Name | ast.Attribute)} - {"self", "url"}
    given = re.compile(rf"(?m)^[^\n=]*\b(?:{'|'.join(map(re.escape, sorted(names)))})\b[^\n=]*=[^\n]*rest/v1")
    return bool(names and scope.machine.project.naming(given))


def _by_http(scope: Scope, call: ast.Call) -> Iterator[BoundedRead | UnboundedRead]:
    """What a plain request reads: how many rows its parameters, its address or its headers ask for."""
    params, headers = keyword(call, "params"), keyword(call, "headers")
    text = " ".join(ast.unparse(scope.given(node)) for node in (*call.args, *(n for n in (params, headers) if n)))
    if _HTTP_BOUNDS.search(text):
        yield scope.observed(BoundedRead, call)
        return
    made = scope.given(params) if params is not None else None
    unread = made is not None and not isinstance(made, ast.Dict)
    rest = scope.spec.kwarg
    if unread and rest and isinstance(made, ast.Name) and made.id == rest.arg:
        # What callers add under names of their own.
        given = [
            any(k.arg in {"limit", "offset", None} for k in c.keywords) for _, c in calls_of(scope, last_name(scope))
        ]
        bounded = bool(given) and all(given)
        yield scope.observed(BoundedRead, call) if bounded else scope.observed(UnboundedRead, call)
    elif unread:
        yield scope.observed(
            UnboundedRead, call, doubt=f"`params={ast.unparse(params or call)}` selon ce qui est donné"
        )
    else:
        yield scope.observed(UnboundedRead, call)


def _makes_a_client(scope: Scope, call: ast.Call) -> bool:
    if not _CLIENTS.match(last(call.func)):
        return False
    return scope.external(call.func).partition(".")[0] in {"supabase", "postgrest"}


def _chains(scope: Scope, call: ast.expr, depth: int) -> list[list[_Step]]:
    """The calls of a chain, those given to the names it goes through included: one list for each way to make it."""
    own: list[_Step] = []
    tails: list[list[_Step]] = []
    pending, seen = [call], set[str]()
    while pending:
        node = pending.pop()
        calls = list(chain(node))
        own += [_Step(scope, c, _tests(scope, c, call)) for c in calls]
        tails += [steps for value in _answers(scope, calls[-1]) for steps in _made(*value, depth)] if calls else []
        root: ast.expr = node
        while isinstance(root, ast.Call | ast.Attribute | ast.Await):
            root = root.func if isinstance(root, ast.Call) else root.value
        if isinstance(root, ast.Name) and root.id not in seen:
            seen.add(root.id)
            given = [a.value for a in scope.assigns.get(root.id, ())]
            pending += given
            tails += [] if given else [s for value in _given(scope, root.id) for s in _made(*value, depth)]
    return [[*own, *tail] for tail in tails] or [own]


def _made(scope: Scope, node: ast.expr, depth: int) -> list[list[_Step]]:
    return _chains(scope, node, depth - 1) if depth else []


def _answers(scope: Scope, call: ast.Call) -> list[tuple[Scope, ast.expr]]:
    """What a function of the project answers, a method of the same object included."""
    inner = inside(scope, named_function(scope, call.func))
    return [(inner, n.value) for n in inner.all(ast.Return) if n.value is not None] if inner else []


def _given(scope: Scope, name: str) -> list[tuple[Scope, ast.expr]]:
    """What the calls of the project give a parameter."""
    if name not in {a.arg for a in (*scope.spec.args, *scope.spec.kwonlyargs)} - {"self", "cls"}:
        return []
    given = ((other, argument(scope.spec, name, call)) for other, call in calls_of(scope, last_name(scope)))
    return [(other, value) for other, value in given if value is not None]


def _tests(scope: Scope, step: ast.Call, whole: ast.expr) -> tuple[ast.expr, ...]:
    """What decides whether a step is made, beside what decides of the whole."""
    outer = set(scope.around(whole))
    return tuple(n.test for n in scope.around(step) if isinstance(n, ast.If | ast.IfExp) and n not in outer)


def _counts(call: ast.Call) -> bool:
    """Whether no row is asked for, or a single one that the database works out."""
    if last(call.func) != "select":
        return False
    columns = call.args[0].value if len(call.args) == 1 and isinstance(call.args[0], ast.Constant) else ""
    return keyword(call, "head") is not None or bool(_AGGREGATE.match(str(columns)))


def _asks_for_a_count(call: ast.Call) -> bool:
    return last(call.func) == "select" and keyword(call, "count") is not None


def _gives_only_its_count(scope: Scope, call: ast.Call) -> bool:
    """Whether nothing but `count` is read of the answer, which the server works out over all rows."""
    around = next((n for n in scope.around(call) if not isinstance(n, ast.Await)), None)
    if isinstance(around, ast.Attribute):
        return around.attr == "count"
    if not isinstance(around, ast.Assign | ast.AnnAssign | ast.NamedExpr):
        return False
    targets = around.targets if isinstance(around, ast.Assign) else [around.target]
    names = {target.id for target in targets if isinstance(target, ast.Name)}
    uses = [n for n in scope.all(ast.Name) if n.id in names and isinstance(n.ctx, ast.Load)]
    read = [scope.parents.get(use) for use in uses]
    return len(names) == len(targets) and all(isinstance(n, ast.Attribute) and n.attr == "count" for n in read)


def _names_one_row(call: ast.Call) -> bool:
    if last(call.func) != "eq" or not call.args or not isinstance(call.args[0], ast.Constant):
        return False
    return call.args[0].value in {"id", "uuid"}
