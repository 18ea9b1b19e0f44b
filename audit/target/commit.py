"""The commit that a folder is checked out at, read from its files: git itself would run what a repository's settings name."""

import re
from pathlib import Path

_LARGEST_BYTES = 8 << 20
_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_BRANCH = re.compile(r"ref: (refs/[^\x00-\x20\x7f~^:?*\[\\]+)")


def commit_of(root: Path) -> str:
    """The commit, in hexadecimal; empty where none can be read. It says nothing of files changed since."""
    for folder in (root, *root.parents):
        if (folder / ".git").exists():
            return _head(folder / ".git")
    return ""


def _head(git: Path) -> str:
    if git.is_file():
        named = _text(git).removeprefix("gitdir: ")
        git = (git.parent / named) if named else git
    head = _text(git / "HEAD")
    if _COMMIT.fullmatch(head):
        return head
    branch = _BRANCH.fullmatch(head)
    if branch is None or ".." in branch[1]:
        return ""
    shared = git / _text(git / "commondir") if (git / "commondir").is_file() else git
    return next(filter(None, (_loose(folder, branch[1]) for folder in (git, shared))), "") or _packed(shared, branch[1])


def _loose(git: Path, branch: str) -> str:
    found = _text(git / branch)
    return found if _COMMIT.fullmatch(found) else ""


def _packed(git: Path, branch: str) -> str:
    for line in _text(git / "packed-refs").splitlines():
        commit, _, name = line.partition(" ")
        if name == branch and _COMMIT.fullmatch(commit):
            return commit
    return ""


def _text(path: Path) -> str:
    try:
        if not path.is_file() or path.stat().st_size > _LARGEST_BYTES:
            return ""
        return path.read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        return ""
