"""The projects of `blind.txt`, and of `mended/`, written below a directory."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

SIDES = ("defective", "sound")
_FILES = (Path(__file__).with_name("blind.txt"), *sorted(Path(__file__).with_name("mended").glob("*.txt")))
_CHOICE = re.compile(r"«(.*?)¦(.*?)»", re.DOTALL)
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
    """One block: its identifier, the rule it is about, what hides the fault, and its text with both sides."""

    identifier: str
    rule: str
    indirection: str
    text: str

    @property
    def is_trap(self) -> bool:
        """Whether it holds no fault at all."""
        return not _CHOICE.search(self.text)

    def files(self, side: str) -> Mapping[str, str]:
        """Contents by path, of the defective or of the sound project."""
        text = _CHOICE.sub(lambda found: found[1 + SIDES.index(side)], self.text)
        parts = re.split(r"^--- (.*)\n", text, flags=re.MULTILINE)
        files = dict(zip(parts[1::2], parts[2::2], strict=True))
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
    blocks = [b for f in _FILES for b in re.split(r"^### ", f.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]]
    for block in blocks:
        head, _, text = block.partition("\n")
        named, _, indirection = head.partition(" | ")
        identifier, rule = named.split()
        found.append(Deception(identifier, rule, indirection, text))
    return tuple(found)
