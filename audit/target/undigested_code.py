"""Finds the application's files that the tree digest does not cover."""

import ast
import re
from collections.abc import Container, Iterable, Iterator, Sequence
from pathlib import Path

from audit.target.digest import counted
from audit.target.import_paths import file_of, import_base, imported_names
from audit.target.python_syntax import UnparsableError, parse
from audit.target.regular_files import RefusedError, read_bytes

# A module that is imported by its name, as `include` of Celery and the settings of Django are.
_DOTTED = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+")


def undigested_code(root: Path, exclude: Sequence[str], symbols: Iterable[str]) -> list[str]:
    """What the code of these symbols (`package.module:name`) runs and the digest does not hold: French, a phrase each.

    Followed from the symbols' modules through what they import, wherever in the file, and through the dotted names that
    they write as texts. What is imported under a name made at run time is not seen.
    """
    paths, digested = set(counted(root, ())), set(counted(root, exclude))
    starts = {s: file for s in symbols if (file := file_of(s, paths))}
    bases = ("", *sorted({import_base(s, file) for s, file in starts.items()} - {""}))
    seen, found = set(starts.values()), list[str]()
    pending = sorted(seen)
    while pending:
        file = pending.pop()
        if file not in digested:
            found.append(f"`target.exclude` cache `{file}`, que l'application importe")
            continue
        following = {f for name in _names(root / file, file) for f in _files(name, bases, paths)} - seen
        seen |= following
        pending += sorted(following)
    return [
        *sorted(found),
        *(f"le lien `{path}` mène hors de l'arbre" for path in sorted(digested) if _leaves(root, path)),
    ]


def _files(name: str, bases: Iterable[str], paths: Container[str]) -> Iterator[str]:
    """Files that the import of this dotted name runs: its module's, and those of the packages that hold it."""
    parts = name.split(".")
    for base in bases:
        for end in range(1, len(parts) + 1):
            path = base + "/".join(parts[:end])
            yield from (file for file in (f"{path}.py", f"{path}/__init__.py") if file in paths)


def _names(path: Path, shown: str) -> Iterator[str]:
    """Dotted names that this file may import."""
    try:
        tree = parse(read_bytes(path))
    except (OSError, RefusedError, UnparsableError):
        return
    package = ".".join(shown.split("/")[:-1])
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from imported_names(node, package)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and _DOTTED.fullmatch(node.value):
            yield node.value


def _leaves(root: Path, path: str) -> bool:
    """Whether this is a link to a file, or to a folder of modules, that lies outside of the tree."""
    link = root / path
    try:
        if not link.is_symlink():
            return False
        real = link.resolve(strict=True)
        return not real.is_relative_to(root.resolve()) and (real.is_file() or any(real.glob("*.py")))
    except (OSError, RuntimeError):
        return False
