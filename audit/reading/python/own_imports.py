"""Imports of the project's own code that no file read answers to: what they would have loaded was not read."""

import ast
import re
from collections.abc import Iterable, Iterator
from functools import cached_property

from audit.model.gaps import ExcludedCode, Gap, UnresolvedImport
from audit.reading.python.child_nodes import children
from audit.reading.python.modules import Module, Project
from audit.target.import_paths import imported_module

# Written by a build, never by hand: nothing of what rules look for is in them.
_GENERATED = ("_version", "version", "__version__")
_GENERATED_ENDS = ("_pb2", "_pb2_grpc")
# The package of a namespace that several distributions share, where it is not empty of files.
_SHARED = re.compile(r"\bextend_path\b|\bdeclare_namespace\b")
_IMPORT_ERRORS = frozenset({"ImportError", "ModuleNotFoundError", "Exception", "BaseException"})


class OwnImports:
    """Tells which imports should have found a module of this project."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._excluded = {path.removesuffix(".py").replace("/", ".") for path in project.excluded}

    @cached_property
    def _tops(self) -> frozenset[str]:
        return frozenset(name.partition(".")[0] for name in (*self._project.modules, *self._project.packages))

    def missing(self, module: Module, body: Iterable[ast.AST]) -> Iterator[Gap]:
        """The imports of these statements, not of the functions they define, that find nothing; guarded ones may."""
        for node in _imports(body):
            for name in self._names(module, node):
                if gap := self._gap(module, node.lineno, name):
                    yield gap

    def _names(self, module: Module, node: ast.Import | ast.ImportFrom) -> Iterator[str]:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
            return
        name = imported_module(node, module.package)
        yield name
        if name in self._project.packages and name not in self._project.modules:
            yield from (f"{name}.{alias.name}" for alias in node.names if alias.name != "*")

    def _gap(self, module: Module, line: int, name: str) -> Gap | None:
        if not name or name in self._project.modules or name in self._project.packages:
            return None
        path, last = module.source.path, name.rpartition(".")[2]
        parts = name.split(".")
        if any(".".join(parts[:end]) in self._excluded for end in range(1, len(parts) + 1)):
            return ExcludedCode(path, line, name)
        if parts[0] not in self._tops or last in _GENERATED or last.endswith(_GENERATED_ENDS):
            return None
        if any(self._is_required(".".join(parts[:end])) for end in range(2, len(parts) + 1)):
            return None
        return UnresolvedImport(path, line, name)

    def _is_required(self, package: str) -> bool:
        """Whether a package that is not here is one that the project asks to be installed, in a namespace that both share."""
        modules, above = self._project.modules, package.rpartition(".")[0]
        if package in modules or package in self._project.packages:
            return False
        if above in modules and not _SHARED.search(modules[above].source.text):
            return False
        named = re.compile(rf"(?i)(?<![\w.-]){re.sub('[._]', '[-._]', package)}(?![\w-]|\.[a-z])")
        return any(named.search(text) for text in self._project.requirements)


def _imports(body: Iterable[ast.AST]) -> Iterator[ast.Import | ast.ImportFrom]:
    pending = list(body)
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node
        elif isinstance(node, ast.Try) and any(map(_catches_imports, node.handlers)):
            pending += [*node.handlers, *node.orelse, *node.finalbody]
        elif isinstance(node, ast.With) and any(map(_suppresses_imports, node.items)):
            continue
        elif isinstance(node, ast.If) and _type_checking(node.test):
            pending += node.orelse
        elif isinstance(node, ast.stmt | ast.ExceptHandler) and not isinstance(
            node, ast.FunctionDef | ast.AsyncFunctionDef
        ):
            pending += [child for child in children(node) if isinstance(child, ast.stmt | ast.ExceptHandler)]


def _catches_imports(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    types = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(getattr(t, "id", getattr(t, "attr", "")) in _IMPORT_ERRORS for t in types)


def _suppresses_imports(item: ast.withitem) -> bool:
    """`with suppress(ImportError):`, under any name of the function."""
    call = item.context_expr
    names = (getattr(a, "id", getattr(a, "attr", "")) for a in call.args) if isinstance(call, ast.Call) else ()
    return not _IMPORT_ERRORS.isdisjoint(names)


def _type_checking(test: ast.expr) -> bool:
    return getattr(test, "id", getattr(test, "attr", "")) == "TYPE_CHECKING"
