"""Takes back, from the settings of an application, the writes of modules that its start does not load."""

from audit.reading.celery.application_objects import configuration_of
from audit.reading.celery.start_modules import WorkerStarts
from audit.reading.python.abstract_values import Conf, Instance
from audit.reading.python.undo_log import doubt_flask, keep_writes

_NONE = frozenset[str]()


def keep_loaded_writes(starts: WorkerStarts, app: Instance | None, declared: str) -> None:
    """Take back what modules that are not loaded write, and leave in doubt what those that may be loaded write."""
    ignored, doubted = _not_loaded(starts, app, declared)
    for other in starts.machine.celery_instances if ignored or doubted else ():
        keep_writes(configuration_of(other), ignored, doubted)
    for other in starts.machine.celery_instances:
        doubt_flask(configuration_of(other), configured=_starts_flask(starts, configuration_of(other)))


def _starts_flask(starts: WorkerStarts, conf: Conf) -> bool:
    """Whether what the workers' command lines name may load a module that makes Flask configure this application."""
    if not starts.started or not conf.by_flask:
        return True
    maybe = starts.reach()
    maybe.load(starts.started | (starts.listed or set()))
    maybe.call()
    return any(name in maybe.modules or maybe.may_load(name) for name in conf.by_flask)


def _not_loaded(starts: WorkerStarts, app: Instance | None, declared: str) -> tuple[frozenset[str], frozenset[str]]:
    """The modules that write this application's settings and that its start does not load, and those that it may load.

    `declared` is the application as the target's description names it. Where neither it nor the workers' command lines
    say what `-A` names, it may be any module that holds the application.
    """
    conf = configuration_of(app) if app else None
    modules = starts.project.modules
    writers = conf.writers & modules.keys() if conf is not None else set()
    if app is None or conf is None or not writers - {conf.home}:
        return _NONE, _NONE
    built = {conf.home} if conf.home in modules else _built(starts, app)
    if not built:
        return _NONE, _NONE
    named = {name for name in (declared.partition(":")[0], declared.rpartition(".")[0]) if name in modules}
    named |= starts.started
    # Django finds modules of any name in its applications: those are loaded, maybe.
    sure = starts.reach(django=True)
    sure.load(built | named)
    aside = writers - sure.modules
    if not aside:
        return _NONE, _NONE
    listed = starts.listed
    more = starts.without_tests(starts.others | (set() if named else starts.holders.keys()))
    maybe = starts.reach(any_module=listed is None)
    maybe.load(built | named | (listed or set()) | more)
    maybe.call()
    doubted = aside & maybe.modules | {name for name in starts.without_tests(aside) if maybe.may_load(name)}
    return frozenset(aside - doubted), frozenset(doubted)


def _built(starts: WorkerStarts, app: Instance) -> set[str]:
    path = app.origin.path if app.origin else ""
    return {name for name, module in starts.project.modules.items() if module.source.path == path}
