"""One mutant or sound variant: a TOML file of `mutants/TARGET/` or `variants/TARGET/`, over a sound target."""

import shutil
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.acceptance.reference_copy import REPOSITORY, Edit, copy_reference

FOLDER = Path(__file__).resolve().parent
REFERENCE = "reference"
TARGETS = (REFERENCE, "flask-usine", "django-espace", "fastapi-partagees")


@dataclass(frozen=True)
class Entry:
    """What a file says.

    `rules` must each raise an alarm (none for a sound variant); `also` may, because the same edit truly breaks them too.
    `breaks` is a requirement, or « bonne pratique ». `blind` entries were written before their author had read the rules.
    """

    kind: str
    target: str
    name: str
    why: str
    blind: bool
    edits: tuple[Edit, ...]
    breaks: str = ""
    rules: tuple[str, ...] = ()
    also: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """How the measurement names it."""
        return f"{self.target}/{self.name}"


def read_entry(path: Path) -> Entry:
    """The entry of a file.

    Raises:
        ValueError: for a key nobody reads, or a mutant that names neither a rule nor what it breaks.

    """
    said: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    kind = path.parts[-3]
    edits = tuple(Edit(**edit) for edit in said.pop("edits"))
    rules, also = tuple(said.pop("rules", ())), tuple(said.pop("also", ()))
    entry = Entry(kind, path.parent.name, path.stem, edits=edits, rules=rules, also=also, **said)
    if (kind == "mutants") != bool(entry.rules and entry.breaks):
        raise ValueError(f"{path}: a mutant names what it breaks and the rules that must see it, a variant neither")
    return entry


def read_entries(kind: str) -> list[Entry]:
    """Every `mutants` or `variants`, in the order of their names."""
    return [read_entry(path) for path in sorted((FOLDER / kind).glob("*/*.toml"))]


def copy_target(name: str, folder: Path) -> Path:
    """A copy of a sound target in `folder`."""
    if name == REFERENCE:
        return copy_reference(folder)
    root = folder / name
    shutil.copytree(REPOSITORY / "tests" / "targets" / name, root)
    return root


@contextmanager
def edited(root: Path, edits: tuple[Edit, ...]) -> Iterator[None]:
    """The target with these edits, as it was afterwards.

    Raises:
        AssertionError: when an edit does not find its place exactly once.

    """
    before = {e.path: (root / e.path).read_bytes() if (root / e.path).exists() else None for e in edits}
    try:
        for edit in edits:
            edit.apply(root)
        yield
    finally:
        for path, content in before.items():
            if content is None:
                (root / path).unlink(missing_ok=True)
            else:
                (root / path).write_bytes(content)
