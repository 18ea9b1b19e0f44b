"""Lists the modules that a worker's start begins with, from command lines, settings and applications."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from audit.model.facts import Process, Task
from audit.reading.celery.application_objects import configuration_of, defaults_of
from audit.reading.celery.application_settings import applications
from audit.reading.old_setting_names import modern
from audit.reading.python.abstract_values import exported, unwrap
from audit.reading.python.interpreter import Machine
from audit.reading.python.modules import Project
from audit.reading.python.reachability import Reach
from audit.reading.web.fastapi_objects import is_application, is_flask

_LISTS = frozenset({"imports", "include"})
_RUNS = re.compile(r"\bworker_main\b|\b(?:Worker|WorkController|Beat)\(|\bcelery\.(?:bin|__main__)\b")


@dataclass(frozen=True)
class WorkerStarts:
    """What is known of how the workers of a target start."""

    machine: Machine
    tasks: Sequence[Task]
    processes: Sequence[Process]

    @property
    def project(self) -> Project:
        """The modules there are."""
        return self.machine.project

    def reach(
        self, task_modules: frozenset[str] = frozenset(), *, django: bool = False, any_module: bool = False
    ) -> Reach:
        """What may run, from no module yet."""
        names = frozenset(task.name for task in self.tasks) | {task.symbol.replace(":", ".") for task in self.tasks}
        graph = self.machine.graph
        return Reach(self.project, graph, task_modules, names, django=django, any_module=any_module)

    @cached_property
    def started(self) -> set[str]:
        """Modules that the workers' command lines name; none when one of them is unknown."""
        found: set[str] = set()
        for process in self.processes:
            if "worker" not in process.role.split("+"):
                continue
            dotted = process.options.get("app", "").replace(":", ".")
            named = {name for name in self.project.modules if _names(dotted, name)}
            if not named:
                return set()
            included = process.options.get("include", "").split(",")
            found |= named | {f"{name}.celery" for name in named} | set(filter(None, included))
        scripts = {module.name for module in self.project.naming("worker_main")}
        return found | scripts if found else found

    @property
    def listed(self) -> set[str] | None:
        """Modules that `imports` and `include` of the applications name; None where these are unknown."""
        found: set[str] = set()
        for app in applications(self.machine):
            for table in (defaults_of(app), configuration_of(app)):
                values = [unwrap(v)[0] for k, v in table.items() if isinstance(k, str) and modern(k) in _LISTS]
                for value in map(exported, values):
                    names = [value] if isinstance(value, str) else value
                    texts = [n for n in names if isinstance(n, str)] if isinstance(names, list | tuple) else None
                    if texts is None or not isinstance(names, list | tuple) or len(texts) < len(names):
                        return None
                    found.update(texts)
        return found

    @cached_property
    def holders(self) -> dict[str, set[str]]:
        """Modules outside tests that hold a Celery application, each with the names it has there."""
        found = {}
        for module in self.without_tests(self.machine.globals):
            values = self.machine.globals[module].items()
            if names := {str(name) for name, value in values if self.machine.is_celery(unwrap(value)[0])}:
                found[module] = names
        return found

    @property
    def others(self) -> set[str]:
        """Modules that another command than `celery -A` may start: a server, which publishes, or a worker's script."""
        found = {module.name for module in self.project.naming(_RUNS)}
        for name, values in self.machine.globals.items():
            served = [unwrap(value)[0] for value in values.values()]
            if any(is_application(value) or is_flask(value) for value in served):
                found.add(name)
        return found

    def without_tests(self, names: Iterable[str]) -> set[str]:
        """These modules, but for those of tests."""
        return {name for name in names if not self.project.is_test_file(self.project.modules[name].source.path)}


def _names(dotted: str, module: str) -> bool:
    """Whether `-A dotted` may name this module from some working directory, with or without an attribute."""
    without = dotted.rpartition(".")[0]
    return bool(dotted) and f".{module}".endswith(tuple(f".{name}" for name in (dotted, without) if name))
