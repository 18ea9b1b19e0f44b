"""How long a function sleeps, and what it calls: functions of the project, and the methods that operators run."""

import ast
import re
from collections.abc import Iterator, Mapping, Sequence

from audit.model.observations.waits import Sleep
from audit.model.unknown import UNKNOWN, Unknown
from audit.reading.behaviour.called_functions import inside, named_function
from audit.reading.behaviour.operator_calls import operator_calls
from audit.reading.behaviour.scope import Scope, keyword, last
from audit.reading.python.abstract_values import FunctionValue
from audit.reading.python.child_nodes import walk
from audit.reading.python.interpreter import Machine

_SLEEPS = frozenset({"time.sleep", "asyncio.sleep", "gevent.sleep", "eventlet.sleep"})
_MANY = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_ROUNDS = 3
_MOST_NAMES = 200


class Sleeps:
    """A watcher: what each function sleeps, by itself or by what it calls at each turn of a loop."""

    def __init__(self, machine: Machine) -> None:
        """Functions that may sleep are known by their names; a special method, by that of its class."""
        self._longest: dict[str, float | Unknown] = {}
        self._names, self._special = frozenset[str](), False
        said = re.compile(r"\bsleep\b")
        for _ in range(_ROUNDS):
            found = {name for module in machine.project.own() for name in _named(machine, module.name, said)}
            if found <= self._names or len(found) > _MOST_NAMES:
                break
            self._names |= found
            self._special = self._special or "" in found
            said = re.compile(rf"\b(?:sleep|{'|'.join(map(re.escape, sorted(self._names - {''})))})\b")
        self._said = said if self._names else re.compile(r"\bsleep\b")

    def may_sleep(self, text: str) -> bool:
        """Whether a module may hold something that sleeps."""
        return "sleep" in text or (bool(self._names) and self._said.search(text) is not None)

    def __call__(self, scope: Scope) -> Iterator[Sleep]:
        """Sleep: the longest sum on one path, at the first sleep; of what only calls, where that is more than one call."""
        if not scope.symbol:
            return
        own, called = _direct(scope), self._called(scope, (scope.symbol,))
        seconds = _Path(scope, own | called).longest(scope.body) if own or called else 0.0
        if own:
            yield scope.observed(Sleep, min(own, key=_line), seconds=seconds)
        elif called and (seconds is UNKNOWN or seconds > max(v for v in called.values() if v is not UNKNOWN)):
            yield scope.observed(Sleep, min(called, key=_line), seconds=seconds)
        functions = {call.func for call in scope.calls}
        for node in (n for n in scope.all(ast.Attribute) if n.attr == "sleep" and n not in functions):
            # Whoever is given it sleeps for as long as he wants.
            if scope.external(node) in _SLEEPS:
                yield scope.observed(Sleep, node, seconds=UNKNOWN)

    def _called(self, scope: Scope, seen: tuple[str, ...]) -> dict[ast.AST, float | Unknown]:
        """What each call of a function of the project sleeps, where that is known; what is not is told of that function."""
        found: dict[ast.AST, float | Unknown] = {}
        for call in scope.calls:
            if last(call.func) in self._names:
                self._add(found, call, self._of(inside(scope, named_function(scope, call.func)), seen))
        for call in operator_calls(scope) if self._special else ():
            function = scope.stands.get(call.func)
            if isinstance(function, FunctionValue):
                self._add(found, scope.parents[call], self._of(inside(scope, function), seen))
        return found

    @staticmethod
    def _add(found: dict[ast.AST, float | Unknown], node: ast.AST, seconds: float | Unknown) -> None:
        before = found.get(node, 0.0)
        if seconds and not isinstance(seconds, Unknown) and not isinstance(before, Unknown):
            found[node] = before + seconds

    def _of(self, scope: Scope | None, seen: tuple[str, ...]) -> float | Unknown:
        if scope is None or scope.symbol in seen or len(seen) > _ROUNDS:
            return 0.0
        if scope.symbol not in self._longest:
            slept = _direct(scope) | self._called(scope, (*seen, scope.symbol))
            self._longest[scope.symbol] = _Path(scope, slept).longest(scope.body) if slept else 0.0
        return self._longest[scope.symbol]


def _line(node: ast.AST) -> int:
    return int(getattr(node, "lineno", 0))


def _named(machine: Machine, module: str, said: re.Pattern[str]) -> Iterator[str]:
    """The names of the functions that say one of these words; empty beside the class of a special method."""
    if not said.search(machine.project.modules[module].source.text):
        return
    for qualified, owner, place in machine.graph.definitions[module]:
        name = qualified.rpartition(".")[2]
        if said.search(place.text):
            special = name.startswith("__")
            yield from (owner, "") if special else (name,)


def _direct(scope: Scope) -> dict[ast.AST, float | Unknown]:
    """The sleeps of a function's own text."""
    # The name may be an alias: whatever is called by a bare name is looked up.
    calls = [call for call in scope.calls if isinstance(call.func, ast.Name) or last(call.func) == "sleep"]
    return {call: _seconds(scope, call) for call in calls if scope.external(call.func) in _SLEEPS}


def _seconds(scope: Scope, call: ast.Call) -> float | Unknown:
    given = call.args[0] if call.args else keyword(call, "seconds") or keyword(call, "delay")
    value = scope.value(given) if given is not None else UNKNOWN
    return value if isinstance(value, int | float) else UNKNOWN


class _Path:
    """The longest sum of sleeps on one path through statements."""

    def __init__(self, scope: Scope, sleeps: Mapping[ast.AST, float | Unknown]) -> None:
        self._scope, self._sleeps = scope, sleeps
        self._unknown = False

    def longest(self, statements: Sequence[ast.stmt]) -> float | Unknown:
        """Seconds, or UNKNOWN."""
        through, ended = self._all(statements)
        return UNKNOWN if self._unknown else max(through or 0.0, ended or 0.0)

    def _all(self, statements: Sequence[ast.stmt]) -> tuple[float | None, float | None]:
        """Longest path that goes on after these statements, and longest that leaves; None where there is none."""
        through, ended = 0.0, None
        for statement in statements:
            goes_on, leaves = self._one(statement)
            if leaves is not None:
                ended = max(ended or 0.0, through + leaves)
            if goes_on is None:
                return None, ended
            through += goes_on
        return through, ended

    def _one(self, node: ast.stmt) -> tuple[float | None, float | None]:
        if isinstance(node, ast.If):
            return _widest(self._all(node.body), self._all(node.orelse), own=self._inside(node.test))
        if isinstance(node, ast.Try | ast.TryStar):
            return self._try(node)
        if isinstance(node, ast.For | ast.AsyncFor | ast.While):
            return self._loop(node), None
        if isinstance(node, ast.With | ast.AsyncWith):
            through, ended = self._all(node.body)
            own = self._at(node) + self._inside(*(item.context_expr for item in node.items))
            return _widest((through, ended), own=own)
        if isinstance(node, ast.Match):
            return _widest(*(self._all(case.body) for case in node.cases), (0.0, None))
        own = self._inside(node)
        leaves = isinstance(node, ast.Return | ast.Raise | ast.Break | ast.Continue)
        return (None, own) if leaves else (own, None)

    def _try(self, node: ast.Try | ast.TryStar) -> tuple[float | None, float | None]:
        handlers = [self._all(h.body) for h in node.handlers]
        body, ended = self._all([*node.body, *node.orelse])
        caught = _widest(*handlers)[0] if handlers else None
        final = self._all(node.finalbody)[0] or 0.0
        through = [t + (caught or 0.0) + final for t in (body, caught) if t is not None]
        leaves = [e for e in (ended, *(h[1] for h in handlers)) if e is not None]
        return (max(through) if through else None), (max(leaves) + final if leaves else None)

    def _loop(self, node: ast.For | ast.AsyncFor | ast.While) -> float:
        through, ended = self._all(node.body)
        before = self._at(node) + (0.0 if isinstance(node, ast.While) else self._inside(node.iter))
        once = max(through or 0.0, ended or 0.0) + (self._inside(node.test) if isinstance(node, ast.While) else 0.0)
        if not once:
            return before
        times = self._scope.evaluated(node.iter) if isinstance(node, ast.For) else UNKNOWN
        if isinstance(times, range | list | tuple | str | dict):
            return before + once * len(times)
        self._unknown = True
        return before + once

    def _inside(self, *nodes: ast.AST) -> float:
        total = 0.0
        for inner in (n for node in nodes for n in walk(node)):
            # It sleeps as many times as there are members.
            self._unknown |= isinstance(inner, _MANY) and any(n in self._sleeps for n in walk(inner))
            total += self._at(inner)
        return total

    def _at(self, node: ast.AST) -> float:
        """What one node sleeps, without those inside."""
        seconds = self._sleeps.get(node, 0.0)
        self._unknown |= seconds is UNKNOWN
        return 0.0 if isinstance(seconds, Unknown) else seconds


def _widest(*branches: tuple[float | None, float | None], own: float = 0.0) -> tuple[float | None, float | None]:
    through = [t for t, _ in branches if t is not None]
    leaves = [e for _, e in branches if e is not None]
    return (max(through) + own if through else None), (max(leaves) + own if leaves else None)
