"""`python -m tests.consecutive [TIMES]`: audits the reference stack up to execution, ten times in a row by default.

Each must give the verdicts of the first, and leave no process and no port. Exit code 1 otherwise.
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from tests.integration.marked_processes import with_mark

REPOSITORY = Path(__file__).parents[1]
COMMAND = ("-m", "audit", "run", ".", "--level", "execution", "--quiet", "--out")
LOOK_SECONDS = 0.5
ENOUGH_PORTS = 4


@dataclass
class Run:
    """One audit: its verdicts, every process seen below it and every port that one of them listened on."""

    verdicts: dict[str, str] = field(default_factory=dict)
    seen: set[psutil.Process] = field(default_factory=set)
    ports: set[int] = field(default_factory=set)

    def look(self, process: psutil.Process) -> None:
        """Note what runs and listens below this process now."""
        with suppress(psutil.Error):
            self.seen.update(process.children(recursive=True))
        for one in self.seen:
            with suppress(psutil.Error):
                self.ports.update(c.laddr.port for c in one.net_connections("tcp") if c.status == psutil.CONN_LISTEN)

    def held(self) -> list[int]:
        """Ports that cannot be taken again."""
        return [port for port in sorted(self.ports) if not _free(port)]


def _free(port: int) -> bool:
    with socket.socket() as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def audited(folder: Path) -> tuple[Run, list[psutil.Process]]:
    """An audit to its end, and the processes it left. What was re-parented is found by a mark in its environment."""
    run, mark = Run(), str(folder)
    command = [sys.executable, *COMMAND, mark]
    with subprocess.Popen(command, cwd=REPOSITORY, env={**os.environ, "ORPHAN_MARK": mark}) as process:
        while process.poll() is None:
            run.look(psutil.Process(process.pid))
            time.sleep(LOOK_SECONDS)
    (journal,) = folder.glob("*.json")
    document = json.loads(journal.read_text(encoding="utf-8"))
    run.verdicts = {r["id"]: r["verdict"] for r in document["requirements"]}
    return run, [*{*with_mark(mark), *(p for p in run.seen if p.is_running())}]


def main(times: int) -> int:
    """Runs one after the other; a line each."""
    first: dict[str, str] = {}
    right = True
    for number in range(1, times + 1):
        started = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="consecutive-") as folder:
            run, left = audited(Path(folder))
        first = first or run.verdicts
        right = right and run.verdicts == first and not left and not run.held() and len(run.ports) >= ENOUGH_PORTS
        told = ", ".join(f"{identifier} {verdict}" for identifier, verdict in run.verdicts.items())
        kept = f"{len(run.seen)} processes seen, {len(left)} left; {len(run.ports)} ports, {len(run.held())} held"
        sys.stdout.write(f"{number}/{times}: {time.monotonic() - started:.0f} s; {kept}; {told}\n")
        sys.stdout.flush()
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 10))
