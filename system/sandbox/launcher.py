"""Launches campaigns on a running stack, through a process that runs the tree's own code (`system.sandbox.launch`)."""

import json
import socket
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from system.sandbox.processes import GuardedProcess, SandboxError, free_port, log_tail

# A broker that is away is waited for; see `system.tasks.publishing`.
ANSWER_SECONDS = 180.0


class Launcher:
    """Starts its process at the first order, and again when it died."""

    def __init__(self, root: Path, env: Mapping[str, str], logs: Path) -> None:
        self._root, self._env, self._log = root, env, logs / "launch.log"
        self._process: GuardedProcess | None = None
        self._port = 0

    def launch(self, name: str, body: str, phones: Sequence[str]) -> int:
        """Creates a campaign for these numbers (E.164) and launches it; returns its id.

        Raises:
            SandboxError: with what the tree's code said, when it refuses or fails.

        """
        self._start()
        order = json.dumps({"name": name, "body": body, "phones": list(phones)})
        try:
            answer = json.loads(self._answer(order) or "{}")
        except (OSError, ValueError) as error:
            raise SandboxError(f"system.sandbox.launch: {error!r}\n{log_tail(self._log)}") from error
        if "campaign" not in answer:
            raise SandboxError(f"system.sandbox.launch: {answer.get('error', 'no answer')}\n{log_tail(self._log)}")
        return int(answer["campaign"])

    def _start(self) -> None:
        if self._process is not None and self._process.running:
            return
        self._port = free_port()
        command = [sys.executable, "-m", "system.sandbox.launch", str(self._port)]
        self._process = GuardedProcess("launch", command, log=self._log, env=self._env, cwd=self._root, grace=0.5)
        process, port = self._process, self._port
        process.wait_ready(lambda: process.listens_on(port), seconds=ANSWER_SECONDS)

    def _answer(self, order: str) -> str:
        with socket.create_connection(("127.0.0.1", self._port), ANSWER_SECONDS) as connection:
            connection.sendall(order.encode() + b"\n")
            with connection.makefile("r", encoding="utf-8") as answer:
                return answer.readline()

    def stop(self) -> None:
        """Ends the process, if there is one."""
        if self._process is not None:
            self._process.stop()
