"""What calls of `retry` ask for as they are written, where the task around them could not be followed."""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from audit.model.facts import RetrySchedule
from audit.reading.python.abstract_values import FunctionValue, unwrap
from audit.reading.python.interpreter import Machine
from audit.reading.python.node_text import segment

Where = tuple[str, int, int]
_Body = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
_DECIDING = frozenset({"request", "retries"})
_OPTIONS = frozenset({"max_retries", "default_retry_delay"})
_MOST = 20


@dataclass(frozen=True)
class Defaults:
    """The task's own `max_retries` and `default_retry_delay`, in seconds."""

    limit: Any
    delay: Any


@dataclass(frozen=True)
class _Call:
    """A call that retries a task, and the function that it is written in: the task's, or one that is given `self.retry`."""

    node: ast.Call
    around: FunctionValue


def written_schedules(machine: Machine, function: FunctionValue, defaults: Defaults) -> dict[Where, RetrySchedule]:
    """The schedule of each call of `retry`, by its place; what its text does not say is in `why_unknown`."""
    found = {}
    for call in _calls(machine, function):
        source = machine.project.modules[call.around.module].source
        node = call.node
        excerpts = (source.excerpt(node.lineno, node.end_lineno or node.lineno),)
        most = _number(call, "max_retries", defaults.limit)
        delay = _number(call, "countdown", defaults.delay)
        steady = not _spreads(node) and all(map(_is_steady, (function.node, call.around.node)))
        if most is None and not _unlimited(call, defaults.limit):
            schedule = RetrySchedule(
                function.symbol, (), None, excerpts, "`max_retries` ne se calcule pas à la lecture"
            )
        elif delay is None or not steady:
            text = " ".join(segment(source, node).split())[:120]
            why = f"le délai que demande `{text}` ne se calcule pas à la lecture"
            schedule = RetrySchedule(function.symbol, (), most, excerpts, why)
        else:
            times = _MOST if most is None else min(most, _MOST)
            schedule = RetrySchedule(function.symbol, (float(delay),) * times, most, excerpts)
        found[source.path, node.lineno, node.col_offset] = schedule
    return found


def _calls(machine: Machine, function: FunctionValue) -> Iterator[_Call]:
    owners = _owners(function)
    for node in ast.walk(function.node):
        if not isinstance(node, ast.Call):
            continue
        if _is_retry(node.func, owners):
            yield _Call(node, function)
        given = [*enumerate(node.args), *((k.arg, k.value) for k in node.keywords)]
        for place, value in given:
            if _is_retry(value, owners):
                yield from _given_to(machine, function, node.func, place)


def _owners(function: FunctionValue) -> frozenset[str]:
    spec = function.node.args
    own = function.symbol.rpartition(":")[2].rpartition(".")[2]
    return frozenset({own, *(a.arg for a in (*spec.posonlyargs, *spec.args)[:1])})


def _is_retry(node: ast.expr, owners: frozenset[str]) -> bool:
    if not isinstance(node, ast.Attribute) or node.attr != "retry":
        return False
    return isinstance(node.value, ast.Name) and node.value.id in owners


def _given_to(machine: Machine, function: FunctionValue, callee: ast.expr, place: int | str | None) -> Iterator[_Call]:
    """The calls that a function of the same module makes of the `self.retry` that it is given."""
    name = callee.id if isinstance(callee, ast.Name) else ""
    value = unwrap(machine.globals[function.module].get(name))[0]
    if not isinstance(value, FunctionValue) or value.decorators:
        return
    spec = value.node.args
    names = [a.arg for a in (*spec.posonlyargs, *spec.args)]
    parameter = names[place] if isinstance(place, int) and place < len(names) else place
    for node in ast.walk(value.node):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == parameter:
            yield _Call(node, value)


def _spreads(node: ast.Call) -> bool:
    return bool(node.args[1:]) or any(k.arg in {None, "eta"} for k in node.keywords)


def _given(node: ast.Call, keyword: str) -> ast.expr | None:
    """What a call gives for a keyword; None, as for Celery, stands for the task's own."""
    value = next((k.value for k in node.keywords if k.arg == keyword), None)
    return None if isinstance(value, ast.Constant) and value.value is None else value


def _unlimited(call: _Call, limit: Any) -> bool:
    return limit is None and not _spreads(call.node) and _given(call.node, "max_retries") is None


def _number(call: _Call, keyword: str, default: Any) -> int | None:
    """The number asked for: written there, given by every assignment of its name alike, or the task's own."""
    if any(k.arg is None for k in call.node.keywords):
        return None
    given = _given(call.node, keyword)
    values = [default] if given is None else _constants(given, call.around.node)
    numbers = {v for v in values if isinstance(v, int) and not isinstance(v, bool)}
    if keyword == "max_retries" and len(numbers) == len(values) > 0:
        return max(numbers)
    return numbers.pop() if len(numbers) == 1 == len(set(values)) else None


def _constants(node: ast.expr, around: _Body) -> Sequence[Any]:
    """The values written for an expression: one that is no constant counts as None."""
    if not isinstance(node, ast.Name):
        return [node.value if isinstance(node, ast.Constant) else None]
    inside = list(ast.walk(around))
    stores = [n for n in inside if isinstance(n, ast.Name) and n.id == node.id and isinstance(n.ctx, ast.Store)]
    written = [n for n in inside if isinstance(n, ast.Assign) and any(t in stores for t in n.targets)]
    if len(written) != len(stores):
        return [None]
    return [n.value.value if isinstance(n.value, ast.Constant) else None for n in written]


def _is_steady(node: _Body) -> bool:
    """Whether a function neither looks at how often it was retried nor changes what its retries wait."""
    attributes = [n for n in ast.walk(node) if isinstance(n, ast.Attribute)]
    changed = any(n.attr in _OPTIONS and isinstance(n.ctx, ast.Store) for n in attributes)
    return not changed and not any(n.attr in _DECIDING for n in attributes)
