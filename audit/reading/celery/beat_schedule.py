"""Reads the beat schedule of a target, entry by entry, with the lines that write each."""

import ast
import re
from collections.abc import Iterator, Mapping, Sequence

from audit.model.facts import BeatEntry
from audit.model.plain_value import PlainValue
from audit.model.unknown import UNKNOWN
from audit.reading.celery.application_objects import configuration_of, defaults_of
from audit.reading.celery.application_settings import task_name_of
from audit.reading.celery.task_definitions import task_decoration
from audit.reading.python.abstract_values import (
    BoundMethod,
    Crontab,
    Instance,
    Namespace,
    Origin,
    Table,
    Value,
    exported,
    unwrap,
)
from audit.reading.python.excerpts import excerpt_of
from audit.reading.python.frames import Frame
from audit.reading.python.interpreter import Machine

_OWN = ("celery.beat:PersistentScheduler", "celery.beat.PersistentScheduler", "celery.beat:Scheduler")


def read_beat(machine: Machine, app: Instance, names: Mapping[str, str]) -> tuple[tuple[BeatEntry, ...], bool]:
    """Entries of the schedule, and whether that is all of it. `names` gives the registered name of a task's symbol."""
    conf, defaults = configuration_of(app), defaults_of(app)
    decorated = list(_decorated(machine, names))
    key = next((k for k in ("beat_schedule", "CELERY_BEAT_SCHEDULE", "CELERYBEAT_SCHEDULE") if k in conf), "")
    schedule = unwrap(conf[key])[0] if key else unwrap(defaults.get("beat_schedule"))[0]
    if schedule is None:
        return tuple(decorated), conf.opaque is None and defaults.opaque is None and _understood(decorated)
    if not isinstance(schedule, Table):
        return tuple(decorated), False
    whole = conf.origins.get(key)
    entries = [_entry(machine, name, schedule[name], schedule.origins.get(name, whole), names) for name in schedule]
    known = [entry for entry in (*entries, *decorated) if entry is not None]
    return tuple(known), None not in entries and _understood(known) and schedule.opaque is None


def _understood(entries: Sequence[BeatEntry]) -> bool:
    return all(entry.task and (entry.crontab or entry.seconds is not None) for entry in entries)


def _decorated(machine: Machine, names: Mapping[str, str]) -> Iterator[BeatEntry]:
    """Tasks that `@periodic_task(run_every=…)` plans, Celery's own before its version 5, or a method of the project's."""
    for function in machine.decorated:
        decoration = task_decoration(machine, function)
        if decoration is None or "run_every" not in decoration.keywords:
            continue
        seconds, crontab = _schedule(decoration.keywords["run_every"])
        options = _options(decoration.keywords.get("options", {}))
        callee = decoration.callee
        if isinstance(callee, BoundMethod) and "expires" in ast.unparse(callee.function.node):
            options = {"expires": UNKNOWN, **options}
        origin = Frame(machine.project.modules[function.module], Namespace()).origin(decoration.node)
        name = names.get(function.symbol, "")
        yield BeatEntry(name or function.symbol, name, seconds, crontab, options, excerpt_of(machine, origin))


def _entry(
    machine: Machine, name: Value, value: Value, origin: Origin | None, names: Mapping[str, str]
) -> BeatEntry | None:
    value, _ = unwrap(value)
    if not isinstance(value, Table) or not isinstance(name, str):
        return None
    task = task_name_of(value.get("task", UNKNOWN), names)
    seconds, crontab = _schedule(value.get("schedule", UNKNOWN))
    options = _options(value.get("options", {}))
    return BeatEntry(
        name, task if isinstance(task, str) else "", seconds, crontab, options, excerpt_of(machine, origin)
    )


def _options(given: Value) -> dict[str, PlainValue]:
    """The options of an entry; where some are not known, `expires` may be among them."""
    found, _ = unwrap(given)
    options = exported(found)
    known: dict[str, PlainValue] = options if isinstance(options, dict) else {}
    whole = found is None or (isinstance(options, dict) and not (isinstance(found, Table) and found.opaque))
    return known if whole else {"expires": UNKNOWN, **known}


def _schedule(value: Value) -> tuple[float | None, str]:
    value, _ = unwrap(value)
    if isinstance(value, Crontab):
        return None, value.text
    seconds = exported(value)
    if isinstance(seconds, int | float) and not isinstance(seconds, bool):
        return float(seconds), ""
    return None, ""


def scheduler_setting(app: Instance) -> PlainValue:
    """`beat_scheduler` of an application, empty when it is Celery's own default."""
    return exported(configuration_of(app).get("beat_scheduler", ""))


_ROWS = re.compile(r"\bPeriodicTask\s*\(|\bPeriodicTask\.objects\.\w*(?:create|get_or_create)\(")
_LIBRARIES = ("django_celery_beat", "djcelery")


_SETTING = re.compile(r"\bsettings\.CELERY_?BEAT_SCHEDULE\s*(?:=[^=]|\[|\.(?:update|setdefault)\(|\|=)")


def adds_rows(machine: Machine) -> bool:
    """Whether code of the project adds periodic tasks where they are not followed: in a database, in Django's settings."""
    return any(
        (_writes_rows(module.source.text) or _SETTING.search(module.source.text))
        and not machine.project.is_test_file(module.source.path)
        for module in machine.project.modules.values()
    )


def _writes_rows(text: str) -> bool:
    return any(library in text for library in _LIBRARIES) and _ROWS.search(text) is not None


def keeps_a_schedule(scheduler: PlainValue) -> bool:
    """Whether a scheduler has entries in a database, which no file holds; one that cannot be read may have some."""
    return bool(scheduler) and scheduler not in _OWN
