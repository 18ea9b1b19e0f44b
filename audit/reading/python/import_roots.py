"""The folders that absolute imports start from: the root, `src/`, and those below which alone the code's own imports are found."""

import re
import sys
from collections.abc import Collection, Iterable, Iterator, Sequence

from audit.model.test_files import is_test_file
from audit.model.word_tables import word_set

# `import a.b`, `from a.b import c`: the dotted name, wherever the statement stands.
_IMPORT = re.compile(
    r"^[ \t]*(?:from[ \t]+([A-Za-z_][\w.]*)[ \t]+import\b|import[ \t]+([A-Za-z_][\w.]*))", re.MULTILINE
)

# A folder of a project may hold a file of such a name, which its imports do not mean.
_LIBRARIES = word_set("celery django fastapi flask kombu redis requests sqlalchemy starlette")


def import_roots(paths: Sequence[str], texts: Iterable[str], declared: Collection[str] = ()) -> list[str]:
    """Folders with their final slash (`""`, `src/`, `backend/`), deepest first.

    `declared` are dotted modules that a target file, `celery -A` or `uvicorn` names. A folder counts when an import that
    nothing at the root answers to is found below it and below no other, and it is no package itself.
    """
    files = frozenset(paths)
    roots = {""}
    if any(path.startswith("src/") for path in files) and "src/__init__.py" not in files:
        roots.add("src/")
    folders = _Folders(files)
    for module in declared:
        roots |= set(folders.holding(module))
    wanted = {name for text in texts for name in _imported(text)}
    packages = {name.partition(".")[0] for name in (*wanted, *declared)}
    for name in sorted(wanted - _LIBRARIES):
        if not any(folders.answers(root, name) for root in roots):
            candidates = [f for f in folders.holding(name) if _may_be_root(f, files, packages)]
            if len(candidates) == 1:
                roots.add(candidates[0])
    return sorted(roots, key=lambda root: (-len(root), root))


def _may_be_root(folder: str, files: Collection[str], packages: Collection[str]) -> bool:
    """Whether imports may start below a folder: it is no package, by its files or by what imports it, and no folder of tests."""
    package = f"{folder}__init__.py" in files or folder.rstrip("/").rpartition("/")[2] in packages
    return not package and not is_test_file(f"{folder}x.py")


def _imported(text: str) -> Iterator[str]:
    for found in _IMPORT.finditer(text):
        name = found[1] or found[2]
        if name.partition(".")[0] not in sys.stdlib_module_names:
            yield name


class _Folders:
    """Where modules may be found: every folder that holds a file or a package of some name."""

    def __init__(self, files: Collection[str]) -> None:
        self._files = files
        self._by_name: dict[str, set[str]] = {}
        self._folders: set[str] = set()
        for path in files:
            if not path.endswith(".py"):
                continue
            *above, last = path.split("/")
            for depth in range(len(above)):
                self._folders.add("/".join(above[: depth + 1]) + "/")
                prefix = "".join(f"{part}/" for part in above[:depth])
                self._by_name.setdefault(above[depth], set()).add(prefix)
            self._by_name.setdefault(last.removesuffix(".py"), set()).add("".join(f"{part}/" for part in above))

    def holding(self, module: str) -> list[str]:
        """Folders below which this dotted module is found, nearest to the root first."""
        found = [folder for folder in self._by_name.get(module.partition(".")[0], ()) if self.answers(folder, module)]
        return sorted(found, key=lambda folder: (folder.count("/"), folder))

    def answers(self, folder: str, module: str) -> bool:
        """Whether the module, as a file or a package, is below a folder; a name of one part must be a file or a real package."""
        stem = folder + module.replace(".", "/")
        if f"{stem}.py" in self._files or f"{stem}/__init__.py" in self._files:
            return True
        return "." in module and f"{stem}/" in self._folders
