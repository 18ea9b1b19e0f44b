"""What the supervised programs wrote, line by line."""

import json
from pathlib import Path
from typing import Any


class StackLog:
    """Reads the logs of one run as they grow; a line that is no JSON object is text."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[Path, int] = {}
        self._records: list[dict[str, Any]] = []
        self._lines: list[str] = []

    def records(self) -> list[dict[str, Any]]:
        """Every structured record so far."""
        self._go_on()
        return self._records

    def lines(self) -> list[str]:
        """Every other line so far."""
        self._go_on()
        return self._lines

    def _go_on(self) -> None:
        for path in sorted(self._folder.glob("*.log")):
            with path.open("rb") as file:
                file.seek(self._read.get(path, 0))
                whole, _, _rest = file.read().rpartition(b"\n")
            self._read[path] = self._read.get(path, 0) + len(whole) + bool(whole)
            for line in whole.decode(errors="replace").splitlines():
                self._keep(line)

    def _keep(self, line: str) -> None:
        try:
            found = json.loads(line)
        except ValueError:
            found = None
        if isinstance(found, dict):
            self._records.append(found)
        else:
            self._lines.append(line)
