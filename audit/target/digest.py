"""Computes the identity of what was audited: one digest over its code, deployment files and lock files."""

import hashlib
import logging
import math
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from audit.target.tree_walk import Kind, holds, is_skipped, walk_tree

_logger = logging.getLogger(__name__)

_CODE = {".py", ".pyi", ".pyx", ".so", ".pyd", ".sql", ".sh", ".bash", ".lua", ".j2", ".jinja", ".mako"}
_SETTINGS = {".conf", ".ini", ".cfg", ".toml", ".yaml", ".yml", ".json", ".lock"}
_DEPLOYMENT = {".service", ".timer", ".socket", ".target", ".tf"}
_SUFFIXES = frozenset(_CODE | _SETTINGS | _DEPLOYMENT)
_BUILD = ("Procfile", "Dockerfile", "Containerfile", "Makefile", "Pipfile", ".dockerignore")
_NAMES = (*_BUILD, "requirements", "constraints")


def tree_digest(root: Path, exclude: Sequence[str] = ()) -> str:
    """SHA-256, in hexadecimal, over path and content of the code, deployment files and lock files below `root`.

    It depends neither on where the tree lies, nor on dates or modes, nor on the checkpoints committed in `reports/`.
    `exclude` holds globs on posix paths relative to `root`. What cannot be read counts by its name, and by that. Raises
    OSError when there is no folder at `root`.
    """
    started = time.perf_counter()
    digest = hashlib.sha256()
    paths = sorted(counted(root, exclude))
    for path in paths:
        name = os.fsencode(path)
        digest.update(b"%d:%s" % (len(name), name))
        digest.update(_content(root / path))
    _logger.debug("digest %s over %d files in %.2f s", digest.hexdigest(), len(paths), time.perf_counter() - started)
    return digest.hexdigest()


def newest_change(root: Path) -> float:
    """When the newest of the files that count last changed, in seconds since the epoch; 0 when there is none.

    Infinity where one does not tell: nothing is newer than it.
    """
    return max((_changed(root / path) for path in counted(root, ())), default=0.0)


def _changed(path: Path) -> float:
    try:
        return os.lstat(path).st_mtime
    except OSError:
        return math.inf


def counted(root: Path, exclude: Sequence[str]) -> Iterator[str]:
    """Paths that count in the digest, in no order; that of a folder that cannot be listed ends with a slash."""
    for found in walk_tree(root, exclude, _skipped):
        if found.error and not found.path:
            raise found.error
        if found.error or (found.entry and found.kind is not Kind.EXCLUDED and _stands(found.entry, found.path)):
            yield found.path


def _skipped(folder: "os.DirEntry[str]", path: str) -> bool:
    if path == "reports":
        # A package that happens to bear the name of the checkpoints' folder is code.
        return not holds(folder, "__init__.py")
    return folder.name.endswith(".egg-info") or is_skipped(folder)


def _stands(entry: "os.DirEntry[str]", path: str) -> bool:
    return _counts(entry) or (_leads_to_folder(entry) and not _skipped(entry, path))


def _leads_to_folder(entry: "os.DirEntry[str]") -> bool:
    """Python imports through such a link: where it leads counts as that of a link to a file does."""
    try:
        return entry.is_symlink() and entry.is_dir()
    except OSError:
        return False


def _counts(entry: "os.DirEntry[str]") -> bool:
    suffix = Path(entry.name).suffix
    if suffix in _SUFFIXES or entry.name.startswith(_NAMES):
        return entry.is_symlink() or entry.is_file()
    return not suffix and entry.is_file(follow_symlinks=False) and _is_script(Path(entry.path))


def _is_script(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(2) == b"#!"
    except OSError:
        return True


def _content(path: Path) -> bytes:
    """Digest of a file's bytes, or of a link's destination: its target counts where it lies, when it is in the tree."""
    try:
        if path.is_symlink():
            return hashlib.sha256(b"link:" + os.fsencode(path.readlink())).digest()
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").digest()
    except OSError:
        return hashlib.sha256(b"unreadable").digest()
