"""The source probe: collects the facts that a target's files give, without running or importing them."""

import gc
import logging
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from audit.model.facts import BeatEntry, Facts, Loading, Process, Setting, Task
from audit.model.findings import Level
from audit.model.gaps import Gap, UnreadFile, UnregisteredTask
from audit.model.observations.observation import Observation
from audit.model.test_files import places_of, program_places
from audit.model.word_tables import word_list
from audit.reading.behaviour import read_code
from audit.reading.behaviour.deferred_calls import call_completion
from audit.reading.behaviour.deprecated_uses import Deprecations
from audit.reading.behaviour.guards import guard_facts
from audit.reading.behaviour.user_mentions import mentions_of
from audit.reading.behaviour.whole_work import whole_work
from audit.reading.celery.application_settings import (
    applications,
    find_application,
    named_applications,
    read_settings,
    settings_of_all,
)
from audit.reading.celery.beat_schedule import adds_rows, keeps_a_schedule, read_beat, scheduler_setting
from audit.reading.celery.celery_mentions import celery_absence
from audit.reading.celery.configured_starts import follow_connected, follow_initialisers
from audit.reading.celery.deployed_variables import given_to_all, given_to_commands, read_in
from audit.reading.celery.possible_options import obscure_late_options
from audit.reading.celery.routers import with_routers
from audit.reading.celery.start_modules import WorkerStarts
from audit.reading.celery.task_calls import apply_own_decorators, follow_task_makers
from audit.reading.celery.task_classes import register_classes
from audit.reading.celery.task_definitions import read_tasks, with_annotations
from audit.reading.celery.unloaded_tasks import keep_loaded_writes, read_unloaded
from audit.reading.celery.unprefixed_settings import read_own_settings, read_unprefixed
from audit.reading.celery.unreached_settings import obscure_late_settings
from audit.reading.celery.written_settings import option_writes, setting_writes
from audit.reading.deployment.deployment_facts import read_deployment
from audit.reading.deployment.process_files import read_processes
from audit.reading.imported_places import imported_places
from audit.reading.program import new_machine
from audit.reading.python.abstract_values import ClassValue, External, FunctionValue, Instance, Origin, Value, unwrap
from audit.reading.python.application_factories import follow_factories
from audit.reading.python.functions import Functions, OfFunctions
from audit.reading.python.interpreter import STEPS_IN_FUNCTIONS, Machine
from audit.reading.python.modules import Module, Project, read_project
from audit.reading.retries.retried_classes import retried_classes
from audit.reading.retries.retry_policies import read_retries
from audit.reading.source_files import Tree, walk
from audit.reading.template_code import template_observations
from audit.reading.web.fastapi_objects import Web
from audit.reading.web.http_routes import read_routes
from audit.target.target_file import Target

_logger = logging.getLogger(__name__)
# A folder, or a link to one, that was not entered.
_FOLDERS = ("dossier", "lien symbolique")
# What a module that writes settings of Celery cannot do without; one that is loaded as settings is known to be.
_CONFIGURES = re.compile(
    r"\bconf\b|\bconfig_from_|\bCelery\b|\badd_defaults\b|\b(task|worker|broker|result|beat)_\w+|\bCELERY_"
)
_STARTING = word_list(".yaml .yml .sh .bash .service .conf .ini .tf .j2 .json Procfile Makefile")
_DECLARES = re.compile(r"@|task", re.IGNORECASE)
# What makes a task of a function that is called, and what adds to the schedule.
_REGISTERS = re.compile(r"\btasks?\b|\bshared_task\b|\bregister_task\b|\badd_periodic_task\b")
_TOO_LONG = "instructions trop longues à suivre"


def collect(target: Target, steps: int = STEPS_IN_FUNCTIONS) -> Facts:
    """Facts at level SOURCE. Never raises for what the target holds: what cannot be read is in `unread`.

    `steps` bounds what is followed for all that functions say.
    """
    started = time.perf_counter()
    with _no_collection():
        facts = _collect(target, steps)
    _log(facts)
    _logger.debug("%s read in %.2f s", target.root, time.perf_counter() - started)
    return facts


def _log(facts: Facts) -> None:
    for path, reason in facts.unread:
        _logger.debug("%s: not read: %s", path, reason)
    _logger.debug("processes: %s", ", ".join(f"{p.role} ({p.excerpt.path})" for p in facts.processes) or "none")
    _logger.debug("%d tasks, %d settings, %d routes", len(facts.tasks), len(facts.settings), len(facts.routes))


@contextmanager
def _no_collection() -> Iterator[None]:
    """Syntax trees are many and hold no cycle: looking for some takes more time than reading."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _read(project: Project, steps: int) -> tuple[Machine, Web]:
    """The whole target, followed."""
    web = Web()
    machine = new_machine(project, web)
    machine.steps_in_functions = steps
    machine.read_all()
    follow_factories(machine, ("Celery",), machine.is_celery)
    apply_own_decorators(machine)
    follow_connected(machine)
    follow_initialisers(machine)
    obscure_late_settings(machine)
    obscure_late_options(machine)
    follow_task_makers(machine)
    register_classes(machine)
    return machine, web


def _collect(target: Target, steps: int) -> Facts:
    tree = walk(target.root, target.exclude)
    processes = read_processes(tree, target.process_files)
    started = [name for p in processes if {"worker", "beat"} & {*p.role.split("+")} and (name := p.options.get("app"))]
    project = _project(tree, target, started, processes)
    machine, web = _read(project, steps)
    tasks = read_tasks(machine)
    app = find_application(machine, target.celery_app, started)
    keep_loaded_writes(starts := WorkerStarts(machine, tasks, processes), app, target.celery_app)
    _follow_to_tests(project, app)
    routes = read_routes(machine, web, target.asgi_app)
    functions = Functions(machine)
    beat, beat_known = _beat(machine, app, tasks, processes)
    settings, tasks = _settings(machine, app, tasks, target, processes)
    gaps, deprecated = _gaps(tree, machine), Deprecations(machine)
    absence = None if tasks or app else celery_absence(project, tree, processes, gaps)
    return Facts(
        level=Level.SOURCE,
        probe="source",
        settings=settings,
        functions=functions,
        user_mentions=OfFunctions(functions, partial(mentions_of, machine)),
        call_completion=OfFunctions(functions, lambda _, tree: call_completion(tree)),
        guards=OfFunctions(functions, lambda _, tree: guard_facts(tree)),
        setting_writes=setting_writes(machine, [app] if app else applications(machine)),
        option_writes=option_writes(machine),
        whole_work=OfFunctions(functions, lambda _, tree: whole_work(tree)),
        tasks=tasks,
        beat=beat,
        beat_known=beat_known,
        routes=routes,
        routes_known=bool(routes),
        processes=processes,
        retries=read_retries(machine),
        observations=(*_observations(machine, tree, target, app, deprecated.look), *retried_classes(machine, tasks)),
        deprecations=deprecated.found,
        applications=named_applications(machine),
        configured_by=str(app.fields.get("configured_by", "")) if app else "",
        published_settings=_published(app),
        celery_absence=absence,
        unloaded=read_unloaded(starts, tree),
        program=project.program,
        text_digest=project.text_digest,
        unread=(*dict.fromkeys(tree.unread), *((o.path, f"{_TOO_LONG}, ligne {o.first}") for o in machine.given_up)),
        gaps=gaps,
        libraries=_libraries(machine),
        loading=_loading(machine),
        test_modules=project.test_modules,
        views=frozenset(machine.graph.views),
    )


def _settings(
    machine: Machine, app: Instance | None, tasks: tuple[Task, ...], target: Target, processes: Sequence[Process]
) -> tuple[dict[str, Setting], tuple[Task, ...]]:
    """The settings, and the tasks as their annotations leave them."""
    settings = read_settings(machine, app) if app else settings_of_all(machine, tasks, target.celery_app)
    settings |= given_to_commands(processes)
    if annotations := settings.get("task_annotations"):
        tasks = with_annotations(tasks, annotations.value)
    return with_routers(machine, app, settings, tasks) if app else settings, tasks


def _project(tree: Tree, target: Target, started: Sequence[str], processes: Sequence[Process]) -> Project:
    """The modules of the target, where its program lies, and the variables that its processes are given."""
    named = (target.celery_app, target.asgi_app, *started)
    project = read_project(tree, tuple(name.partition(":")[0] for name in named))
    project.program = program_places([target.celery_app] if target.celery_app else started, tree.paths)
    project.program += imported_places(project)
    project.deployed, project.environment = given_to_all(processes), read_in(processes)
    return project


def _beat(
    machine: Machine, app: Instance | None, tasks: Sequence[Task], processes: Sequence[Process]
) -> tuple[tuple[BeatEntry, ...], bool]:
    """The entries of the schedule, and whether they are all of it: a database, or code that is not followed, may add some."""
    if not app:
        return (), False
    names: dict[str, list[str]] = {}
    for task in tasks:
        names.setdefault(task.symbol, []).append(task.name)
    beat, known = read_beat(machine, app, {symbol: told[0] for symbol, told in names.items() if len(told) == 1})
    others = (scheduler_setting(app), *(p.options.get("scheduler", "") for p in processes))
    return beat, known and not any(map(keeps_a_schedule, others)) and not adds_rows(machine)


def _published(app: Instance | None) -> tuple[str, ...]:
    held = unwrap(app.fields.get("published"))[0] if app else None
    return tuple(map(str, held)) if isinstance(held, list) else ()


def _follow_to_tests(project: Project, app: Instance | None) -> None:
    """An application that stands among tests makes a program of them."""
    if app and app.origin and project.is_test_file(app.origin.path):
        project.program += places_of(app.origin.path)


def _observations(
    machine: Machine, tree: Tree, target: Target, app: Instance | None, look: Callable[[Module], None]
) -> tuple[Observation, ...]:
    read = [app] if app else applications(machine)
    unprefixed = dict.fromkeys(name for one in read for name in read_unprefixed(machine, one))
    own = dict.fromkeys(name for one in read for name in read_own_settings(machine, one))
    deployed = read_deployment(tree, target.process_files)
    return (
        *read_code(machine, look),
        *deployed,
        *_broker_services(tree),
        *unprefixed,
        *own,
        *template_observations(tree),
    )


def _broker_services(tree: Tree) -> tuple[Observation, ...]:
    if not any(path.endswith(_STARTING) for path in tree.paths):
        return ()
    from audit.reading.deployment.broker_services import broker_services  # noqa: PLC0415  YAML is loaded where some is found
    from audit.reading.deployment.server_commands import server_commands, stated_policies  # noqa: PLC0415  likewise

    started = (*broker_services(tree), *server_commands(tree))
    read = {one.excerpt.path for one in started if one.excerpt}
    return (*started, *stated_policies(tree, read))


# What libraries that send requests hold beside: what takes addresses apart, names of types, errors.
_NO_CLIENT = re.compile(
    r"(?:urllib\.(?:parse|error|robotparser)|http\.(?:HTTPStatus|HTTPMethod|cookies|cookiejar)|socket\.(?:gethostname|timeout|gaierror)"
    r"|requests\.(?:Request|PreparedRequest|Response|RequestException|codes|exceptions|status_codes|structures|auth|models|utils|cookies)"
    r"|(?:requests|httpx|aiohttp|urllib3|niquests)\.(?:exceptions\b|\w*(?:Error|Timeout|Exception)$)|urllib3\.util\.(?:url|parse_url))(?:\.|$)"
)
_URLLIB = re.compile(
    r"\burllib\b(?!\.(?:parse|error)\b)(?=\.)|from urllib import (?!parse\b|error\b)|import urllib[ ,\n]"
)


def _libraries(machine: Machine) -> dict[str, frozenset[str]]:
    """Top-level names of what the globals of each file hold, or were made by, from outside the project; by path."""
    found = {}
    for name, module in machine.project.modules.items():
        values = (v.cls if isinstance(v, Instance) else v for v in machine.globals.get(name, {}).values())
        held = (v.dotted for v in values if isinstance(v, External) and not _NO_CLIENT.match(v.dotted))
        alone = set() if _URLLIB.search(module.source.text) else {"urllib"}
        found[module.source.path] = frozenset(one.partition(".")[0] for one in held if one not in alone) - {"builtins"}
    return found


def _loading(machine: Machine) -> dict[str, Loading]:
    """What each file imports of the project and names as it is loaded, by path."""
    modules = machine.project.modules
    found = {}
    for name, block in machine.graph.modules.items():
        files = frozenset(modules[other].source.path for other in block.imports if other in modules)
        implicit = {f"{name}:{qualified}" for qualified in block.implicit} | _left_to_libraries(machine, name)
        found[modules[name].source.path] = Loading(files, frozenset(block.names), frozenset(implicit))
    return found


def _left_to_libraries(machine: Machine, module: str) -> set[str]:
    """Symbols of the methods of the classes of a module that inherit from one of a library, which may call them."""
    classes = [unwrap(v)[0] for v in machine.globals.get(module, {}).values()]
    own = [c for c in classes if isinstance(c, ClassValue) and c.module == module and any(map(_calls_methods, c.bases))]
    return {m.symbol for c in own for v in c.names.values() if isinstance(m := unwrap(v)[0], FunctionValue)}


def _calls_methods(base: Value) -> bool:
    dotted = base.dotted if isinstance(base, External) else ""
    return bool(dotted) and not dotted.startswith(("builtins.", "abc.", "typing.", "typing_extensions.", "enum."))


def _gaps(tree: Tree, machine: Machine) -> tuple[Gap, ...]:
    """Python files of the program that were not read, statements that were given up, and imports of its modules that find nothing."""
    is_test = machine.project.is_test_file
    texts = {module.source.path: module.source.text for module in machine.project.modules.values()}
    unread = [
        UnreadFile(
            path, 0, why, *(said.search(texts.get(path, "conf @")) is not None for said in (_CONFIGURES, _DECLARES))
        )
        for path, why in tree.unread
        if path not in tree.excluded
        and not is_test(path)
        and (path.endswith(".py") or path in texts or why.startswith(_FOLDERS))
    ]
    missing = [gap for gap in machine.missing_imports if not is_test(gap.path)]
    made: list[Gap] = [
        UnreadFile(o.path, o.first, "une tâche y est faite de ce que l'audit ne suit pas", configures=False)
        for o in machine.unknown_tasks
        if not is_test(o.path)
    ]
    made += [UnregisteredTask(o.path, o.first, why) for o, why in machine.unregistered]
    given_up = (gap for place in machine.given_up if not is_test(place.path) for gap in _given_up(machine, place))
    return tuple(dict.fromkeys((*unread, *missing, *made, *given_up)))


def _given_up(machine: Machine, place: Origin) -> Iterator[UnreadFile]:
    """A statement that was given up, where its text, or that of the functions it may call, makes tasks or writes settings.

    What its names hold is known to be unknown, and the functions below it are read for themselves.
    """
    text = machine.sources[place.path].between(place.first, place.last)
    texts = [text, *(body for _, body in machine.graph.called_from(text, machine.followed))]
    configures = any(map(_CONFIGURES.search, texts))
    if configures or any(map(_REGISTERS.search, texts)):
        yield UnreadFile(place.path, place.first, _TOO_LONG, configures=configures)
