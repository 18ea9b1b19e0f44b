"""The delays that calls of `retry` ask for: what following the task tells of each, else what its text says."""

import ast
from collections.abc import Iterator, Sequence

from audit.model.findings import Excerpt
from audit.model.retries import RetrySchedule
from audit.model.unknown import UNKNOWN
from audit.reading.python.abstract_values import FunctionValue, Origin, Value, exported, unwrap
from audit.reading.python.child_nodes import walk
from audit.reading.python.interpreter import Machine
from audit.reading.python.modules import Module
from audit.reading.retries.followed_retries import FollowedTask, RetryCall, Where
from audit.reading.retries.retry_calls import TaskCalls
from audit.reading.retries.retry_options import MOST, RetryOptions, count, is_number
from audit.target.import_paths import imported_module

_MOST = 8
_LINES = 15


def asked_schedules(machine: Machine, task: TaskCalls) -> list[RetrySchedule]:
    """One schedule for each call of `retry` that was found."""
    if not task.may_ask:
        return []
    options = RetryOptions.of(machine, task.function)
    run = FollowedTask(machine, task, options).follow()
    schedules = {where: _schedule(run, call) for where, call in run.calls.items()}
    # What was too long to follow is so whatever a policy answers.
    if not run.exhausted and not all(map(_is_settled, schedules.values())):
        guesses = [FollowedTask(machine, task, options, base).follow() for base in (1, 0)]
        for where, schedule in schedules.items():
            if not _is_settled(schedule):
                schedules[where] = _by_policy(guesses, where) or schedule
    for call in _written(machine, task):
        told, followed = _schedule(run, call), schedules.get(call.where)
        if followed is None or _tells_more(told, followed):
            schedules[call.where] = told
    return list(schedules.values())


def _written(machine: Machine, task: TaskCalls) -> Iterator[RetryCall]:
    """Each call in the text, with what it asks for at every retry alike; UNKNOWN where its text does not say."""
    for node, around in task.written(machine):
        told = {k.arg: k.value for k in node.keywords}
        changed = task.changed | around.changed
        limits = around.literals(told.get("max_retries"))
        if None in limits and (None in told or "max_retries" in changed):
            limits = [UNKNOWN]
        delays = around.literals(told.get("countdown"))
        steady = not changed and not task.counts and not around.counts
        spread = len(node.args) > 1 or not told.keys().isdisjoint({None, "eta"})
        numbers = [n for n in limits if is_number(n)]
        same = limits[0] if len(set(limits)) == 1 else UNKNOWN
        limit = max(numbers) if len(numbers) == len(limits) else same
        delay = delays[0] if steady and not spread and len(set(delays)) == 1 else UNKNOWN
        module = machine.project.modules[around.function.module]
        yield RetryCall(node, module, False, {retries: [(delay, limit)] for retries in range(MOST)})


def _schedule(run: FollowedTask, call: RetryCall) -> RetrySchedule:
    """What one call of `retry` asks for, from the first retry on."""
    symbol, source, node = run.task.function.symbol, call.module.source, call.node
    excerpts = (
        decision_chain(run.machine, call.module, node, run.task)
        if call.followed
        else (source.excerpt(node.lineno, node.end_lineno or node.lineno),)
    )
    given = [unwrap(limit)[0] for values in call.asked.values() for _, limit in values if limit is not None]
    most = given[0] if given else run.options.limit
    if not isinstance(most, int | None) or any(limit != most for limit in given):
        return RetrySchedule(symbol, (), None, excerpts, "`max_retries` ne se calcule pas à la lecture")
    limit = count(most)
    delays: list[float] = []
    for retries in range(MOST if limit is None else min(limit, MOST)):
        if retries not in call.asked:
            limit = min(retries, MOST) if retries > max(call.asked) else limit
            break
        values = {_seconds(run.options, delay) for delay, _ in call.asked[retries]}
        delay = values.pop() if len(values) == 1 else None
        if delay is None:
            why = f"le délai {_asked_text(call)} ne se calcule pas à la lecture"
            stops = next((n for n in range(MOST) if n not in call.asked and n > max(call.asked)), None)
            limit = stops if limit is None else limit
            return RetrySchedule(symbol, (), limit, excerpts, why, endless=limit is None)
        delays.append(delay)
    return RetrySchedule(symbol, tuple(delays), limit, excerpts)


def _seconds(options: RetryOptions, delay: Value) -> float | None:
    seconds = exported(options.delay if delay is None else delay)
    return float(seconds) if is_number(seconds) else None


def _asked_text(call: RetryCall) -> str:
    given = next((k.value for k in call.node.keywords if k.arg in {"countdown", "eta"}), call.node)
    text = " ".join(call.module.source.segment(given if call.followed else call.node).split())[:120]
    return f"`{text}`" if call.followed else f"que demande `{text}`"


def _is_settled(schedule: RetrySchedule) -> bool:
    """Whether delays and their number are known without asking what a policy says of unknown failures."""
    return not schedule.why_unknown and schedule.max_retries is not None


def _tells_more(written: RetrySchedule, followed: RetrySchedule) -> bool:
    """Whether the text of a call tells what following the task did not."""
    if _is_settled(followed):
        return False
    return not written.why_unknown or (followed.max_retries is None and written.max_retries is not None)


def _by_policy(guesses: Sequence[FollowedTask], where: Where) -> RetrySchedule | None:
    """The schedule a policy's own sequence gives, when counting failures from 1 or from 0 is what it expects."""
    schedules = [_schedule(run, run.calls[where]) for run in guesses if where in run.calls]
    known = [s for s in schedules if not s.why_unknown and s.delays]
    if len({s.delays for s in known}) == 1:
        return known[0]
    return next((s for s in known if sorted(set(s.delays))[1:] and list(s.delays) == sorted(s.delays)), None)


def decision_chain(machine: Machine, module: Module, node: ast.Call, task: TaskCalls) -> tuple[Excerpt, ...]:
    """Excerpts: the call, the assignments that feed it, then the constants and functions they name."""
    origins = [_origin(module, node)]
    pending = [k.value for k in node.keywords if k.arg in {"countdown", "max_retries"}]
    names: list[tuple[str, str]] = []
    seen: set[str] = set()
    while pending:
        for name in _names(pending.pop()):
            if name in seen:
                continue
            seen.add(name)
            local = task.assignments(name)
            origins += [_origin(module, statement) for statement in local]
            pending += [s.value for s in local if s.value is not None]
            names += [] if local else [(module.name, name)]
    for home, name in names:
        origins += _definitions(machine, home, name, 3)
    kept = list(dict.fromkeys(origins))[:_MOST]
    return tuple(e for e in (_excerpt(machine, origin) for origin in kept) if e is not None)


def _origin(module: Module, node: ast.Call | ast.stmt) -> Origin:
    return Origin(module.source.path, node.lineno, node.end_lineno or node.lineno)


def _excerpt(machine: Machine, origin: Origin) -> Excerpt | None:
    source = machine.sources.get(origin.path)
    return source.excerpt(origin.first, min(origin.last, origin.first + _LINES - 1)) if source else None


def _names(node: ast.AST) -> list[str]:
    return [n.id for n in walk(node) if isinstance(n, ast.Name)]


def _definitions(machine: Machine, module: str, name: str, depth: int) -> list[Origin]:
    """Where a global name is defined, imports followed, and the constants its definition names."""
    module, name = _source_of(machine, module, name)
    names = machine.globals.get(module)
    if names is None or name not in names or name not in names.origins or depth == 0:
        return []
    found, value = [names.origins[name]], names[name]
    for other in _names(value.node) if isinstance(value, FunctionValue) else []:
        if other != name and other.isupper():
            found += _definitions(machine, module, other, depth - 1)
    return found


def _source_of(machine: Machine, module: str, name: str) -> tuple[str, str]:
    """Follow `from … import …` of project modules to the module that binds the name itself."""
    for _ in range(10):
        known = machine.project.modules.get(module)
        imports = [n for n in known.tree.body if isinstance(n, ast.ImportFrom)] if known else []
        source = next(((n, a.name) for n in imports for a in n.names if (a.asname or a.name) == name), None)
        home = imported_module(source[0], known.package) if known and source else ""
        if source is None or home not in machine.project.modules:
            break
        module, name = home, source[1]
    return module, name
