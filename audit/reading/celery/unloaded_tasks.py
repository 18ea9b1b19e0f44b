"""Finds the modules of tasks that no worker loads, where reading is enough to tell."""

import re
from collections import defaultdict
from collections.abc import Collection, Sequence

from audit.model.facts import Unloaded
from audit.reading.celery.application_objects import configuration_of
from audit.reading.celery.start_modules import WorkerStarts
from audit.reading.python.abstract_values import Conf, Instance
from audit.reading.python.reachability import Reach
from audit.reading.python.undo_log import doubt_flask, keep_writes
from audit.reading.source_files import Tree, read_text

_TEXTS = (".cfg", ".conf", ".env", ".ini", ".json", ".service", ".sh", ".toml", ".txt", ".yaml", ".yml")
_NAMED_TEXTS = ("dockerfile", "makefile", "procfile")
_LARGEST = 100_000
_WORD = re.compile(r"\w++")
_NONE = frozenset[str]()


def read_unloaded(starts: WorkerStarts, tree: Tree) -> tuple[Unloaded, ...]:
    """Modules of tasks, in the packages of the Celery applications, that no worker loads by what can be read."""
    project, graph, holders, listed = starts.project, starts.machine.graph, starts.holders, starts.listed
    own = {name for name, names in holders.items() if names & graph.modules[name].assigned}
    unread = [path for path, _ in tree.unread if path.endswith(".py") and not project.is_test_file(path)]
    if not own or listed is None or unread:
        return ()
    held = frozenset(task.symbol.partition(":")[0] for task in starts.tasks) & project.modules.keys()
    reach = starts.reach(held)
    reach.load(listed | own | (starts.started or holders.keys() - held))
    # What imports them is mostly near: looking there first spares reading the functions of the whole project.
    reach.call([name.rpartition(".")[2] for name in held - reach.modules])
    if held <= reach.modules:
        return ()
    reach.call()
    candidates = _candidates(starts, reach, held - own, own)
    written = _written_elsewhere(tree, candidates, {task.name for task in starts.tasks})
    # Where no command line says which module `-A` names, it may be any that holds the application.
    every = reach if starts.started or not candidates else reach.also(starts.holders)
    found = [name for name in candidates if name not in written and not _may_start(starts, reach, every, name)]
    late = _late_importers(starts, found)
    return tuple(Unloaded(module, tuple(late[module])) for module in found)


def _candidates(starts: WorkerStarts, reach: Reach, held: frozenset[str], own: set[str]) -> list[str]:
    modules, begun = starts.project.modules, starts.started or own
    packages = {name.partition(".")[0] for name in begun}
    alone = any("." not in name and not modules[name].is_package for name in begun if name in modules)
    near = {name for name in held if alone or name.partition(".")[0] in packages}
    return sorted(name for name in starts.without_tests(near) if not reach.may_load(name))


def _may_start(starts: WorkerStarts, reach: Reach, every: Reach, module: str) -> bool:
    """Whether another module that holds the application may load this one."""
    # One that nothing else asks for needs no start of its own, which would follow the whole project again.
    if starts.started or not every.may_request(module):
        return False
    return reach.also(starts.holders.keys() - {module}).may_load(module)


def _written_elsewhere(tree: Tree, modules: Sequence[str], tasks: Collection[str]) -> set[str]:
    """Modules that a text of the project that is no Python names: a setting, an entry point, a command line.

    The name of a task, as a schedule has it, loads nothing.
    """
    aside, found = Tree(tree.root), set[str]()
    for path in tree.paths if modules else ():
        name = path.rpartition("/")[2].lower()
        if name.endswith(_TEXTS) or name.startswith(_NAMED_TEXTS):
            source = read_text(aside, path) if (tree.root / path).stat().st_size < _LARGEST else None
            found.update(module for module in modules if source and _names_module(source.text, module, tasks))
    return found


def _names_module(text: str, module: str, tasks: Collection[str]) -> bool:
    found = re.findall(rf"(?<![\w.]){re.escape(module)}(?!\w)(?:\.\w+)?", text) if module in text else []
    return any(name not in tasks for name in found)


def _late_importers(starts: WorkerStarts, modules: Sequence[str]) -> dict[str, list[str]]:
    """Functions that import each of these modules, outside tests."""
    project, graph = starts.project, starts.machine.graph
    by_word = defaultdict[str, set[str]](set)
    for module in modules:
        by_word[module.rpartition(".")[2]].add(module)
    found = {module: list[str]() for module in modules}
    for name in sorted(starts.without_tests(project.modules) if modules else ()):
        other = project.modules[name]
        words = by_word.keys() & _WORD.findall(other.source.text)
        mentioned = {module for word in words for module in by_word[word] if module != name}
        for qualified, _, place in graph.definitions[name] if mentioned else ():
            for module in mentioned.intersection(graph.body(other, place).imports):
                found[module].append(f"{name}:{qualified}")
    return found


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
