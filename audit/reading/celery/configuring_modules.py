"""Which of the modules that change an application's settings are loaded by what starts with that application."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from audit.model.facts import Process, Task
from audit.reading.celery.unloaded_tasks import listed_modules, module_holders, started_modules
from audit.reading.celery.worker_imports import Start
from audit.reading.python.abstract_values import Conf, Instance, unwrap
from audit.reading.python.interpreter import Machine
from audit.reading.python.undo_log import keep_writes
from audit.reading.web.fastapi_objects import is_application, is_flask

_RUNS = re.compile(r"\bworker_main\b|\bWorker\(")


@dataclass(frozen=True)
class Configurers:
    """Modules whose changes of the settings do not count, and those of which that cannot be told."""

    ignored: frozenset[str] = frozenset()
    doubted: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.ignored or self.doubted)


def read_configurers(
    machine: Machine, app: Instance | None, declared: str, tasks: Sequence[Task], processes: Sequence[Process]
) -> Configurers:
    """Ask, for each module that changes this application's settings, whether the application's own start loads it.

    `declared` is the application as the target's description names it. Where neither it nor the workers' command lines
    say what `-A` names, it may be any module that holds the application.
    """
    conf = app.fields["conf"] if app else None
    modules = machine.project.modules
    writers = {name for name in conf.writers if name in modules} if isinstance(conf, Conf) else set()
    if app is None or not isinstance(conf, Conf) or not writers - {conf.home}:
        return Configurers()
    built = {conf.home} if conf.home in modules else _built(machine, app)
    if not built:
        return Configurers()
    started = started_modules(machine.project, processes)
    named = {name for name in (declared.partition(":")[0], declared.rpartition(".")[0]) if name in modules}
    names = frozenset(task.name for task in tasks) | {task.symbol.replace(":", ".") for task in tasks}
    # Django finds modules of any name in its applications: those are loaded, maybe.
    start = Start(machine, frozenset(), names, django=True)
    start.load(built | named | started)
    aside = writers - start.modules
    if not aside:
        return Configurers()
    told = named or started
    more = _entries(machine) | (set() if told else module_holders(machine).keys())
    listed = listed_modules(machine)
    maybe = Start(machine, frozenset(), names, unsure=listed is None)
    maybe.load(built | named | started | (listed or set()) | _not_tests(machine, more))
    maybe.call()
    written = _not_tests(machine, aside)
    doubted = {name for name in aside if name in maybe.modules or (name in written and maybe.may_load(name))}
    return Configurers(frozenset(aside - doubted), frozenset(doubted))


def keep_loaded_writes(machine: Machine, configurers: Configurers) -> None:
    """Leave out of every configuration what modules that are not loaded write, and doubt what those that may not be do."""
    for app in machine.celery_instances if configurers else ():
        conf = app.fields["conf"]
        if isinstance(conf, Conf):
            keep_writes(conf, configurers.ignored, configurers.doubted)


def _built(machine: Machine, app: Instance) -> set[str]:
    path = app.origin.path if app.origin else ""
    return {name for name, module in machine.project.modules.items() if module.source.path == path}


def _entries(machine: Machine) -> set[str]:
    """Modules that something else than `celery -A` may start: a server, which publishes, or a worker's own script."""
    found = {name for name, module in machine.project.modules.items() if _RUNS.search(module.source.text)}
    for name, values in machine.globals.items():
        served = [unwrap(value)[0] for value in values.values()]
        if any(is_application(value) or is_flask(value) for value in served):
            found.add(name)
    return found


def _not_tests(machine: Machine, names: Iterable[str]) -> set[str]:
    project = machine.project
    return {name for name in names if not project.is_test_file(project.modules[name].source.path)}
