"""The JSON lines that leave the target's interpreter."""

from __future__ import annotations

import json
import os
from typing import Any


class Report:
    """Writes one JSON object a line to a file descriptor that the target's prints never reach."""

    def __init__(self, descriptor: int) -> None:
        os.set_inheritable(descriptor, False)
        self._descriptor = descriptor

    def write(self, kind: str, **content: Any) -> None:
        """Add a record. What JSON cannot hold is a programming error, and raises TypeError."""
        text = json.dumps({"kind": kind, **content}, ensure_ascii=False) + "\n"
        # Half of a surrogate pair is legal in Python and in no file: it becomes a question mark.
        line = text.encode("utf-8", "replace")
        while line:
            line = line[os.write(self._descriptor, line) :]

    def stage(self, doing: str) -> None:
        """Say what begins, as the French subject of a sentence, for whoever has to kill this process."""
        self.write("stage", doing=doing)
