"""Copies of the reference stack with one seeded defect each."""

import shutil
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Edit:
    """Replace `old`, which must be there exactly once, by `new` in the file at `path`; without `old`, write a new file."""

    path: str
    old: str
    new: str

    def apply(self, root: Path) -> None:
        """Edit the copy; an edit that no longer finds its place is a broken test, not a passing one."""
        file = root / self.path
        if not self.old:
            assert not file.exists(), f"{self.path} is there already"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(self.new, encoding="utf-8")
            return
        text = file.read_text(encoding="utf-8")
        assert text.count(self.old) == 1, f"{self.path}: {self.old!r} is there {text.count(self.old)} times"
        file.write_text(text.replace(self.old, self.new), encoding="utf-8")


def copy_reference(folder: Path, *edits: Edit) -> Path:
    """The reference stack and its target file in `folder`, edited."""
    root = folder / "reference"
    shutil.copytree(REPOSITORY / "system", root / "system", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(REPOSITORY / "audit.toml", root)
    for edit in edits:
        edit.apply(root)
    return root
