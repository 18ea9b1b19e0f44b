"""The processes of the reference stack, and one more worker, as a second host would have it."""

import configparser
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from audit.experiments.asked_workers import ask_workers
from checks.driver_errors import require
from checks.stack import Stack
from system.sandbox.processes import GuardedProcess
from system.sandbox.programs import Programs
from system.sandbox.starters import CONFIGURATION

_APPLICATION = "system.tasks.celery_app:celery_app"
_SECOND = "worker-2"
_START_SECONDS = 240.0
_STOP_SECONDS = 30.0


@dataclass
class Processes:
    """Pids, at the moment they are asked for."""

    stack: Stack
    _second: Programs | None = field(default=None, init=False)

    def workers(self) -> Sequence[str]:
        """The worker, then the second one if it was added."""
        return ("worker",) if self._second is None else ("worker", _SECOND)

    def main_pid(self, role: str) -> int | None:
        """Pid of the main process of this role, on whichever host."""
        process = self._of(role).find(role.removesuffix("-2"))
        return process.pid if process else None

    def child_pids(self, role: str) -> Sequence[int]:
        """Children of the worker's prefork pool; none while it is down."""
        return self._of(role).child_pids(role.removesuffix("-2"))

    def worker_answers(self) -> Mapping[str, Mapping[str, Any]]:
        """What the workers answer when they are asked, beside an import in their environment."""
        running = self.stack.running
        return ask_workers(sys.executable, self.stack.root, _APPLICATION, running.env)

    def pool_pids(self) -> list[int]:
        """Children of every worker."""
        return [pid for role in self.workers() for pid in self.child_pids(role)]

    @contextmanager
    def absent(self, role: str) -> Iterator[None]:
        """The program is stopped in order and stays away; afterwards its supervisor starts it again."""
        supervisor = psutil.Process(self.stack.running.supervisor.pid())
        pid = self.main_pid(role)
        # One that watches nothing starts nothing.
        supervisor.suspend()
        try:
            if pid is not None:
                self._stop(pid)
            yield
        finally:
            supervisor.resume()

    @staticmethod
    def _stop(pid: int) -> None:
        process = psutil.Process(pid)
        process.terminate()

        def ended() -> bool:
            return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE

        require(ended, _STOP_SECONDS, "le programme arrêté en ordre ne s'arrête pas")

    def add_worker(self) -> str:
        """A second supervisord with the shipped `[program:worker]`, under another node name."""
        running = self.stack.running
        file = running.logs / "second-host.conf"
        _write_configuration(self.stack.root / CONFIGURATION, file)
        command = [sys.executable, "-m", "supervisor.supervisord", "--configuration", str(file)]
        command += ["--pidfile", str(running.logs / "second-host.pid")]
        log = running.logs / "second-host.log"
        supervisor = GuardedProcess("second host", command, log=log, env=running.env, cwd=self.stack.root, grace=0.5)
        self.stack.closing.callback(supervisor.stop)
        self._second = Programs(supervisor)
        require(lambda: self.child_pids(_SECOND), _START_SECONDS, "le second worker ne démarre pas")
        return _SECOND

    def _of(self, role: str) -> Programs:
        return self._second if self._second and role == _SECOND else self.stack.running.programs


def _write_configuration(shipped: Path, file: Path) -> None:
    configuration = configparser.RawConfigParser(inline_comment_prefixes=(";",))
    configuration.read(shipped)
    for section in {*configuration.sections()} - {"supervisord", "program:worker"}:
        configuration.remove_section(section)
    command = configuration.get("program:worker", "command")
    configuration.set("program:worker", "command", f"{command} --hostname=second@%%h")
    with file.open("w", encoding="utf-8") as stream:
        configuration.write(stream)
