"""A base for drivers: it starts one command a role, finds their processes, and counts what a double of the gateway accepts.

`DRIVER.md`, beside this file, writes a driver of thirty lines with it.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from signal import SIGKILL, SIGTERM
from typing import Any

from audit.experiments.driver import Accepted, Driver, DriverError
from audit.experiments.waiting import wait_until

_START_SECONDS = 30.0
_STOP_SECONDS = 10.0
_RUN_SECONDS = 60.0
_SHELLS = frozenset({"sh", "bash", "dash", "zsh", "busybox", "setsid", "timeout", "env"})


def unwritten(name: str) -> DriverError:
    """What a method raises that nobody has written: the experiment that asks for it is INDÉTERMINÉ, and says so."""
    return DriverError(f"le pilote de la cible n'écrit pas encore `{name}` (`audit.experiments.driver.Driver.{name}`)")


def _asks_for(name: str) -> Callable[..., Any]:
    def method(*_: object, **__: object) -> Any:
        raise unwritten(name)

    return method


class GatewayDouble:
    """An HTTP server that accepts every POST, and remembers its time and its body (read where it is JSON)."""

    def __init__(self) -> None:
        self.accepted: list[tuple[float, Any]] = []
        accepted = self.accepted

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body: Any = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode(errors="replace")
                with suppress(ValueError):
                    body = json.loads(body)
                accepted.append((time.time(), body))
                answer = json.dumps({"id": str(len(accepted))}).encode()
                self.send_response(201)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                """Nothing on the terminal of the audit."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Where it listens: a free port."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def stop(self) -> None:
        """Listen no more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class ProcessDriver:
    """A driver of which a project writes `commands`, `launch` and `key`, and then one more method an experiment.

    `commands`: what the shipped files run, one command a role, from the project's root. `environment` is added to the
    harness's own; `{gateway}` in it is the address of the double. `patterns` tell each role's main process by its command
    line. `deployment_file` is the shipped file that starts a dead process again.
    """

    commands: Mapping[str, str] = {}
    environment: Mapping[str, str] = {}
    deployment_file: str = ""
    patterns: Mapping[str, str] = {
        "worker": r"celery\b.*\bworker\b",
        "beat": r"celery\b.*\bbeat\b",
        "web": "uvicorn|gunicorn",
    }

    def __init__(self, root: Path) -> None:
        self.root = root
        self.gateway: GatewayDouble | None = None
        self._numbers = count(1)
        self._started: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        """Start the double and every command, and wait until each role has its main process."""
        self.gateway = GatewayDouble()
        log = self.log
        with log.open("ab") as output:
            for command in dict.fromkeys(self.commands.values()):
                started = subprocess.Popen(
                    ["sh", "-c", f"exec {command}"],
                    cwd=self.root,
                    env=self.variables(),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    start_new_session=True,
                )
                self._started.append(started)
        for role in self.commands:
            if not wait_until(partial(self._is_up, role), _START_SECONDS, 0.2):
                raise DriverError(f"aucun processus `{role}` en {_START_SECONDS:.0f} s (journal : `{log}`)")

    def stop(self) -> None:
        """End the groups of what was started, and the double."""
        for number in (SIGTERM, SIGKILL):
            for process in self._started:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, number)
            if number is SIGTERM:
                wait_until(lambda: all(p.poll() is not None for p in self._started), _STOP_SECONDS)
        for process in self._started:
            process.wait()
        self._started.clear()
        if self.gateway is not None:
            self.gateway.stop()
            self.gateway = None

    @property
    def log(self) -> Path:
        """What the commands print."""
        return Path(tempfile.gettempdir(), f"audit-driver-{os.getpid()}.log")

    def variables(self) -> dict[str, str]:
        """The environment of the commands."""
        address = self.gateway.url if self.gateway else ""
        return {**os.environ, **{name: value.replace("{gateway}", address) for name, value in self.environment.items()}}

    def run(self, *command: str) -> str:
        """What a command of the project prints, run to its end from the root. Raises DriverError when it fails."""
        try:
            done = subprocess.run(
                command,
                cwd=self.root,
                env=self.variables(),
                capture_output=True,
                text=True,
                timeout=_RUN_SECONDS,
                check=True,
            )
        except (OSError, subprocess.SubprocessError) as error:
            told = str(getattr(error, "stderr", "") or error).strip().splitlines()
            raise DriverError(f"`{command[0]}` a échoué : {told[-1] if told else error}") from error
        return done.stdout

    def python(self, code: str, *arguments: str) -> str:
        """What this code prints, run by the project's `.venv` where there is one, else by the harness's Python."""
        own = self.root / ".venv" / "bin" / "python"
        return self.run(str(own) if own.exists() else sys.executable, "-c", code, *arguments)

    def new_numbers(self, how_many: int) -> list[int]:
        """Numbers that were never given before."""
        return [next(self._numbers) for _ in range(how_many)]

    def key(self, body: Any) -> str:  # noqa: ARG002  the name that projects give it too
        """The key of what the gateway was sent, one that `launch` returned. Raises DriverError until it is written."""
        raise unwritten("key")

    def accepted(self) -> Sequence[Accepted]:
        """What the double accepted."""
        seen = self.gateway.accepted[:] if self.gateway else []
        return [Accepted(self._key_of(body), str(number), at) for number, (at, body) in enumerate(seen, 1)]

    def _key_of(self, body: Any) -> str:
        try:
            return self.key(body)
        except DriverError:
            raise
        except Exception as error:  # the project's own code
            told = f"`key` ne lit pas un corps que la passerelle a reçu ({type(error).__name__} : {error})"
            raise DriverError(told) from error

    def main_pid(self, role: str) -> int | None:
        """The process nearest to what was started whose command line has the role's pattern, shells aside."""
        return next((process.pid for process in self._descendants() if self._plays(process, role)), None)

    def child_pids(self, role: str) -> Sequence[int]:
        """The children of the role's main process."""
        import psutil  # noqa: PLC0415  audits that start nothing need it not

        pid = self.main_pid(role)
        try:
            return [child.pid for child in psutil.Process(pid).children()] if pid else []
        except psutil.NoSuchProcess:
            return []

    def deployment(self) -> str:
        """The shipped file, as `deployment_file` names it."""
        if not self.deployment_file:
            raise unwritten("deployment_file")
        return self.deployment_file

    def conditions(self) -> Sequence[str]:
        """What every driver of this kind simulates."""
        started = ", ".join(f"`{command}`" for command in dict.fromkeys(self.commands.values()))
        return (
            "passerelle : une doublure HTTP locale qui accepte tout, et dont le registre fait foi",
            f"processus lancés par {started}, sur une seule machine",
        )

    def _descendants(self) -> list[Any]:
        """Live processes below what was started, the nearest first; those of no parent any more are left out."""
        import psutil  # noqa: PLC0415  as above

        level, found = [], []
        for started in self._started:
            with suppress(psutil.NoSuchProcess):
                level.append(psutil.Process(started.pid))
        while level:
            found += level
            below = []
            for process in level:
                with suppress(psutil.NoSuchProcess):
                    below += process.children()
            level = below
        return found

    def _plays(self, process: Any, role: str) -> bool:
        import psutil  # noqa: PLC0415  as above

        try:
            alive = process.status() != psutil.STATUS_ZOMBIE and process.name() not in _SHELLS
            return alive and bool(re.search(self.patterns.get(role, re.escape(role)), " ".join(process.cmdline())))
        except psutil.Error:
            return False

    def _is_up(self, role: str) -> bool:
        if any(process.poll() not in {None, 0} for process in self._started):
            raise DriverError(f"une commande s'est arrêtée aussitôt (journal : `{self.log}`)")
        return self.main_pid(role) is not None


for _name in (name for name in vars(Driver) if not name.startswith("_") and not hasattr(ProcessDriver, name)):
    setattr(ProcessDriver, _name, _asks_for(_name))
