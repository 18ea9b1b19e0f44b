"""Says which module an import names, and which file of a target that module is."""

import ast
from collections.abc import Iterable


def file_of(symbol: str, paths: Iterable[str]) -> str:
    """The file of `package.module:name` among these: the nearest to the root that bears its name; empty without one."""
    module = symbol.partition(":")[0].replace(".", "/")
    ends = (f"/{module}.py", f"/{module}/__init__.py")
    return min((p for p in paths if f"/{p}".endswith(ends)), key=lambda p: (p.count("/"), p), default="")


def import_base(symbol: str, file: str) -> str:
    """The folder from which the module of this symbol is imported, with its slash; empty at the root."""
    module = symbol.partition(":")[0].replace(".", "/")
    return file.removesuffix(".py").removesuffix("/__init__").removesuffix(module)


def is_relative(node: ast.Import | ast.ImportFrom) -> bool:
    """Whether an import begins with a dot: what it names is the target's own."""
    return isinstance(node, ast.ImportFrom) and bool(node.level)


def imported_module(node: ast.ImportFrom, package: str) -> str:
    """The module that `from … import` reads, in a module of this package; empty beyond the outermost package.

    Without a package, `from . import` is read from the root: the target may be a package itself.
    """
    if not node.level:
        return node.module or ""
    parts = package.split(".") if package else []
    around = len(parts) - node.level + 1
    return ".".join([*parts[:around], *filter(None, [node.module])]) if around >= 0 else ""


def imported_names(node: ast.Import | ast.ImportFrom, package: str) -> list[str]:
    """Dotted names of the modules that an import may load: `from a import b` may load `a.b`."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    module = imported_module(node, package)
    return [module, *(f"{module}.{alias.name}" if module else alias.name for alias in node.names)]
