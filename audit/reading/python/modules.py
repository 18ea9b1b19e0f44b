"""Names the modules of a target as its imports do."""

import ast
import hashlib
import logging
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from audit.model.test_files import is_test_file
from audit.reading.python.syntax_cache import MOST_CHARACTERS, SyntaxCache
from audit.reading.source_files import Source, Tree, python_files

_logger = logging.getLogger(__name__)


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
    def package(self) -> str:
        """Package that relative imports start from."""
        return self.name if self.is_package else self.name.rpartition(".")[0]


@dataclass
class Project:
    """Modules by name; `packages` also holds folders without `__init__.py`; `program`, where the applications lie."""

    modules: dict[str, Module] = field(default_factory=dict)
    packages: set[str] = field(default_factory=set)
    program: tuple[str, ...] = ()

    @property
    def text_digest(self) -> str:
        """SHA-256, in hexadecimal, over the names and texts of all modules."""
        digest = hashlib.sha256()
        for name in sorted(self.modules):
            source = self.modules[name].source
            digest.update(hashlib.sha256(f"{name}\0{source.path}\0{source.text}".encode("utf-8", "replace")).digest())
        return digest.hexdigest()

    def is_test_file(self, path: str) -> bool:
        """Whether a file of the target is not of its program."""
        return is_test_file(path, self.program)


def read_project(tree: Tree, declared: tuple[str, ...] = (), most: int = MOST_CHARACTERS) -> Project:
    """Read and name every Python file.

    `declared` are dotted modules that say where imports start (`app.tasks.celery_app`). `most` is how many
    characters of program have their syntax trees in the cache at once.
    """
    project, cache = Project(), SyntaxCache(tree.unread, most)
    bases = _import_bases(tree, declared)
    for source in python_files(tree):
        name, is_package = _module_name(source.path, bases)
        if ":" in name:
            tree.unread.append((source.path, "nom de fichier qu'aucun import ne peut dire"))
        elif name and (name not in project.modules or _wins(source.path, project.modules[name].source.path)):
            project.modules[name] = Module(name, is_package, source, cache)
            parts = name.split(".")
            project.packages.update(".".join(parts[:end]) for end in range(1, len(parts)))
        elif name:
            _logger.debug("%s: not followed: %s is module %s", source.path, project.modules[name].source.path, name)
    _logger.debug("%d modules; imports start from %s", len(project.modules), ", ".join(b or "the root" for b in bases))
    return project


def _wins(path: str, other: str) -> bool:
    """Whether Python imports this file rather than the other: a package shadows a module of its name."""
    return path == f"{other.removesuffix('.py')}/__init__.py"


def _import_bases(tree: Tree, declared: tuple[str, ...]) -> list[str]:
    """Folders (`""`, `src/`) that imports are relative to, deepest first."""
    paths = set(tree.paths)
    bases = {""}
    if any(p.startswith("src/") for p in paths) and "src/__init__.py" not in paths:
        bases.add("src/")
    for module in declared:
        stem = module.replace(".", "/")
        for path in paths:
            for suffix in (f"{stem}.py", f"{stem}/__init__.py"):
                if stem and path.endswith(f"/{suffix}") and suffix not in paths:
                    bases.add(path.removesuffix(suffix))
    return sorted(bases, key=len, reverse=True)


def _module_name(path: str, bases: list[str]) -> tuple[str, bool]:
    base = next(b for b in bases if path.startswith(b))
    pure = PurePosixPath(path.removeprefix(base))
    parts = list(pure.with_suffix("").parts)
    is_package = parts[-1] == "__init__"
    return ".".join(parts[:-1] if is_package else parts), is_package
