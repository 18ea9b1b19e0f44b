"""The projects of `blind.txt`, `alone.txt`, `traps.txt`, `held.txt` and `mended/`, written below a directory."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from audit.rules.example import sided

_BLIND, _ALONE, _TRAPS, _HELD = (
    Path(__file__).with_name(f"{name}.txt") for name in ("blind", "alone", "traps", "held")
)
_FILES = (_BLIND, _ALONE, _TRAPS, _HELD, *sorted(Path(__file__).with_name("mended").glob("*.txt")))
_DJANGO = """\
import os
from celery import Celery
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")
app = Celery("shop")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
"""


@dataclass(frozen=True)
class Deception:
    """One block: its identifier, the rule it is about, what hides the fault, and its text with both sides.

    `source`: the file that holds it. Those of `alone.txt` have no sound side, those of `traps.txt` no other.
    """

    identifier: str
    rule: str
    indirection: str
    text: str
    source: Path = _BLIND

    @property
    def is_trap(self) -> bool:
        """Whether it holds no fault at all."""
        return self.source != _ALONE and self.files("defective") == self.files("sound")

    @property
    def has_sound_side(self) -> bool:
        """Whether there is a project of it without the fault."""
        return self.source != _ALONE

    def files(self, side: str) -> Mapping[str, str]:
        """Contents by path, of the defective or of the sound project."""
        parts = re.split(r"^--- (.*)\n", sided(self.text, side), flags=re.MULTILINE)
        files = dict(zip(parts[1::2], parts[2::2], strict=True))
        if self.source in (_ALONE, _TRAPS):
            return files
        if "settings.py" in files:
            files.setdefault("celeryapp.py", _DJANGO)
        files.setdefault("requirements.txt", "celery==5.5.3\nredis==5.2.1\n")
        return files

    def write(self, root: Path, side: str) -> Path:
        """The project's directory, below `root`."""
        for name, content in self.files(side).items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
        return root


def deceptions() -> tuple[Deception, ...]:
    """Every block, in the order of the files."""
    found = []
    for source in _FILES:
        for block in re.split(r"^### ", source.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
            head, _, text = block.partition("\n")
            named, _, indirection = head.partition(" | ")
            identifier, rule = named.split()
            found.append(Deception(identifier, rule, indirection, text, source))
    return tuple(found)
