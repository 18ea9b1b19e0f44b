"""Lists what a target's folder holds, without following links or entering environments and caches."""

import logging
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from fnmatch import fnmatch
from pathlib import Path

_logger = logging.getLogger(__name__)

# History, environments, caches and run-time state change without what is audited changing.
_HISTORY = {".git", ".hg", ".svn", ".bzr", ".idea", ".vscode"}
_ENVIRONMENTS = {".venv", ".tox", ".nox", ".eggs", "node_modules"}
_TOOL_CACHES = {".mypy_cache", ".pytest_cache", ".ruff_cache", ".import_linter_cache", ".grimp_cache", ".hypothesis"}
_STATE = {"__pycache__", ".cache", ".sandbox", "bower_components", "htmlcov"}
_SKIPPED = frozenset(_HISTORY | _ENVIRONMENTS | _TOOL_CACHES | _STATE)


class Kind(Enum):
    """What was found at a path. A folder that is entered is not given."""

    FILE = "file"
    LINK = "link"
    EXCLUDED = "excluded"
    UNREADABLE_FOLDER = "unreadable folder"


@dataclass(frozen=True, slots=True)
class Found:
    """One posix path relative to the root. A folder that cannot be listed has no `entry`, and an `error`."""

    path: str
    kind: Kind
    entry: "os.DirEntry[str] | None" = None
    error: OSError | None = None


def walk_tree(
    root: Path, exclude: Sequence[str], skipped: Callable[["os.DirEntry[str]", str], bool] | None = None
) -> Iterator[Found]:
    """Everything below the root, in the order of names in each folder; the root's own path is empty.

    `exclude` holds globs on posix paths relative to `root`. `skipped` says of a folder and of its path whether it is
    passed over; `is_skipped` does without it.
    """
    globs = [glob.rstrip("/") for glob in exclude]
    skip = skipped or (lambda entry, _: is_skipped(entry))
    pending = [""]
    while pending:
        prefix = pending.pop()
        try:
            entries = sorted(os.scandir(root / prefix), key=lambda entry: entry.name)
        except OSError as error:
            yield Found(prefix, Kind.UNREADABLE_FOLDER, error=error)
            continue
        for entry in entries:
            path = prefix + entry.name
            if any(fnmatch(path, glob) or path == glob for glob in globs):
                yield Found(path, Kind.EXCLUDED, entry)
            elif entry.is_symlink():
                yield Found(path, Kind.LINK, entry)
            elif not entry.is_dir(follow_symlinks=False):
                yield Found(path, Kind.FILE, entry)
            elif skip(entry, path):
                _logger.debug("%s: folder not entered: a history, an environment, a cache or state", path)
            else:
                pending.append(f"{path}/")


def is_skipped(folder: "os.DirEntry[str]") -> bool:
    """Whether a folder is history, an environment, a cache or run-time state."""
    return folder.name in _SKIPPED or _is_environment(folder)


def _is_environment(folder: "os.DirEntry[str]") -> bool:
    """Whether a folder is a Python environment, by its content: a package of the target may be called `env`."""
    return any(holds(folder, sign) for sign in ("pyvenv.cfg", "conda-meta", "bin/activate"))


def holds(folder: "os.DirEntry[str]", name: str) -> bool:
    """Whether a folder holds a file of this name; not when its path is too long for one to be asked for."""
    return os.path.exists(f"{folder.path}/{name}")  # noqa: PTH110  pathlib's raises there
