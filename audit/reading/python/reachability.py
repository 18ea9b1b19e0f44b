"""Computes which modules and functions may run once some modules are loaded.

It over-approximates: a function may run when reachable code mentions its name, and a module may be loaded when
reachable code names it.
"""

import re
from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass, field

from audit.model.word_tables import word_set
from audit.reading.python.call_graph import ENVIRONMENT, Block, CallGraph, FunctionNode, discovered_names
from audit.reading.python.modules import Module, Project

# What imports a module by a name worked out while running, and what lists the files of a folder.
_DYNAMIC = word_set("""
    __import__ find_modules import_by_path import_from_cwd import_module import_string load_module run_module
    symbol_by_name
""")
_LISTING = word_set("glob iglob iter_modules iterdir listdir rglob scandir walk walk_packages")


@dataclass
class Reach:
    """What may run once some modules are loaded.

    `task_modules` hold tasks, and `task_names` are not names of modules. `requested`: modules, and packages around
    them, that another module loads. `dynamic`: the names in each block that imports by a name worked out while
    running, with the block's module. `any_module`: modules of any name may be loaded too.
    """

    project: Project
    graph: CallGraph
    task_modules: frozenset[str]
    task_names: frozenset[str]
    modules: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    strings: set[str] = field(default_factory=set)
    uncalled: list[FunctionNode] = field(default_factory=list)
    dynamic: list[tuple[str, set[str]]] = field(default_factory=list)
    requested: set[str] = field(default_factory=set)
    django: bool = False
    any_module: bool = False

    def also(self, modules: Iterable[str]) -> "Reach":
        """What may run from more modules on."""
        twin = copy(self)
        for name in ("modules", "names", "strings", "uncalled", "dynamic", "requested"):
            setattr(twin, name, copy(getattr(self, name)))
        roots = list(modules)
        for root in roots:
            twin.requested.update(_around(root)[:-1])
        twin.load(roots)
        twin.call()
        return twin

    def load(self, modules: Iterable[str]) -> None:
        """Load modules and those that they import, without a look at their functions."""
        pending = list(modules)
        while pending:
            for name in _around(pending.pop()):
                module = self.project.modules.get(name)
                if module is not None and name not in self.modules:
                    self.modules.add(name)
                    pending += self._follow(module, self.graph.modules[name])

    def call(self, words: Iterable[str] = ("",)) -> None:
        """Call every function that may be called by now, and load what it imports, until there is no other.

        Functions of modules that hold none of these words are left out: they import no module of that name.
        """
        while called := self._callable(words):
            for function in called:
                self.load(self._follow(function.module, self.graph.body(function.module, function.place)))

    def _callable(self, words: Iterable[str]) -> list[FunctionNode]:
        texts = {f.module.name: f.module.source.text for f in self.uncalled}
        near = {name for name, text in texts.items() if any(word in text for word in words)}
        called, uncalled = list[FunctionNode](), list[FunctionNode]()
        for function in self.uncalled:
            may_run = function.module.name in near and (function.by_itself or function.name in self.names)
            (called if may_run else uncalled).append(function)
        self.uncalled = uncalled
        return called

    def _follow(self, module: Module, block: Block) -> list[str]:
        """Add the edges of a block; the modules that it loads."""
        self.names |= block.names
        self.strings |= block.strings
        self.uncalled += block.functions
        if not _DYNAMIC.isdisjoint(block.names):
            self.dynamic.append((module.name, block.names))
        loaded = [*block.imports, *self._named(block.strings), *self._discovered(block)]
        self.requested.update(name for dotted in loaded for name in _around(dotted) if name != module.name)
        return [*loaded, *self._django(block.imports)]

    def _named(self, strings: set[str]) -> list[str]:
        """Modules that texts name, as `imports`, `INSTALLED_APPS` or `import_string` do; a task's name is none."""
        found = []
        for text in strings - self.task_names:
            dotted = text.replace(":", ".").strip(".")
            while dotted and dotted not in self.project.modules:
                dotted = dotted.rpartition(".")[0]
            found += [dotted] if dotted else []
        return found

    def _discovered(self, block: Block) -> list[str]:
        wanted = discovered_names(block.discoveries)
        self.any_module |= wanted is None
        return [name for name in self.project.modules if name.rpartition(".")[2] in wanted] if wanted else []

    def _django(self, imports: list[str]) -> list[str]:
        """With Django, modules of any name may be found in each application: all but those whose loading is asked."""
        if self.django or not any(name.partition(".")[0] == "django" for name in imports):
            return []
        self.django = True
        every = [name for name in self.project.modules if name not in self.task_modules]
        self.requested.update(name for dotted in every for name in _around(dotted))
        return every

    def may_load(self, module: str) -> bool:
        """Whether this module is loaded, or may be by a name that is worked out while running."""
        return module in self.modules or self._may_name(module)

    def may_request(self, module: str) -> bool:
        """Whether another module may load this one; where none does, it is loaded only as a root."""
        return module in self.requested or self._may_name(module)

    def _may_name(self, module: str) -> bool:
        """Whether an import by a name that is worked out while running may be of this module."""
        if self.any_module:
            return True
        last = module.rpartition(".")[2]
        named = self.dynamic and any(re.split(r"[.:]", text)[-1] == last for text in self.strings)
        return bool(named) or any(
            self._reads_environment(n, names) or self._lists(n, names, module) for n, names in self.dynamic
        )

    def _reads_environment(self, loader: str, names: set[str]) -> bool:
        """Whether a block that imports by name takes that name from the environment."""
        return not (ENVIRONMENT | self.graph.modules[loader].from_environment).isdisjoint(names)

    def _lists(self, loader: str, names: set[str], module: str) -> bool:
        """Whether a block that imports the files of a folder may import this module."""
        if _LISTING.isdisjoint(names):
            return False
        own = self.project.modules[loader]
        climbs = len(re.findall(r"\.parent\b|\bdirname\(|\bparents\b", own.source.text)) > 1
        imports = self.graph.modules[loader].imports
        below = {own.package.partition(".")[0] if climbs else own.package, *imports}
        below -= {name for name in imports if any(other.startswith(f"{name}.") for other in imports)}
        return any(f"{module}.".startswith(f"{package}.") for package in below)


def _around(dotted: str) -> list[str]:
    """The packages around a module, from the outside in, then the module itself."""
    parts = dotted.split(".")
    return [".".join(parts[:end]) for end in range(1, len(parts) + 1)]
