"""Modules of tasks that no worker loads, where reading is enough to tell."""

import re
from collections.abc import Sequence

from audit.model.facts import Process, Task, Unloaded
from audit.reading.celery.application_settings import applications
from audit.reading.celery.old_setting_names import modern
from audit.reading.celery.worker_imports import Start
from audit.reading.python.abstract_values import exported, unwrap
from audit.reading.python.executed_names import executed
from audit.reading.python.interpreter import Machine
from audit.reading.python.modules import Project
from audit.reading.python.syntax_cache import definitions
from audit.reading.source_files import Tree, read_text

_TEXTS = (".cfg", ".conf", ".env", ".ini", ".json", ".service", ".sh", ".toml", ".txt", ".yaml", ".yml")
_NAMED_TEXTS = ("dockerfile", "makefile", "procfile")
_LARGEST = 100_000
_LISTS = frozenset({"imports", "include"})


def read_unloaded(
    machine: Machine, tree: Tree, tasks: Sequence[Task], processes: Sequence[Process]
) -> tuple[Unloaded, ...]:
    """Modules of tasks, in the packages of the Celery applications, that no worker loads by what can be read."""
    project = machine.project
    holders = module_holders(machine)
    own = {name for name, names in holders.items() if names & machine.executed[name].bound}
    held = frozenset(task.symbol.partition(":")[0] for task in tasks) & project.modules.keys()
    listed = listed_modules(machine)
    if (
        not own
        or listed is None
        or any(path.endswith(".py") and not project.is_test_file(path) for path, _ in tree.unread)
    ):
        return ()
    started = started_modules(project, processes)
    alike = {task.name for task in tasks} | {task.symbol.replace(":", ".") for task in tasks}
    start = Start(machine, held, frozenset(alike))
    start.load(listed | own | (started or holders.keys() - held))
    # What imports them is mostly near: looking there first spares reading the functions of the whole project.
    start.call([name.rpartition(".")[2] for name in held - start.modules])
    if held <= start.modules:
        return ()
    start.call()
    # Nobody says which module `-A` names: it may be any that holds the application.
    every = start if started else start.also(holders)
    candidates, found = sorted(_candidates(start, held - own, started or own)), []
    written = _written_elsewhere(tree, candidates)
    for module in candidates:
        # One that nothing else asks for needs no start of its own, which would read the whole project again.
        whole = start if started else start.also(holders.keys() - {module}) if every.may_ask_for(module) else None
        loaded = whole is not None and whole.may_load(module)
        if not loaded and module not in written:
            found.append(module)
    late = _late_importers(project, found)
    return tuple(Unloaded(module, tuple(late[module])) for module in found)


def listed_modules(machine: Machine) -> set[str] | None:
    """Modules that `imports` and `include` of the applications come to, however they are put together; None when unread."""
    found: set[str] = set()
    for app in applications(machine):
        for table in (app.fields["defaults"], app.fields["conf"]):
            values = [exported(unwrap(v)[0]) for k, v in table.items() if isinstance(k, str) and modern(k) in _LISTS]
            for value in values:
                names = [value] if isinstance(value, str) else value
                if not isinstance(names, list | tuple | set | frozenset) or not all(isinstance(n, str) for n in names):
                    return None
                found.update(names)
    return found


def module_holders(machine: Machine) -> dict[str, set[str]]:
    """Modules outside tests that hold a Celery application, each with the names it has there."""
    found = {}
    for module, values in machine.globals.items():
        names = {name for name, value in values.items() if machine.is_celery(unwrap(value)[0])}
        if names and not machine.project.is_test_file(machine.project.modules[module].source.path):
            found[module] = names
    return found


def _candidates(start: Start, held: frozenset[str], begun: set[str]) -> set[str]:
    modules = start.project.modules
    packages = {name.partition(".")[0] for name in begun}
    alone = any("." not in name and not modules[name].is_package for name in begun if name in modules)
    own = {name for name in held if alone or name.partition(".")[0] in packages}
    written = {name for name in own if not start.project.is_test_file(modules[name].source.path)}
    return {name for name in written if not start.may_load(name)}


def started_modules(project: Project, processes: Sequence[Process]) -> set[str]:
    """Modules that the workers' command lines name; none when one of them cannot be told."""
    found: set[str] = set()
    for process in processes:
        if "worker" not in process.role.split("+"):
            continue
        dotted = process.options.get("app", "").replace(":", ".")
        named = {n for n in project.modules if _names(dotted, n)}
        if not named:
            return set()
        included = process.options.get("include", "").split(",")
        found |= named | {f"{name}.celery" for name in named} | set(filter(None, included))
    scripts = {name for name, module in project.modules.items() if "worker_main" in module.source.text}
    return found | scripts if found else found


def _names(dotted: str, module: str) -> bool:
    """Whether `-A dotted` may name this module from some working directory, with or without an attribute."""
    without = dotted.rpartition(".")[0]
    return bool(dotted) and f".{module}".endswith(tuple(f".{name}" for name in (dotted, without) if name))


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


def _late_importers(project: Project, modules: Sequence[str]) -> dict[str, list[str]]:
    """Functions that import each of these modules, outside tests."""
    last = {module: module.rpartition(".")[2] for module in modules}
    words, found = set(last.values()), {module: list[str]() for module in modules}
    for name in sorted(project.modules):
        other = project.modules[name]
        said = {word for word in words if word in other.source.text}
        if not said or project.is_test_file(other.source.path):
            continue
        for qualified, _, node in definitions(other.tree):
            for module in dict.fromkeys(executed(other, node.body).imports):
                if module in found and module != name and last[module] in said:
                    found[module].append(f"{name}:{qualified}")
    return found
