"""A worker started through the shipped scripts: process 1 of a namespace of its own where a container starts it."""

import os
import shlex
import shutil
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from audit.experiments.canary.entry_files import write_entry
from audit.experiments.canary.target_processes import Launch, TargetError, TargetProcess, inner_command
from audit.experiments.process_faults import gone

# As `inside/confined.py` ends.
_REFUSED = 71


class EntryProcess(TargetProcess):
    """`process` is what the shipped file starts; signals go to it, as its orchestrator sends them, or to all that it started.

    `entry`: `words`, `scripts` (texts by path), `first` (process 1 of a container) and `variables`. It ends when both it and
    the worker did.
    """

    def __init__(self, launch: Launch, name: str, entry: Mapping[str, Any], **more: Any) -> None:
        self._first = bool(entry["first"])
        self._celery = 0
        place = launch.directory / name
        worker = inner_command(launch, "worker", name, **more)
        kept = shlex.join(f"{key}={value}" for key, value in launch.environ.items())
        stub = f"{shutil.which('env')} -i {kept} {shlex.join(worker)}"
        words = write_entry(place, entry["words"], entry["scripts"], stub)
        self._place = place
        environ = {**launch.environ, **entry["variables"], "PATH": str(place / "bin"), "HOME": str(place)}
        wanted = {"writable": str(launch.directory), "words": words, "environ": environ}
        command = inner_command(replace(launch, python=sys.executable), "confined", name, only=wanted)
        namespace = (
            [shutil.which("unshare") or "unshare", "--pid", "--fork", "--kill-child", "--"] if self._first else []
        )
        super().__init__(launch, "worker", name, command=[*namespace, *command])

    @property
    def pid(self) -> int:
        """Process id of the worker's own main process, once it is ready."""
        return self._celery or self.process.pid

    def ready(self, seconds: float) -> dict[str, Any]:
        """Wait until the worker consumes. Raises TargetError."""
        try:
            record = super().ready(seconds)
        except TargetError as error:
            raise TargetError(self._obstacle() or str(error)) from error
        self._celery = int(record["pid"])
        return record

    def ending(self) -> str:
        """How what was started ended, in French; empty while it or the worker runs."""
        ended = super().ending()
        return ended if ended and (not self._celery or gone(self._celery)) else ""

    def signal_group(self, number: signal.Signals) -> None:
        """To everything that was started and still runs, the worker last, as it may have been left alone."""
        top = self._started()
        for pid in dict.fromkeys([top, *below(top), *([self._celery] if self._celery else [])]):
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def signal(self, number: signal.Signals) -> None:
        """As an orchestrator does: to what its file starts."""
        if number is signal.SIGKILL:
            self.signal_group(number)
            return
        with suppress(ProcessLookupError):
            os.kill(self._started(), number)

    def _obstacle(self) -> str:
        """Why the scripts did not come to their worker, where that is known."""
        if self.process.poll() == _REFUSED:
            return "ce système n'a pas Landlock, qui borne ce que les scripts peuvent écrire"
        path = self._place / "unknown"
        program = path.read_text(encoding="utf-8").strip() if path.exists() else ""
        return f"le worker y est lancé par `{program}`, dont rien ne dit ce qu'il fait des signaux" if program else ""

    def _started(self) -> int:
        """`unshare` only waits for process 1, which it started."""
        children = below(self.process.pid) if self._first else []
        return children[0] if children else self.process.pid


def below(pid: int) -> list[int]:
    """Every descendant of a process, the nearest first."""
    parents = dict(_parents())
    found, pending = [], [pid]
    while pending:
        pending = [child for child, parent in parents.items() if parent in pending]
        found += pending
    return found


def _parents() -> Iterator[tuple[int, int]]:
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError, ValueError):
            # The name, between brackets, may hold anything.
            fields = path.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            yield int(path.parent.name), int(fields[1])
