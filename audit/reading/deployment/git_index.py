"""The files that git tracks, read from the index itself: nothing is run."""

import struct
from pathlib import Path

_MAX_BYTES = 50_000_000
_HEADER, _ENTRY = 12, 62
_LONGEST_LINK = 5000


def tracked_files(root: Path) -> tuple[str, ...] | None:
    """Paths below `root`, relative to it, of the index of its repository, which may begin above it.

    None where there is none, where it tracks nothing of `root`, or where its form is not one that this reads.
    """
    top = repository(root)
    found = _read(top) if top else None
    if found is None or top == root:
        return found
    below = f"{root.relative_to(top).as_posix()}/" if top else ""
    # A repository that tracks nothing here, as one of a home directory, says nothing of this project.
    return tuple(path.removeprefix(below) for path in found if path.startswith(below)) or None


def repository(root: Path) -> Path | None:
    """The nearest folder, `root` or one around it, that is the top of a git repository."""
    try:
        return next((folder for folder in (root, *root.parents) if (folder / ".git").exists()), None)
    except OSError:
        return None


def _read(top: Path) -> tuple[str, ...] | None:
    path = top / ".git" / "index"
    try:
        if not path.parent.is_dir():
            path = _elsewhere(path.parent) / "index"
        if path.is_symlink() or not path.is_file() or path.stat().st_size > _MAX_BYTES:
            return None
        data = path.read_bytes()
    except (OSError, ValueError):
        return None
    if data[:4] != b"DIRC" or len(data) < _HEADER:
        return None
    version, count = struct.unpack(">II", data[4:_HEADER])
    return _paths(data, version, count) if version in {2, 3} else None


def _elsewhere(link: Path) -> Path:
    """The folder that the `.git` file of a worktree or of a submodule names. Raises OSError or ValueError for anything else."""
    if link.is_symlink() or not link.is_file() or link.stat().st_size > _LONGEST_LINK:
        raise ValueError(link)
    key, _, folder = link.read_text(encoding="utf-8").strip().partition(": ")
    if key != "gitdir":
        raise ValueError(link)
    return link.parent / folder


def _paths(data: bytes, version: int, count: int) -> tuple[str, ...] | None:
    found: list[str] = []
    at = _HEADER
    for _ in range(count):
        if at + _ENTRY > len(data):
            return None
        (flags,) = struct.unpack(">H", data[at + 60 : at + _ENTRY])
        start = at + _ENTRY + (2 if version == 3 and flags & 0x4000 else 0)
        end = data.find(b"\0", start)
        if end < 0:
            return None
        found.append(data[start:end].decode("utf-8", "replace"))
        # Entries are padded with one to eight NUL bytes to a multiple of eight.
        at += (end - at) // 8 * 8 + 8
    return tuple(found)
