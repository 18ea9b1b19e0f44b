"""A Kiro spec on disk. Nothing is read outside the target's root, nor files too long to be a spec."""

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from audit.reading.kiro.citations import Flaw
from audit.reading.kiro.requirements_file import Criterion, read_requirements
from audit.reading.kiro.tasks_file import Plan, read_design, read_tasks
from audit.reading.source_files import Tree, printable, read_text

T = TypeVar("T")

HOME = ".kiro/specs"
# Far above any spec, and low enough for what compares all with all.
MAX_CHARACTERS = 500_000
MAX_COUNT = 1000
MAX_CITATIONS = 10_000
_FILES = ("requirements.md", "tasks.md", "design.md")


@dataclass(frozen=True)
class Spec:
    """What the three files of a spec say. `criteria`, `plan` and `design` are None when their file could not be read.

    `digest` is the SHA-256, in hexadecimal, of what was read; `unread` holds paths with the reason in French.
    """

    path: str
    digest: str
    criteria: tuple[Criterion, ...] | None
    plan: Plan | None
    design: Plan | None
    flaws: tuple[Flaw, ...]
    unread: tuple[tuple[str, str], ...]

    @property
    def name(self) -> str:
        """The name of its folder."""
        return self.path.rpartition("/")[2]


def specs_found(root: Path) -> tuple[str, ...]:
    """The specs of a project, as posix paths relative to its root, sorted; those that links take out of it are not seen."""
    home = root / HOME
    try:
        names = sorted(entry.name for entry in os.scandir(home)) if _within(root, home) else []
    except OSError:
        return ()
    found = [name for name in names if any(_within(root, home / name / file) for file in _FILES)]
    return tuple(printable(f"{HOME}/{name}") for name in found)


def _within(root: Path, path: Path) -> bool:
    try:
        return path.resolve(strict=True).is_relative_to(root.resolve())
    except (OSError, RuntimeError):  # absent, out of reach, or a loop of links
        return False


def read_spec(root: Path, path: str) -> Spec:
    """The spec in this folder, relative to the target's root."""
    tree, texts = Tree(root.resolve()), dict[str, str]()
    for name in _FILES:
        text = _text(tree, f"{path}/{name}")
        if text is not None:
            texts[name] = text
    digest = hashlib.sha256("\0".join(f"{n}\0{t}" for n, t in texts.items()).encode()).hexdigest()
    criteria, flaws = _read(read_requirements, texts, _FILES[0]) or (None, [])
    if criteria is not None and (len(criteria) > MAX_COUNT or len(flaws) > MAX_CITATIONS):
        tree.unread.append(
            (f"{path}/{_FILES[0]}", f"plus de {MAX_COUNT} critères ou de {MAX_CITATIONS} lignes mal formées")
        )
        criteria, flaws = None, []
    plan = _bounded(_read(read_tasks, texts, _FILES[1]), tree, f"{path}/{_FILES[1]}")
    design = _bounded(_read(read_design, texts, _FILES[2]), tree, f"{path}/{_FILES[2]}")
    flaws = [*flaws, *(f for part in (plan, design) if part for f in part.flaws)]
    told = tuple(criteria) if criteria is not None else None
    return Spec(path, digest, told, plan, design, tuple(flaws), tuple(tree.unread))


def _bounded(plan: Plan | None, tree: Tree, path: str) -> Plan | None:
    """The plan, unless it is longer than any plan is, which `tree.unread` then says."""
    if plan and (len(plan.tasks) > MAX_COUNT or len(plan.citations) + len(plan.flaws) > MAX_CITATIONS):
        tree.unread.append((path, f"plus de {MAX_COUNT} tâches ou de {MAX_CITATIONS} citations, mal formées comprises"))
        return None
    return plan


def _text(tree: Tree, path: str) -> str | None:
    """The file's text; None when there is none, or when the reason is in `tree.unread`."""
    if not os.path.lexists(tree.root / path):
        if not path.endswith("/design.md"):
            tree.unread.append((path, "absent"))
        return None
    if not _within(tree.root, tree.root / path):
        tree.unread.append((path, "lien symbolique rompu, circulaire, ou qui sort de la cible"))
        return None
    source = read_text(tree, path)
    if source is not None and len(source.text) > MAX_CHARACTERS:
        tree.unread.append((path, f"plus de {MAX_CHARACTERS // 1000} 000 caractères"))
        return None
    return source.text if source else None


def _read(reader: Callable[[str, str], T], texts: dict[str, str], name: str) -> T | None:
    return reader(texts[name], name) if name in texts else None
