"""Reads the beat schedule of a target, entry by entry, with the lines that write each."""

import ast
import re
from collections.abc import Collection, Iterator, Mapping, Sequence

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
from audit.reading.python.child_nodes import walk
from audit.reading.python.excerpts import excerpt_of
from audit.reading.python.frames import Frame
from audit.reading.python.interpreter import Machine
from audit.reading.python.syntax_cache import Definition

_ADDS = ".add_periodic_task("
_COLLECTS = r"\.(?:append|add|extend|update|setdefault)\(|\[.*\] *=[^=]"
_NAMED = (ast.Name, ast.Attribute)
_OWN = ("celery.beat:PersistentScheduler", "celery.beat.PersistentScheduler", "celery.beat:Scheduler")


def read_beat(machine: Machine, app: Instance, names: Mapping[str, str]) -> tuple[tuple[BeatEntry, ...], bool]:
    """Entries of the schedule, and whether that is all of it. `names` gives the registered name of a task's symbol."""
    conf, defaults = configuration_of(app), defaults_of(app)
    decorated, added = list(_decorated(machine, names)), _additions_are_read(machine)
    key = next((k for k in ("beat_schedule", "CELERY_BEAT_SCHEDULE", "CELERYBEAT_SCHEDULE") if k in conf), "")
    schedule = unwrap(conf[key])[0] if key else unwrap(defaults.get("beat_schedule"))[0]
    if schedule is None:
        return tuple(decorated), conf.opaque is None and defaults.opaque is None and _understood(decorated) and added
    if not isinstance(schedule, Table):
        return tuple(decorated), False
    whole = conf.origins.get(key)
    entries = [_entry(machine, name, schedule[name], schedule.origins.get(name, whole), names) for name in schedule]
    known = [entry for entry in (*entries, *decorated) if entry is not None]
    whole = whole if key else defaults.origins.get("beat_schedule")
    read = schedule.opaque is None and not _is_of_a_registry(machine, schedule, whole)
    return tuple(known), None not in entries and _understood(known) and read and added


def _is_of_a_registry(machine: Machine, schedule: Table, origin: Origin | None) -> bool:
    """Whether a schedule is given something that a function of the project fills, a decorator perhaps, where no entry was read."""
    module = next((m for m in machine.project.own() if origin and m.source.path == origin.path), None)
    if origin is None or module is None:
        return False
    read = {(one.path, one.first) for one in schedule.origins.values()}
    statements = (n for n in walk(module.tree) if isinstance(n, ast.Assign | ast.Call) and n.lineno == origin.first)
    given = [v for n in statements for v in ([n.value] if isinstance(n, ast.Assign) else _parts(n))]
    return _are_filled(machine, {name for value in given for name in _copied(value)}, read)


def _parts(call: ast.Call) -> list[ast.expr]:
    return [*call.args, *(k.value for k in call.keywords)]


def _copied(node: ast.expr) -> Iterator[str]:
    """The names of the tables whose entries a table is given: `registry`, `dict(registry)`, `{**registry}`, `{… for … in registry}`."""
    if isinstance(node, _NAMED):
        yield node.id if isinstance(node, ast.Name) else node.attr
        return
    parts: list[ast.expr] = []
    if isinstance(node, ast.Call):
        parts = [*_parts(node), *([node.func.value] if isinstance(node.func, ast.Attribute) else [])]
    elif isinstance(node, ast.Dict):
        parts = [v for k, v in zip(node.keys, node.values, strict=True) if k is None]
    elif isinstance(node, ast.DictComp):
        parts = [g.iter for g in node.generators]
    elif isinstance(node, ast.BinOp):
        parts = [node.left, node.right]
    for part in parts:
        yield from _copied(part)


def _are_filled(machine: Machine, names: Collection[str], read: Collection[tuple[str, int]] = ()) -> bool:
    """Whether a function of the project adds to what bears one of these names, in another line than those `read`."""
    filled = re.compile(rf"^[ \t]+(?:\w+\.)?(?:{'|'.join(map(re.escape, names))})(?:{_COLLECTS})")
    said = [m.source for m in machine.project.own() if names and any(name in m.source.text for name in names)]
    lines = ((source.path, number, line) for source in said for number, line in enumerate(source.lines, 1))
    return any(filled.match(line) and (path, number) not in read for path, number, line in lines)


def _additions_are_read(machine: Machine) -> bool:
    """Whether each `add_periodic_task` of the project was followed, and not over what its functions collect elsewhere."""
    schedules = [unwrap(configuration_of(app).get("beat_schedule"))[0] for app in machine.celery_instances]
    entries = [unwrap(entry)[0] for one in schedules if isinstance(one, Table) for entry in one.values()]
    origins = [entry.origins.get("task") for entry in entries if isinstance(entry, Table)]
    read = {(origin.path, origin.first) for origin in origins if origin}
    modules = machine.project.own()
    for module in (m for m in modules if _ADDS in m.source.text):
        # What a module adds as it is loaded was read, and taken back where nothing loads it.
        nodes = [n for f in walk(module.tree) if isinstance(f, Definition) for n in walk(f)]
        if any(_adds(node) and (module.source.path, getattr(node, "lineno", 0)) not in read for node in nodes):
            return False
        names = {name for node in nodes if isinstance(node, ast.FunctionDef) for name in _gone_over(node)}
        if _are_filled(machine, names):
            return False
    return True


def _gone_over(function: ast.FunctionDef) -> set[str]:
    """The names, not its own, over which a function loops to add periodic tasks."""
    own = {n.id for n in walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    loops = (n for n in walk(function) if isinstance(n, ast.For) and any(map(_adds, walk(n))))
    told = {n.id if isinstance(n, ast.Name) else n.attr for f in loops for n in walk(f.iter) if isinstance(n, _NAMED)}
    return told - own - {"items", "values", "self", "cls"}


def _adds(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and f".{node.func.attr}(" == _ADDS


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
    return any(_writes_rows(m.source.text) or _SETTING.search(m.source.text) for m in machine.project.own())


def _writes_rows(text: str) -> bool:
    return any(library in text for library in _LIBRARIES) and _ROWS.search(text) is not None


def keeps_a_schedule(scheduler: PlainValue) -> bool:
    """Whether a scheduler has entries in a database, which no file holds; one that cannot be read may have some."""
    return bool(scheduler) and scheduler not in _OWN
