"""What a laboratory session leaves: its journal, bound to the audited tree, with its ledger, a summary and a drawing."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from audit.command.judge_digest import NO_TREE, harness_digest, witness_digest
from audit.command.output_files import put
from audit.experiments.laboratory.soak_history import History, packed
from audit.journal.redaction import redacted
from audit.report.soak_summary import draw_soak, render_soak
from audit.target.digest import tree_digest
from audit.target.target_file import Target

NAME = "checkpoint-audit"


class LaboratoryFiles:
    """Binds a session to the tree, and to its judge, as they were when this was made."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._witnesses: Sequence[Path] = ()
        self._digest, self._judge = self._now(), self._judge_now()

    def add_witnesses(self, witnesses: Sequence[Path]) -> None:
        """What the driver counts by, which is known once it is loaded."""
        self._witnesses = witnesses
        self._judge = self._judge_now() | self._judge

    def _now(self) -> str:
        return tree_digest(self._target.root, self._target.exclude)

    def _judge_now(self) -> dict[str, str]:
        """Digest by name; the harness has the name of nothing."""
        return {"": harness_digest()} | {self._named(path): witness_digest(path) for path in self._witnesses}

    def _named(self, path: Path) -> str:
        root, path = self._target.root.resolve(), path.resolve()
        return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name

    @property
    def unchanged(self) -> bool:
        """Whether the tree still is what it was."""
        return self._now() == self._digest

    @property
    def same_judge(self) -> bool:
        """Whether the harness and the witnesses still are what they were."""
        return self._judge_now() == self._judge

    def about(self, command: str, host: str, conditions: Sequence[str]) -> dict[str, Any]:
        """The part of the journal that says what was played, where, and who counted. What changed meanwhile has no digest."""
        now = self._judge_now()
        kept = {name: digest if now[name] == digest else NO_TREE for name, digest in self._judge.items()}
        return {
            "tool": {"name": NAME, "version": version(NAME)},
            "target": {"name": self._target.name, "digest": self._digest if self.unchanged else NO_TREE},
            "judge": {"harness": kept.pop(""), "witnesses": kept},
            "host": host,
            "command": command,
            "conditions": list(conditions),
        }


def save(journal: Mapping[str, Any], history: History, out: Path, name: str) -> Path:
    """Write `NAME.json`, its ledger, `NAME.md` and `NAME.svg` in `out`; the path of the first. Raises OutputError."""
    ledger, content = out / f"{name}.ledger.jsonl.xz", packed(history, journal)
    kept = {"file": ledger.name, "sha256": hashlib.sha256(content).hexdigest()}
    masked: Mapping[str, Any] = redacted(json.loads(json.dumps({**journal, "ledger": kept}, ensure_ascii=False)))
    path = out / f"{name}.json"
    put(
        {
            ledger: content,
            path: json.dumps(masked, ensure_ascii=False, indent=1) + "\n",
            out / f"{name}.md": render_soak(masked, f"{name}.svg"),
            out / f"{name}.svg": draw_soak(masked),
        }
    )
    return path
