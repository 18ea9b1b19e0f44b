"""Reads a file of a target within a limit of size, and only if it is a regular file."""

import os
import stat
from pathlib import Path

MAX_BYTES = 2_000_000


class RefusedError(Exception):
    """A file must not be read; the message says why, in French."""


def read_bytes(path: Path) -> bytes:
    """The content of a file. Raises RefusedError, or OSError."""
    # Opening a pipe would wait for a writer, and the file may change between the walk and now.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise RefusedError("n'est pas un fichier ordinaire")
        content = file.read(MAX_BYTES + 1) if status.st_size <= MAX_BYTES else b""
    if max(status.st_size, len(content)) > MAX_BYTES:
        raise RefusedError(f"plus de {MAX_BYTES // 1_000_000} Mo")
    return content
