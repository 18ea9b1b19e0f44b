"""What may run while a worker starts, and so which modules it may load.

It is taken too wide rather than too narrow: a function may run when any code that may run mentions its name.
"""

import re
from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass, field

from audit.reading.python.executed_names import ENVIRONMENT, Executed, Waiting, executed, related_names
from audit.reading.python.interpreter import Machine
from audit.reading.python.modules import Module, Project

# What imports a module by a name worked out while running, and what lists the files of a folder.
_DYNAMIC = frozenset(
    (
        "__import__", "find_modules", "import_by_path", "import_from_cwd", "import_module", "import_string", "load_module",
        "run_module", "symbol_by_name",
    )
)  # fmt: skip
_LISTING = frozenset(
    ("glob", "iglob", "iter_modules", "iterdir", "listdir", "rglob", "scandir", "walk", "walk_packages")
)


@dataclass
class Start:
    """What may run while a worker starts. `unsure`: modules of any name may be loaded too.

    `held` are the modules of tasks, `task_names` what their tasks may be called. `asked`: names, packages around them
    included, that something else than the module of that name asks for.
    """

    machine: Machine
    held: frozenset[str]
    task_names: frozenset[str]
    modules: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    strings: set[str] = field(default_factory=set)
    waiting: list[Waiting] = field(default_factory=list)
    dynamic: list[tuple[str, set[str]]] = field(default_factory=list)
    asked: set[str] = field(default_factory=set)
    django: bool = False
    unsure: bool = False

    @property
    def project(self) -> Project:
        """The modules there are."""
        return self.machine.project

    def also(self, modules: Iterable[str]) -> "Start":
        """The same start, with more modules to begin with."""
        twin = copy(self)
        for name in ("modules", "names", "strings", "waiting", "dynamic", "asked"):
            setattr(twin, name, copy(getattr(self, name)))
        roots = list(modules)
        for root in roots:
            twin.asked.update(_around(root)[:-1])
        twin.load(roots)
        twin.call()
        return twin

    def load(self, modules: Iterable[str]) -> None:
        """Load modules and those that they import, without a look at their functions."""
        pending = list(modules)
        while pending:
            pending += self._load(pending.pop())

    def call(self, words: Iterable[str] = ("",)) -> None:
        """Call every function that may be called by now, and load what it imports, until there is no other.

        Functions of modules that hold none of these words are left out: they import no module of that name.
        """
        while called := self._called(words):
            for function in called:
                block = executed(function.module, function.place.node().body)
                self.load(self._mention(function.module, block))

    def _load(self, dotted: str) -> list[str]:
        """A module and the packages around it; what they import in turn."""
        found = list[str]()
        for name in _around(dotted):
            module = self.project.modules.get(name)
            if module is not None and name not in self.modules:
                self.modules.add(name)
                found += self._mention(module, self.machine.executed[name])
        return found

    def _called(self, words: Iterable[str]) -> list[Waiting]:
        texts = {f.module.name: f.module.source.text for f in self.waiting}
        near = {name for name, text in texts.items() if any(word in text for word in words)}
        called = [f for f in self.waiting if f.module.name in near and (f.by_itself or f.name in self.names)]
        gone = set(map(id, called))
        self.waiting = [f for f in self.waiting if id(f) not in gone]
        return called

    def _mention(self, module: Module, block: Executed) -> list[str]:
        self.names |= block.names
        self.strings |= block.strings
        self.waiting += block.waiting
        if not _DYNAMIC.isdisjoint(block.names):
            self.dynamic.append((module.name, block.names))
        told = [*block.imports, *self._named(block.strings), *self._discovered(block)]
        self.asked.update(name for dotted in told for name in _around(dotted) if name != module.name)
        return [*told, *self._django(block.imports)]

    def _named(self, strings: set[str]) -> list[str]:
        """Modules that texts name, as `imports`, `INSTALLED_APPS` or `import_string` do; a task's name is none."""
        found = []
        for text in strings - self.task_names:
            dotted = text.replace(":", ".").strip(".")
            while dotted and dotted not in self.project.modules:
                dotted = dotted.rpartition(".")[0]
            found += [dotted] if dotted else []
        return found

    def _discovered(self, block: Executed) -> list[str]:
        related = related_names(block.discoveries)
        self.unsure |= related is None
        return self._ending(related or set())

    def _django(self, imports: list[str]) -> list[str]:
        """With Django, modules of any name may be found in each application: all but those whose loading is asked."""
        if self.django or not any(name.partition(".")[0] == "django" for name in imports):
            return []
        self.django = True
        every = [name for name in self.project.modules if name not in self.held]
        self.asked.update(name for dotted in every for name in _around(dotted))
        return every

    def _ending(self, last: Iterable[str]) -> list[str]:
        wanted = set(last)
        return [name for name in self.project.modules if name.rpartition(".")[2] in wanted] if wanted else []

    def may_load(self, module: str) -> bool:
        """Whether this module is loaded, or may be by a name that is worked out while running."""
        return module in self.modules or self._by_a_name_worked_out(module)

    def may_ask_for(self, module: str) -> bool:
        """Whether something else than this module may load it; where nothing does, a start without it loads it no more."""
        return module in self.asked or self._by_a_name_worked_out(module)

    def _by_a_name_worked_out(self, module: str) -> bool:
        if self.unsure:
            return True
        last = module.rpartition(".")[2]
        told = self.dynamic and any(re.split(r"[.:]", text)[-1] == last for text in self.strings)
        return bool(told) or any(
            self._from_outside(n, names) or self._lists(n, names, module) for n, names in self.dynamic
        )

    def _from_outside(self, loader: str, names: set[str]) -> bool:
        """Whether a block that imports by name takes that name from the environment."""
        return not (ENVIRONMENT | self.machine.executed[loader].from_outside).isdisjoint(names)

    def _lists(self, loader: str, names: set[str], module: str) -> bool:
        """Whether what imports the files of a folder may do so around this module: below its own package, or one it imports."""
        if _LISTING.isdisjoint(names):
            return False
        own = self.project.modules[loader]
        climbs = len(re.findall(r"\.parent\b|\bdirname\(|\bparents\b", own.source.text)) > 1
        block = self.machine.executed[loader]
        below = {own.package.partition(".")[0] if climbs else own.package, *block.imports}
        below -= {name for name in block.imports if any(other.startswith(f"{name}.") for other in block.imports)}
        return any(f"{module}.".startswith(f"{package}.") for package in below)


def _around(dotted: str) -> list[str]:
    """The packages around a module, from the outside in, then the module itself."""
    parts = dotted.split(".")
    return [".".join(parts[:end]) for end in range(1, len(parts) + 1)]
