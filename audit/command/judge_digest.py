"""Digests of who judges: the harness itself, and the witnesses that a driver names."""

import hashlib
from pathlib import Path

from audit.target.digest import tree_digest

_TOOL = Path(__file__).resolve().parents[1]
# No tree has it: what changed while it judged, or is not there.
NO_TREE = "0" * 64


def harness_digest() -> str:
    """Digest of this package."""
    return tree_digest(_TOOL)


def witness_digest(path: Path) -> str:
    """Digest of a file, or of a folder's code."""
    try:
        return tree_digest(path) if path.is_dir() else hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return NO_TREE
