"""Templates compiled once for an installation, beside them as Python keeps its own modules."""

import os
from pathlib import Path

from jinja2 import BytecodeCache, FileSystemBytecodeCache


def compiled_templates() -> BytecodeCache | None:
    """The compiled templates; None where their folder cannot be written, or belongs to somebody else."""
    folder = Path(__file__).parent / "templates" / "__pycache__"
    try:
        folder.mkdir(exist_ok=True)
        own = folder.stat().st_uid == os.getuid() and not folder.is_symlink()
    except OSError:
        return None
    # What is there runs: it must be as hard to write as the program itself.
    return FileSystemBytecodeCache(str(folder)) if own and os.access(folder, os.W_OK) else None
