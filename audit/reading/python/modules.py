"""Names the modules of a target as its imports do."""

import ast
import hashlib
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import Any

from audit.model.test_files import is_test_file
from audit.model.unknown import UNKNOWN
from audit.reading.python.import_roots import import_roots
from audit.reading.python.syntax_cache import MOST_CHARACTERS, SyntaxCache
from audit.reading.source_files import Source, Tree, python_files, read_text

_logger = logging.getLogger(__name__)
_REQUIREMENTS = re.compile(
    r"(?i)(?:^|/)(?:[\w.\-]*requirements[\w.\-/]*\.(?:txt|in)|requires\.txt|setup\.(?:py|cfg)|pyproject\.toml|Pipfile|PKG-INFO|METADATA)$"
)


@dataclass(frozen=True)
class Module:
    """One Python file of the target."""

    name: str
    is_package: bool
    source: Source
    cache: SyntaxCache = field(compare=False, repr=False)

    @property
    def tree(self) -> ast.Module:
        """Its syntax tree, empty when this Python cannot parse it; parsed again where it was dropped."""
        return self.cache.tree(self)

    @property
    def is_unparsed(self) -> bool:
        """Whether its tree, asked for before, is empty because it cannot be parsed."""
        return self.source.path in self.cache.unparsed

    @property
    def package(self) -> str:
        """Package that relative imports start from."""
        return self.name if self.is_package else self.name.rpartition(".")[0]


_WORDS = {
    **dict.fromkeys(("true", "on", "yes", "y", "t", "1"), True),
    **dict.fromkeys(("false", "off", "no", "n", "f", "0"), False),
}


@dataclass
class Project:
    """Modules by name; `packages` also holds folders without `__init__.py`; `program`, where the applications lie.

    `roots` are the folders that absolute imports start from, deepest first; `excluded`, the paths that the target leaves out.
    """

    modules: dict[str, Module] = field(default_factory=dict)
    packages: set[str] = field(default_factory=set)
    program: tuple[str, ...] = ()
    roots: list[str] = field(default_factory=list)
    excluded: tuple[str, ...] = ()
    # What every process of Celery that is given a variable is given in it.
    deployed: Mapping[str, str] = field(default_factory=dict)
    # What the variables of its processes hold, None for a process that is not given one.
    environment: Mapping[str, tuple[str | None, ...]] = field(default_factory=dict)
    tree: Tree | None = None
    # The texts that list what the project needs.
    requirements: tuple[str, ...] = ()
    # The scripts of Redis, by path.
    scripts: Mapping[str, str] = field(default_factory=dict)
    _held: dict[re.Pattern[str], bool] = field(default_factory=dict)

    def variable(self, name: str, default: Any) -> Any:
        """What a variable holds for those who read it with this default; UNKNOWN where that differs from process to process."""
        texts = self.environment.get(name, (None,))
        values = [default if text is None else text for text in texts]
        return values[0] if all(str(value) == str(values[0]) for value in values) else UNKNOWN

    def option(self, name: str, default: Any) -> Any:
        """The same for a library that makes of a text what the default is; where nothing is, what reads as another type is not known."""
        text = self.variable(name, default)
        if text is default or not isinstance(text, str) or isinstance(default, str):
            return text
        if isinstance(default, bool):
            return _WORDS.get(text.lower(), UNKNOWN)
        numeric = re.fullmatch(r"-?\d+(\.\d+)?", text)
        if isinstance(default, int | float):
            return type(default)(float(text)) if numeric else UNKNOWN
        return UNKNOWN if numeric or text.lower() in _WORDS or default is not UNKNOWN else text

    def add(self, module: Module) -> None:
        """Add a module. Of two of one name, Python imports the package, else the first; the other is known by its path."""
        other = self.modules.get(module.name)
        if other is not None and module.source.path == f"{other.source.path.removesuffix('.py')}/__init__.py":
            self.modules[module.name], module = module, other
        if module.name in self.modules:
            module = replace(module, name=_module_name(module.source.path, [""])[0])
            # Nothing can import a module that a package of its name hides.
            if module.name in self.modules:
                return
        self.modules[module.name] = module
        parts = module.name.split(".")
        self.packages.update(".".join(parts[:end]) for end in range(1, len(parts)))

    def holds(self, text: re.Pattern[str]) -> bool:
        """Whether a module holds such a text, as it is when this is first asked."""
        if text not in self._held:
            self._held[text] = any(text.search(module.source.text) for module in self.modules.values())
        return self._held[text]

    def naming(self, text: str | re.Pattern[str] = "") -> list["Module"]:
        """The modules that hold a text."""
        if isinstance(text, str):
            return [module for module in self.modules.values() if text in module.source.text]
        return [module for module in self.modules.values() if text.search(module.source.text)]

    def own(self, text: str | re.Pattern[str] = "") -> list["Module"]:
        """The modules of the program that hold a text, those of tests apart."""
        return [module for module in self.naming(text) if not self.is_test_file(module.source.path)]

    @property
    def text_digest(self) -> str:
        """SHA-256, in hexadecimal, over the names and texts of all modules."""
        digest = hashlib.sha256()
        for name in sorted(self.modules):
            source = self.modules[name].source
            digest.update(hashlib.sha256(f"{name}\0{source.path}\0{source.text}".encode("utf-8", "replace")).digest())
        return digest.hexdigest()

    @property
    def test_modules(self) -> frozenset[str]:
        """Names of the modules that are not of the program."""
        return frozenset(name for name, module in self.modules.items() if self.is_test_file(module.source.path))

    def is_test_file(self, path: str) -> bool:
        """Whether a file of the target is not of its program."""
        return is_test_file(path, self.program)


def read_project(tree: Tree, declared: tuple[str, ...] = (), most: int = MOST_CHARACTERS) -> Project:
    """Read and name every Python file.

    `declared` are dotted modules that say where imports start (`app.tasks.celery_app`). `most` is how many
    characters of program have their syntax trees in the cache at once.
    """
    project, cache = Project(excluded=tuple(tree.excluded), tree=tree), SyntaxCache(tree.unread, most)
    needed = (read_text(tree, path) for path in tree.paths if _REQUIREMENTS.search(path))
    project.requirements = tuple(source.text for source in needed if source)
    scripts = (read_text(tree, path) for path in tree.paths if path.endswith(".lua"))
    project.scripts = {source.path: source.text for source in scripts if source}
    sources = list(python_files(tree))
    project.roots = import_roots(tree.paths, (source.text for source in sources), tuple(filter(None, declared)))
    for source in sources:
        name, is_package = _module_name(source.path, project.roots)
        if ":" in name:
            tree.unread.append((source.path, "nom de fichier qu'aucun import ne peut dire"))
        elif name:
            project.add(Module(name, is_package, source, cache))
    roots = ", ".join(root or "the root" for root in project.roots)
    _logger.debug("%d modules; imports start from %s", len(project.modules), roots)
    return project


def _module_name(path: str, bases: list[str]) -> tuple[str, bool]:
    base = next(b for b in bases if path.startswith(b))
    pure = PurePosixPath(path.removeprefix(base))
    # A folder or a file with a dot in its name, as `gunicorn.conf.py`, is none of a package `gunicorn`.
    parts = [part.replace(".", "-") for part in pure.with_suffix("").parts]
    if pure.suffix != ".py":
        # A script: `python` runs it, and no import finds it.
        return ".".join((*parts, "__main__")), False
    is_package = parts[-1] == "__init__"
    return ".".join(parts[:-1] if is_package else parts), is_package
