"""The delays a task really waits before each retry, worked out by reading it once for each number of retries so far."""

import ast
from dataclasses import dataclass, field
from typing import Any

from audit.model.facts import RetrySchedule
from audit.model.unknown import UNKNOWN
from audit.reading.celery.retry_calls import standing_calls
from audit.reading.celery.retry_delay_places import decision_chain
from audit.reading.celery.retry_options import task_option
from audit.reading.celery.task_definitions import task_decoration
from audit.reading.celery.written_retries import Defaults, written_schedules
from audit.reading.python.abstract_values import (
    BoundMethod,
    ClassValue,
    External,
    FunctionValue,
    Instance,
    Method,
    Namespace,
    Table,
    exported,
    unwrap,
)
from audit.reading.python.frames import CallSite, ExhaustedError, Frame
from audit.reading.python.interpreter import Machine
from audit.reading.python.node_text import segment

_DEFAULT_MAX = 3
_DEFAULT_DELAY = 180
_MOST = 20
_CELERY_BACKOFF_MAX = 600
# Tasks whose delays could be worked out took a third of it; without a bound of its own, one task took what all the others have.
_STEPS_PER_RETRY = 12_000


_Where = tuple[str, int, int]


@dataclass
class _Site:
    """One `self.retry(…)` of a task: what it asked for at each number of retries."""

    node: ast.Call
    frame: Frame
    asked: dict[int, list[tuple[Any, Any]]] = field(default_factory=dict)


@dataclass
class _Reading:
    """One task being read: `retries` so far, and the number given to a policy that is asked about something unknown."""

    sites: dict[_Where, _Site] = field(default_factory=dict)
    retries: int = 0
    assumed: int | None = None
    exhausted: bool = False
    myself: Instance | None = None
    limit: Any = None


def read_retries(machine: Machine) -> tuple[RetrySchedule, ...]:
    """Schedules of every task that retries: one for each call of `retry`, one for `autoretry_for`."""
    found: list[RetrySchedule] = []
    seen: set[str] = set()
    for function in sorted(machine.decorated, key=lambda f: f.symbol):
        if function.symbol not in seen and task_decoration(machine, function):
            seen.add(function.symbol)
            found += _automatic(machine, function)
            found += _explicit(machine, function)
    return tuple(found)


def _automatic(machine: Machine, function: FunctionValue) -> list[RetrySchedule]:
    """`autoretry_for`, with Celery's own back-off."""
    if not task_option(machine, function, "autoretry_for", ()):
        return []
    most = task_option(machine, function, "max_retries", _DEFAULT_MAX)
    retry_kwargs = task_option(machine, function, "retry_kwargs", {})
    given = retry_kwargs if isinstance(retry_kwargs, dict) else {}
    most = given.get("max_retries", most)
    backoff = task_option(machine, function, "retry_backoff", False)
    highest = task_option(machine, function, "retry_backoff_max", _CELERY_BACKOFF_MAX)
    jitter = task_option(machine, function, "retry_jitter", True)
    delay = given.get("countdown", task_option(machine, function, "default_retry_delay", _DEFAULT_DELAY))
    decoration = task_decoration(machine, function)
    origin = (
        Frame(machine.project.modules[function.module], Namespace()).origin(decoration.node) if decoration else None
    )
    source = machine.project.modules[function.module].source
    excerpts = (source.excerpt(origin.first, origin.last),) if origin else ()
    count = _count(most)
    if backoff and jitter is not False:
        why = "`retry_jitter` tire chaque délai au hasard entre 0 et le recul"
        return [RetrySchedule(function.symbol, (), count, excerpts, why)]
    numbers = [n for n in (backoff, highest, delay) if isinstance(n, int | float)]
    if len(numbers) < 3 or most is UNKNOWN:
        why = "les options de reprise de la tâche ne se calculent pas à la lecture"
        return [RetrySchedule(function.symbol, (), None, excerpts, why)]
    steps = range(_MOST if count is None else min(count, _MOST))
    delays = [float(min(highest, int(backoff) * 2**n)) if backoff else float(delay) for n in steps]
    return [RetrySchedule(function.symbol, tuple(delays), count, excerpts)]


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _explicit(machine: Machine, function: FunctionValue) -> list[RetrySchedule]:
    node = function.node
    inside = list(ast.walk(node))
    retries = any(isinstance(n, ast.Attribute) and n.attr == "retry" for n in inside)
    if not retries and not _passes_itself(node, inside):
        return []
    limit = task_option(machine, function, "max_retries", _DEFAULT_MAX)
    reading = _read(machine, function, inside, limit, None)
    schedules = {where: _schedule(machine, function, site, limit) for where, site in reading.sites.items()}
    # What was too long to follow is so whatever a policy answers.
    if not reading.exhausted and not all(map(_is_settled, schedules.values())):
        guesses = {base: _read(machine, function, inside, limit, base) for base in (0, 1)}
        for where, schedule in schedules.items():
            if not _is_settled(schedule):
                schedules[where] = _by_policy(machine, function, guesses, where, limit) or schedule
    delay = task_option(machine, function, "default_retry_delay", _DEFAULT_DELAY)
    for where, written in written_schedules(machine, function, Defaults(limit, delay)).items():
        if where not in schedules or _tells_more(written, schedules[where]):
            schedules[where] = written
    return list(schedules.values())


def _tells_more(written: RetrySchedule, followed: RetrySchedule) -> bool:
    """Whether the text of a call tells what following the task did not."""
    if _is_settled(followed):
        return False
    return not written.why_unknown or (followed.max_retries is None and written.max_retries is not None)


def _is_settled(schedule: RetrySchedule) -> bool:
    """Whether delays and their number are known without asking what a policy says of unknown failures."""
    return not schedule.why_unknown and schedule.max_retries is not None


def _passes_itself(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, inside: list[ast.AST]) -> bool:
    """Whether a task hands its own `self` to something that may retry it."""
    arguments = [*node.args.posonlyargs, *node.args.args]
    name = arguments[0].arg if arguments else ""
    calls = [n for n in inside if isinstance(n, ast.Call)]
    return any(isinstance(a, ast.Name) and a.id == name for call in calls for a in call.args)


def _counts_retries(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, inside: list[ast.AST]) -> bool:
    """Whether a task can know how many retries it has behind it; one that cannot asks for the same delay each time."""
    told = any(isinstance(n, ast.Attribute) and n.attr in {"request", "retries"} for n in inside)
    return told or _passes_itself(node, inside)


def _read(machine: Machine, function: FunctionValue, inside: list[ast.AST], limit: Any, base: int | None) -> _Reading:
    """Follow the task once for each number of retries it may have behind it."""
    reading = _Reading(limit=limit)

    def observe(_: Machine, site: CallSite) -> Any:
        return _observe(reading, site)

    machine.observers.insert(0, observe)
    machine.assume = lambda callee, arguments: _assumed(reading, callee, arguments)
    # A call may ask for more retries than the task has.
    changed = _changes_the_limit(inside)
    most = None if changed or any(_asks_otherwise(n) for n in inside) else _count(limit)
    turns = range(_MOST if most is None else min(max(most, 1), _MOST))
    node = function.node
    counts = _counts_retries(node, inside)
    calls = [] if changed or isinstance(node, ast.Lambda) else standing_calls(node, inside, _own_name(function))
    try:
        for retries in turns:
            reading.retries, reading.assumed = retries, None if base is None else retries + base
            _follow(machine, function, reading, limit, calls)
            if not _goes_on(reading):
                break
            if not counts and base is None:
                for site in reading.sites.values():
                    site.asked.update(dict.fromkeys(turns, site.asked[0]))
                break
    finally:
        machine.observers.remove(observe)
        machine.assume = None
    return reading


def _asks_otherwise(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and any(k.arg in {None, "max_retries"} for k in node.keywords)


def _changes_the_limit(inside: list[ast.AST]) -> bool:
    """Whether a task writes its own `max_retries` while it runs."""
    stored = [n for n in inside if isinstance(n, ast.Attribute) and isinstance(n.ctx, ast.Store)]
    return any(n.attr == "max_retries" for n in stored)


def _goes_on(reading: _Reading) -> bool:
    """Whether a further retry can tell more: the task was read to its end, some call was reached, its delay known."""
    if reading.exhausted:
        return False
    asked = [a for site in reading.sites.values() for a, _ in site.asked.get(reading.retries, [])]
    return any(unwrap(countdown)[0] is not UNKNOWN for countdown in asked)


def _own_name(function: FunctionValue) -> str:
    return function.symbol.rpartition(":")[2].rpartition(".")[2]


def _follow(machine: Machine, function: FunctionValue, reading: _Reading, limit: Any, calls: list[ast.Call]) -> None:
    """Read the task for one number of retries: only these calls of `retry` when they are all that matters."""
    request = Instance(External("celery.app.task.Context"), fields=Namespace({"retries": reading.retries}))
    fields = Namespace({"request": request, "max_retries": limit})
    reading.myself = Instance(External("celery.Task"), fields=fields)
    bound = task_option(machine, function, "bind", False) is True
    frame = Frame(machine.project.modules[function.module], Namespace(), (Namespace(),))
    machine.new_entry(_STEPS_PER_RETRY)
    machine.journal.begin()
    try:
        if calls:
            _evaluate(machine, function, calls, reading.myself if bound else UNKNOWN)
        else:
            machine.call_function(function, (reading.myself,) if bound else (), Table(), frame)
    except (ExhaustedError, RecursionError):
        reading.exhausted = True
        for site in reading.sites.values():
            site.asked.setdefault(reading.retries, []).append((UNKNOWN, UNKNOWN))
    finally:
        machine.journal.end("")


def _evaluate(machine: Machine, function: FunctionValue, calls: list[ast.Call], myself: Any) -> None:
    spec = function.node.args
    parameters = [a.arg for a in (*spec.posonlyargs, *spec.args, *spec.kwonlyargs)]
    for call in calls:
        names = Namespace(dict.fromkeys(parameters, UNKNOWN))
        names.update(dict.fromkeys(parameters[:1], myself))
        inner = Frame(machine.project.modules[function.module], names, function.enclosing, "?")
        machine.evaluate(machine, call, inner)


def _observe(reading: _Reading, site: CallSite) -> Any:
    """Note a call of `retry` on the task being read; it never returns, so what follows is not reached."""
    callee = site.callee
    if not isinstance(callee, Method) or callee.name != "retry" or not isinstance(site.node, ast.Call):
        return None
    if callee.receiver is not reading.myself and not isinstance(callee.receiver, FunctionValue):
        return None
    where = (site.origin.path, site.node.lineno, site.node.col_offset)
    found = reading.sites.setdefault(where, _Site(site.node, site.frame))
    countdown = site.keywords.get("countdown", site.argument(4, "countdown", None))
    if site.keywords.get("eta") is not None or site.keywords.opaque:
        countdown = UNKNOWN
    asked = site.keywords.get("max_retries")
    own = reading.myself.fields.get("max_retries") if reading.myself else reading.limit
    if asked is None and own is not reading.limit:
        asked = UNKNOWN if own is None else own
    found.asked.setdefault(reading.retries, []).append((countdown, asked))
    if site.keywords.get("throw") is not False:
        site.frame.ended = "raise"
    return UNKNOWN


def _assumed(reading: _Reading, callee: Any, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    """A policy built on a sequence of numbers, asked about something unknown, is asked about the number of failures."""
    if reading.assumed is None or not isinstance(callee, BoundMethod) or not _sequence_of(callee.receiver):
        return arguments
    index = next((i for i, a in enumerate(arguments) if _is_open(a)), None)
    if index is None:
        return arguments
    return (*arguments[:index], reading.assumed, *arguments[index + 1 :])


def _is_open(value: Any) -> bool:
    value, _ = unwrap(value)
    outside = isinstance(value, Instance) and isinstance(value.cls, External)
    return value is UNKNOWN or outside or isinstance(value, Method)


def _sequence_of(receiver: Any) -> tuple[float, ...]:
    """The only sequence of numbers an object was built with, by its constructor or its class."""
    if not isinstance(receiver, Instance):
        return ()
    given = [*receiver.arguments, *receiver.keywords.values(), *receiver.fields.values()]
    if isinstance(receiver.cls, ClassValue):
        given += receiver.cls.names.values()
    numbers = [exported(v) for v in given]
    sequences = {tuple(map(float, v)) for v in numbers if isinstance(v, tuple | list) and v and all(map(_is_number, v))}
    return sequences.pop() if len(sequences) == 1 else ()


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _schedule(machine: Machine, function: FunctionValue, site: _Site, limit: Any) -> RetrySchedule:
    """What one call of `retry` asks for, from the first retry on."""
    excerpts = decision_chain(machine, site.frame, site.node, function)
    given = [asked for values in site.asked.values() for _, asked in values if asked is not None]
    most = unwrap(given[0])[0] if given else limit
    if not isinstance(most, int | None) or any(unwrap(asked)[0] != most for asked in given):
        return RetrySchedule(function.symbol, (), None, excerpts, "`max_retries` ne se calcule pas à la lecture")
    count = _count(most)
    delays: list[float] = []
    for retries in range(_MOST if count is None else min(count, _MOST)):
        if retries not in site.asked:
            count = min(retries, _MOST) if retries > max(site.asked) else count
            break
        values = {_delay(machine, function, countdown) for countdown, _ in site.asked[retries]}
        delay = values.pop() if len(values) == 1 else None
        if delay is None:
            text = _countdown_text(site)
            why = f"le délai `{text}` ne se calcule pas à la lecture"
            return RetrySchedule(function.symbol, (), count, excerpts, why)
        delays.append(delay)
    return RetrySchedule(function.symbol, tuple(delays), count, excerpts)


def _delay(machine: Machine, function: FunctionValue, countdown: Any) -> float | None:
    if countdown is None:
        countdown = task_option(machine, function, "default_retry_delay", _DEFAULT_DELAY)
    seconds = exported(countdown)
    return float(seconds) if _is_number(seconds) else None


def _countdown_text(site: _Site) -> str:
    given = next((k.value for k in site.node.keywords if k.arg in {"countdown", "eta"}), site.node)
    return " ".join(segment(site.frame.module.source, given).split())[:120]


def _by_policy(
    machine: Machine, function: FunctionValue, guesses: dict[int, _Reading], position: _Where, limit: Any
) -> RetrySchedule | None:
    """The schedule a policy's own sequence gives, when counting failures from 0 or from 1 is what it expects."""
    known = []
    for base in (1, 0):
        site = guesses[base].sites.get(position)
        schedule = _schedule(machine, function, site, limit) if site else None
        if schedule and not schedule.why_unknown and schedule.delays:
            known.append(schedule)
    if len({s.delays for s in known}) == 1:
        return known[0]
    return next((s for s in known if _rises(s.delays)), None) if known else None


def _rises(delays: tuple[float, ...]) -> bool:
    return list(delays) == sorted(delays) and len(set(delays)) > 1
