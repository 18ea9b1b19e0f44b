"""Finds the Celery application of a target, and its settings as written."""

import io
import logging
import re
import tokenize
from collections.abc import Mapping, Sequence
from dataclasses import replace

from audit.model.facts import Application, Setting, Task
from audit.model.plain_value import PlainValue
from audit.model.unknown import UNKNOWN
from audit.reading.celery.application_objects import configuration_of, defaults_of
from audit.reading.old_setting_names import modern
from audit.reading.python.abstract_values import (
    FunctionValue,
    Instance,
    Method,
    ModuleValue,
    Origin,
    Overridable,
    Table,
    Value,
    exported,
    is_word,
    unwrap,
)
from audit.reading.python.excerpts import excerpt_of
from audit.reading.python.interpreter import Machine
from audit.reading.web.fastapi_objects import is_application

_logger = logging.getLogger(__name__)
ANY = "*"
# What two applications may have in common, and lose each other's messages by.
_OF_SEVERAL = ("broker_url", "broker_transport_options", "task_default_queue", "task_queues", ANY)
# What tools read, what is left to do, and code put aside: none of it explains a value.
_NO_REASON = re.compile(r"(?i)^#+:?\s*(noqa|type:|pragma|nosec|pylint|fmt:|todo|fixme|xxx|hack|[\w.]+\s*[=(])")
_WORD = re.compile(r"[^\W\d_]{2,}")
# A comment above may be the title of what follows: it explains only where it gives a reason.
_REASON = re.compile(
    r"(?i)\b(because|since|otherwise|so that|so we|avoid\w*|prevent\w*|not|never|must|instead|would|don't|can't|without|"
    r"accept\w*|parce|car|sinon|éviter|évite\w*|afin|pour que|ne|n'|jamais|sans|préfér\w*)"
)
_BESIDE, _ABOVE = 3, 4


def find_application(machine: Machine, declared: str, started: Sequence[str] = ()) -> Instance | None:
    """The declared Celery application, by `celery -A`'s conventions.

    Without a declaration, the only one there is outside tests, else the only one that `-A` of a process file names
    (`started`), else the only one that has tasks.
    """
    app = _the_application(machine, declared, started)
    if app and app.origin:
        _logger.debug("Celery application: %s, line %d", app.origin.path, app.origin.first)
    else:
        found = ", ".join(a.origin.path for a in applications(machine) if a.origin) or "no file"
        _logger.debug("no Celery application is followed; declared: %s; built in: %s", declared or "none", found)
    return app


def _the_application(machine: Machine, declared: str, started: Sequence[str]) -> Instance | None:
    if declared:
        return _as_application(machine, machine.resolve(declared))
    apps = applications(machine)
    named = [_as_application(machine, machine.resolve(name)) for name in started]
    callees = [d.callee for f in machine.decorated for d in f.decorators]
    owners = [callee.receiver for callee in callees if isinstance(callee, Method) and callee.name == "task"]
    for candidates in (apps, [a for a in apps if a in named], [a for a in apps if a in owners]):
        if len(candidates) == 1:
            return candidates[0]
    return None


def applications(machine: Machine) -> list[Instance]:
    """Every Celery application built outside tests; those of tests where there is no other."""
    apps = machine.celery_instances
    return [app for app in apps if app.origin and not machine.project.is_test_file(app.origin.path)] or [*apps]


def _as_application(machine: Machine, value: Value) -> Instance | None:
    value, _ = unwrap(value)
    if machine.is_celery(value):
        return value if isinstance(value, Instance) else None
    if not isinstance(value, ModuleValue):
        return None
    names = machine.module_names(value.name) if value.name in machine.project.modules else Table()
    for name in ("app", "celery", *names):
        if machine.is_celery(names.get(name)):
            return _as_application(machine, names[name])
    inner = machine.module_attribute(value.name, "celery")
    return _as_application(machine, inner) if isinstance(inner, ModuleValue) else None


def read_settings(machine: Machine, app: Instance) -> dict[str, Setting]:
    """Settings of an application under today's names. The name `*` is there when some could not be listed."""
    settings: dict[str, Setting] = {}
    for table in (defaults_of(app), configuration_of(app)):
        for key, value in table.items():
            if isinstance(key, str):
                name = modern(key) or key
                settings[name] = _setting(machine, name, value, table.origins.get(key))
        if table.opaque:
            settings[ANY] = Setting(ANY, UNKNOWN, excerpt_of(machine, table.opaque))
    return settings


def settings_of_all(machine: Machine, tasks: Sequence[Task], declared: str) -> dict[str, Setting]:
    """What all applications agree on, where none is the one audited; nothing where the declared one is not there."""
    apps = applications(machine)
    found = [read_settings(machine, app) for app in apps]
    if declared or not found or not all(found):
        excerpt = excerpt_of(machine, apps[0].origin if apps else None)
        return {ANY: Setting(ANY, UNKNOWN, excerpt)} if apps or tasks else {}
    agreed: dict[str, Setting] = {}
    for name in dict.fromkeys(name for settings in found for name in settings):
        told = [settings.get(name) for settings in found]
        first = next(setting for setting in told if setting)
        same = all(one and _compared(one) == _compared(first) for one in told)
        agreed[name] = first if same else Setting(name, UNKNOWN, first.excerpt)
    return agreed


def _compared(setting: Setting) -> tuple[PlainValue, str, bool]:
    return setting.value, setting.overridable, setting.word


def _setting(machine: Machine, name: str, value: Value, origin: Origin | None) -> Setting:
    plain, variable = unwrap(value)
    source = machine.sources.get(origin.path) if origin else None
    comment = comment_of(source.text.splitlines(), origin.first, origin.last) if origin and source else ""
    starts = value.starts if isinstance(value, Overridable) else ""
    return Setting(name, exported(plain), excerpt_of(machine, origin), variable, is_word(value), comment, starts)


def task_name_of(value: Value, names: Mapping[str, str]) -> Value:
    """The registered name behind a task, `task.name`, or a text."""
    value, _ = unwrap(value)
    receiver = getattr(value, "receiver", None)
    if isinstance(receiver, FunctionValue) and getattr(value, "name", "") == "name":
        value = receiver
    if isinstance(value, FunctionValue):
        return names.get(value.symbol, UNKNOWN)
    return value if isinstance(value, str) else UNKNOWN


def named_applications(machine: Machine) -> tuple[Application, ...]:
    """Celery and ASGI applications outside tests, under the first name of the module that builds each."""
    found: dict[int, Application] = {}
    instances: dict[int, Instance] = {}
    for module in sorted(machine.globals):
        path = machine.project.modules[module].source.path
        for name, value in machine.globals[module].items():
            instance = unwrap(value)[0]
            if (
                not isinstance(instance, Instance)
                or machine.project.is_test_file(path)
                or not instance.origin
                or instance.origin.path != path
            ):
                continue
            kind = "celery" if machine.is_celery(instance) else "asgi" if is_application(instance) else ""
            if kind:
                excerpt = excerpt_of(machine, instance.origin)
                found.setdefault(id(instance), Application(kind, f"{module}:{name}", excerpt))
                instances[id(instance)] = instance
    several = [key for key, one in found.items() if one.kind == "celery"]
    for key in several if len(several) > 1 else ():
        own = read_settings(machine, instances[key])
        found[key] = replace(found[key], settings={name: own[name] for name in _OF_SEVERAL if name in own})
    return tuple(found.values())


def comment_of(lines: list[str], first: int, last: int) -> str:
    """The explanation of what is written on these lines, counted from 1; empty where there is none."""
    beside = " ".join(filter(None, (_at_the_end(line) for line in lines[first - 1 : last])))
    if _explains(beside, _BESIDE):
        return beside
    above: list[str] = []
    for line in reversed(lines[: first - 1]):
        if not line.lstrip().startswith("#"):
            break
        above.insert(0, line.strip())
    told = " ".join(above)
    return told if _explains(told, _ABOVE) and _REASON.search(told) else ""


def _explains(comment: str, words: int) -> bool:
    return not _NO_REASON.match(comment) and len(_WORD.findall(comment)) >= words


def _at_the_end(line: str) -> str:
    found = ""
    try:
        for token in tokenize.generate_tokens(io.StringIO(line.strip() + "\n").readline):
            found = token.string if token.type == tokenize.COMMENT else found
    except (tokenize.TokenError, IndentationError):
        pass  # the line opens a bracket that others close: what was seen before the end of the line counts
    return found
