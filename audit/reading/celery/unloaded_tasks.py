"""Finds the modules of tasks that no worker loads, where reading is enough to tell."""

import re
from collections import defaultdict
from collections.abc import Sequence

from audit.model.facts import Unloaded
from audit.reading.celery.start_modules import WorkerStarts
from audit.reading.python.reachability import Reach
from audit.reading.source_files import Tree, read_text

_TEXTS = (".cfg", ".conf", ".env", ".ini", ".json", ".service", ".sh", ".toml", ".txt", ".yaml", ".yml")
_NAMED_TEXTS = ("dockerfile", "makefile", "procfile")
_LARGEST = 100_000
_WORD = re.compile(r"\w++")


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
    written = _written_elsewhere(tree, candidates)
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


def _written_elsewhere(tree: Tree, modules: Sequence[str]) -> set[str]:
    """Modules that a text of the project that is no Python names: a setting, an entry point, a command line."""
    aside, found = Tree(tree.root), set[str]()
    for path in tree.paths if modules else ():
        name = path.rpartition("/")[2].lower()
        if name.endswith(_TEXTS) or name.startswith(_NAMED_TEXTS):
            source = read_text(aside, path) if (tree.root / path).stat().st_size < _LARGEST else None
            found.update(module for module in modules if source and _names_module(source.text, module))
    return found


def _names_module(text: str, module: str) -> bool:
    return module in text and bool(re.search(rf"(?<![\w.]){re.escape(module)}(?![\w])", text))


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
