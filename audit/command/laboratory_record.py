"""What a laboratory session leaves: its journal, bound to the audited tree, with a summary and a drawing of it."""

import json
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from audit.command.output_files import put
from audit.journal.redaction import redacted
from audit.report.soak_summary import draw_soak, render_soak
from audit.target.digest import tree_digest
from audit.target.target_file import Target

NAME = "checkpoint-audit"
# No tree has it: what was played while the tree changed is evidence of none.
NO_TREE = "0" * 64


class LaboratoryFiles:
    """Binds a session to the tree as it was when this was made."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._digest = self._now()

    def _now(self) -> str:
        return tree_digest(self._target.root, self._target.exclude)

    @property
    def unchanged(self) -> bool:
        """Whether the tree still is what it was."""
        return self._now() == self._digest

    def about(self, command: str, host: str, conditions: Sequence[str]) -> dict[str, Any]:
        """The part of the journal that says what was played, where."""
        return {
            "tool": {"name": NAME, "version": version(NAME)},
            "target": {"name": self._target.name, "digest": self._digest if self.unchanged else NO_TREE},
            "host": host,
            "command": command,
            "conditions": list(conditions),
        }


def save(journal: Mapping[str, Any], out: Path, name: str) -> Path:
    """Write `NAME.json`, `NAME.md` and `NAME.svg` in `out`; the path of the first. Raises OutputError."""
    masked: Mapping[str, Any] = redacted(json.loads(json.dumps(journal, ensure_ascii=False)))
    path = out / f"{name}.json"
    texts = {
        path: json.dumps(masked, ensure_ascii=False, indent=1) + "\n",
        out / f"{name}.md": render_soak(masked, f"{name}.svg"),
        out / f"{name}.svg": draw_soak(masked),
    }
    put(texts)
    return path
