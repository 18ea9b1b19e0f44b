"""The processes of web, worker, beat and watchdog below whatever supervises them."""

from collections import deque
from pathlib import Path

import psutil

from system.sandbox.processes import GuardedProcess, SandboxError, log_tail

WORDS = {"web": "uvicorn"}


class Programs:
    """Finds the supervised programs; pids are those of the moment they are asked for."""

    def __init__(self, supervisor: GuardedProcess) -> None:
        self._supervisor = supervisor

    def find(self, program: str) -> psutil.Process | None:
        """The program's main process: the one nearest to the supervisor that bears its name; None when there is none."""
        word = WORDS.get(program, program)
        try:
            todo = deque(psutil.Process(self._supervisor.pid()).children())
        except (psutil.NoSuchProcess, SandboxError):
            return None
        while todo:
            process = todo.popleft()
            try:
                if any(Path(argument).name == word for argument in process.cmdline()):
                    return process
                todo.extend(process.children())
            except psutil.NoSuchProcess:
                continue
        return None

    def main_pid(self, program: str) -> int:
        """Pid of the program's main process.

        Raises:
            SandboxError: when there is none at this moment.

        """
        if (process := self.find(program)) is None:
            raise SandboxError(f"{program} is not running:\n{log_tail(self._supervisor.log)}")
        return int(process.pid)

    def child_pids(self, program: str) -> list[int]:
        """Pids of the children of the program's main process, such as the worker's prefork pool; none while it does not run."""
        process = self.find(program)
        try:
            return [] if process is None else [child.pid for child in process.children()]
        except psutil.NoSuchProcess:
            return []
