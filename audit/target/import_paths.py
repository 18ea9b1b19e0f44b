"""Finds the file of an imported module among the paths of a target, and the folder that its imports start from."""

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
