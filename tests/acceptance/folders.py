"""Folders inside folders, deeper than Python's own functions make or remove them."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def nested(root: Path, name: str, depth: int, text: str) -> Iterator[None]:
    """`depth` folders of this name, each in the one before, and `a.py` in the last, while a block lasts."""
    folder = os.open(root, os.O_RDONLY)
    try:
        for _ in range(depth):
            os.mkdir(name, dir_fd=folder)
            inner = os.open(name, os.O_RDONLY, dir_fd=folder)
            os.close(folder)
            folder = inner
        with os.fdopen(os.open("a.py", os.O_CREAT | os.O_WRONLY, dir_fd=folder), "w", encoding="utf-8") as file:
            file.write(text)
        yield
    finally:
        os.close(folder)
        subprocess.run(["rm", "-rf", str(root / name)], check=True)
