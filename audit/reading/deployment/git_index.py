"""The files that git tracks, read from the index itself: nothing is run."""

import struct
from pathlib import Path

_MAX_BYTES = 50_000_000
_HEADER, _ENTRY = 12, 62


def tracked_files(root: Path) -> tuple[str, ...] | None:
    """Paths of the index of the repository at `root`; None where there is none, or one in a form this does not read."""
    path = root / ".git" / "index"
    try:
        if path.is_symlink() or not path.is_file() or path.stat().st_size > _MAX_BYTES:
            return None
        data = path.read_bytes()
    except OSError:
        return None
    if data[:4] != b"DIRC" or len(data) < _HEADER:
        return None
    version, count = struct.unpack(">II", data[4:_HEADER])
    return _paths(data, version, count) if version in {2, 3} else None


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
