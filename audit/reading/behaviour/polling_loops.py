"""Loops that wait for an answer from outside, without a bound, and loops that forget where they were at each turn."""

import ast
import re
from collections.abc import Iterator
from functools import cached_property

from audit.model.word_tables import word_set
from audit.reading.behaviour.called_functions import called_function
from audit.reading.behaviour.loop_exits import Exit, Loop, exits
from audit.reading.behaviour.scope import Scope, last
from audit.reading.python.child_nodes import children, walk
from audit.reading.python.name_resolution import dotted

_BOUNDS = re.compile(
    r"(?i)time_?out|deadline|attempt|retr(y|ies)|tries|elapsed|max|limit|until|expire|stop|shutdown|running|exit|abort|"
    r"cancel|remaining|count|waited|budget|exceed|exhaust"
)
# A call that looks at the clock, at a count of its own, or at what asks the process to stop.
_BOUNDING = re.compile(
    r"(?i)time_?out|timed_out|deadline|expired|elaps|exceed|exhaust|attempt|retries|tries|budget|limit|revoked|"
    r"is_?set$|stop|shutdown|cancel|abort|exit|^(time|time_ns|monotonic\w*|perf_counter\w*|now|utcnow|today|next)$"
)
# What they give is gone once given: a loop that ends when they give nothing ends with them.
_TAKES = re.compile(
    r"(?i)^(\w*pop\w*|\w*nowait|next\w*|\w*_next|receive\w*|recv\w*|fetch\w*|readline|read|dequeue|poll|get_message\w*|acquire|claim\w*)$"
)
# They end when a process of one's own ends, or a lock that is held.
_OWN = frozenset({"is_alive", "poll", "active_count", "acquire", "setnx", "add"})
# They ask for a key of a store.
_KEPT = frozenset({"get", "exists", "ttl"})
_PLAIN = word_set("""
    all any bool dict endswith float format getattr hasattr int isinstance items join keys len list lower max min print
    round set sleep sorted split startswith str strip sum tuple upper values
""")
# Beside them, a loop that waits does nothing.
_QUIET = re.compile(
    r"(?i)^(info|debug|warning|warn|error|exception|log|print|sleep|refresh\w*|reload\w*|update_state|close|commit|rollback|"
    r"expire_all|send|incr|append)$"
)
_OUTAGES = re.compile(
    r"(?i)^(base)?exception$|request|connect|time_?d?_?out|http|url_?error|^(os|io)error$|client_?error|transport|operational|unavail"
)
_GROUPS = (ast.Tuple, ast.List, ast.Set, ast.Constant)
_FEW = 3
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def awaited(scope: Scope, loop: Loop, condition: ast.expr | None, *, counts: bool = True) -> str:
    """The call that a loop makes again and again, between sleeps or after each outage, and whose answer alone ends it; else empty.

    `condition` is the one that keeps the loop going, None for one that is always true. `counts`: what a `for` gives is another
    value at each turn.
    """
    if any(isinstance(n, ast.Yield | ast.YieldFrom) for n in walk(loop)) or is_cut(scope, loop):
        return ""
    ways = list(exits(scope, loop))
    ways += [] if condition is None else [Exit(((condition, False),))]
    slept = any(sleeps(scope, n) for n in walk(loop) if isinstance(n, ast.Call))
    if not slept and not (all(way.tried for way in ways) and _passes_outages(loop)):
        return ""
    asked = [Question(scope, loop, way, counts=counts).call for way in ways]
    return ast.unparse(asked[0].func) if asked and all(asked) and asked[0] else ""


def _passes_outages(loop: Loop) -> bool:
    """Whether each handler of a loop that goes on is one of an outage: what nobody else took, or changed, is asked again soon."""
    handlers = [h for s in loop.body for n in walk(s) if isinstance(n, ast.Try) for h in n.handlers]
    return bool(handlers) and all(map(is_of_an_outage, handlers))


def is_of_an_outage(handler: ast.ExceptHandler) -> bool:
    """Whether each class that a handler catches is that of an outage, or of every error."""
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return all(kind is None or _OUTAGES.search(last(kind)) for kind in kinds)


def sleeps(scope: Scope, call: ast.Call) -> bool:
    """Whether a call sleeps, or runs a function of the project that does nothing else."""
    inner = _made_by(scope, call)
    return last(call.func) == "sleep" or (len(inner) <= _FEW and any(last(c.func) == "sleep" for c in inner))


def _made_by(scope: Scope, call: ast.Call) -> list[ast.Call]:
    """The calls that a function of the project makes when it is called."""
    function = called_function(scope, call) if isinstance(call.func, ast.Name | ast.Attribute) else None
    return [n for n in walk(function.node) if isinstance(n, ast.Call)] if function else []


def is_cut(scope: Scope, loop: Loop) -> bool:
    """Whether something around a loop ends it after some time: `with timeout(60)`, `@timeout(60)`."""
    items = [i.context_expr for n in scope.around(loop) if isinstance(n, ast.With | ast.AsyncWith) for i in n.items]
    decorators = scope.root.decorator_list if isinstance(scope.root, _FUNCTIONS) else []
    return any(_BOUNDING.search(last(n.func if isinstance(n, ast.Call) else n)) for n in (*items, *decorators))


class Question:
    """What decides whether a loop is left by one of its ways out."""

    def __init__(self, scope: Scope, loop: Loop, way: Exit, *, counts: bool = True) -> None:
        self._scope, self._loop, self._way, self._counts = scope, loop, way, counts

    @property
    def call(self) -> ast.Call | None:
        """The call whose answer decides alone; None where a count, a clock or the end of a collection may."""
        asking = [c for c in self._calls if last(c.func) not in _PLAIN and not _QUIET.search(last(c.func))]
        if not asking or self._is_bounded or self._goes_on():
            return None
        if any(last(c.func) in _OWN or any(k.arg == "nx" for k in c.keywords) for c in asking):
            return None
        emptied = any(self._is_empty(*test) for test in self._way.tests)
        drains = self._works or any(_TAKES.search(last(c.func)) for c in asking)
        expires = any(last(c.func) in _KEPT for c in asking) and any(map(_gives_a_life, self._scope.calls))
        outer = [c for c in asking if not any(c is not other and c in ast.walk(other) for other in asking)]
        return None if (emptied and drains) or expires else outer[-1]

    @cached_property
    def _assigned(self) -> list[tuple[set[str], ast.expr]]:
        """The names that a turn gives a value, with the value, or the test by which it is given a constant."""
        found = []
        for node in walk(self._loop):
            if isinstance(node, ast.Assign | ast.AnnAssign | ast.NamedExpr) and node.value is not None:
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                names = {n for t in targets for n in _names(t)}
                values = self._reasons(node) if isinstance(node.value, ast.Constant) else [node.value]
                found += [(names, value) for value in values]
            elif isinstance(node, ast.withitem) and node.optional_vars is not None:
                found.append((_names(node.optional_vars), node.context_expr))
        return found

    def _reasons(self, node: ast.AST) -> list[ast.expr]:
        """What decides that a constant is given: the test around it, or the calls before it that may raise an error."""
        held = list(self._inside(node))
        tests = [h.test for h in held if isinstance(h, ast.If)]
        tried = [n for h in held if isinstance(h, ast.Try) for s in h.body for n in walk(s)]
        return tests[:1] or [n for n in tried if isinstance(n, ast.Call)]

    def _inside(self, node: ast.AST) -> Iterator[ast.AST]:
        for holder in self._scope.around(node):
            if holder is self._loop:
                return
            yield holder

    @cached_property
    def _behind(self) -> list[ast.expr]:
        """The tests of the way out, and what the names in them are given in the loop."""
        behind: list[ast.expr] = [*(test for test, _ in self._way.tests), *self._way.tried, *self._way.given_up]
        for value in behind:
            told = _names(value)
            behind += [v for names, v in self._assigned if names & told and not any(v is b for b in behind)]
        return behind

    @cached_property
    def _calls(self) -> list[ast.Call]:
        return [c for value in self._behind for c in walk(value) if isinstance(c, ast.Call)]

    @property
    def _is_bounded(self) -> bool:
        names = {n for value in self._behind for n in _names(value)}
        given = {n for targets, _ in self._assigned for n in targets}
        counted = {n for a in walk(self._loop) if isinstance(a, ast.AugAssign) for n in _names(a.target)}
        counted |= (
            _names(self._loop.target) if isinstance(self._loop, ast.For | ast.AsyncFor) and self._counts else set()
        )
        return (
            bool(names & counted)
            or any(_BOUNDS.search(name.rpartition(".")[2]) for name in names - given)
            or any(_BOUNDING.search(last(c.func)) for call in self._calls for c in (call, *_made_by(self._scope, call)))
        )

    def _goes_on(self) -> bool:
        """Whether a name is worked out from itself, turn after turn: the next page, the rest of a list."""
        names = {n for value in self._behind for n in _names(value)}
        by_name = {n: {m for targets, v in self._assigned if n in targets for m in _names(v)} for n in names}
        return any(_leads_to(by_name, name) for name in names)

    @property
    def _works(self) -> bool:
        """Whether a turn does something that may change the next answer."""
        own = [n for s in self._loop.body for n in walk(s)]
        done = [n.value.value if isinstance(n.value, ast.Await) else n.value for n in own if isinstance(n, ast.Expr)]
        calls = [c for c in done if isinstance(c, ast.Call) and not _QUIET.search(last(c.func))]
        return any(isinstance(n, ast.For | ast.AsyncFor) for n in own) or any(c not in self._calls for c in calls)

    @staticmethod
    def _is_empty(test: ast.expr, when: bool) -> bool:
        """Whether a loop is left because what was given is empty."""
        empty = when
        while isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
            test, empty = test.operand, not empty
        if isinstance(test, ast.Compare) and len(test.ops) == 1:
            within = isinstance(test.ops[0], ast.In | ast.NotIn)
            nothing = isinstance(test.comparators[0], ast.Constant) and not test.comparators[0].value
            if within and isinstance(test.left, ast.Constant) and not isinstance(test.comparators[0], _GROUPS):
                return empty is isinstance(test.ops[0], ast.NotIn)
            same = isinstance(test.ops[0], ast.Is | ast.Eq | ast.LtE)
            return nothing and same is empty
        return not empty


def _gives_a_life(call: ast.Call) -> bool:
    """Whether a call says when a key of a store goes away by itself."""
    return last(call.func) in {"expire", "pexpire", "setex", "psetex"} or any(
        k.arg in {"ex", "px"} for k in call.keywords
    )


def _names(node: ast.AST) -> set[str]:
    """The names in an expression, attributes in full and by what holds them: `self.job.state`, `self.job`; what is called is none."""
    if isinstance(node, ast.Call):
        held = [node.func.value] if isinstance(node.func, ast.Attribute) else []
        return {n for part in (*held, *node.args, *node.keywords) for n in _names(part)}
    if isinstance(node, ast.Name):
        return {node.id} - {"self", "cls"}
    inner = {n for child in children(node) for n in _names(child)}
    return inner | {dotted(node)} - {""} if isinstance(node, ast.Attribute) else inner


def _leads_to(by_name: dict[str, set[str]], start: str) -> bool:
    todo, seen = [*by_name[start]], set[str]()
    while todo:
        name = todo.pop()
        if name == start:
            return True
        if name not in seen:
            seen.add(name)
            todo += by_name.get(name, ())
    return False


def forgotten_cursor(scope: Scope, loop: ast.While) -> str:
    """The name that each turn empties first, is given the next place, and ends the loop only when it is empty."""
    for statement in loop.body[:2]:
        if not isinstance(statement, ast.Assign) or not isinstance(statement.value, ast.Constant):
            continue
        target = statement.targets[0]
        if not isinstance(target, ast.Name) or statement.value.value not in ("", None, 0):
            continue
        name = target.id
        later = [a for s in loop.body[1:] for a in walk(s) if isinstance(a, ast.Assign) and a is not statement]
        moved = any(isinstance(t, ast.Name) and t.id == name for a in later for t in a.targets)
        calls = [c for s in loop.body for c in walk(s) if isinstance(c, ast.Call)]
        given = [g for c in calls for g in (*c.args, *(k.value for k in c.keywords))]
        asked = any(isinstance(n, ast.Name) and n.id == name for g in given for n in walk(g))
        guards = [test for way in exits(scope, loop) for test, _ in way.tests]
        ends = any(
            (isinstance(g, ast.UnaryOp) and isinstance(g.op, ast.Not) and last(g.operand) == name)
            or (isinstance(g, ast.Compare) and last(g.left) == name and isinstance(g.ops[0], ast.Eq | ast.Is))
            for g in guards
        )
        if moved and asked and ends:
            return name
    return ""
