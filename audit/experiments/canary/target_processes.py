"""The processes that the canary starts in the target's own interpreter."""

import json
import os
import re
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from audit.experiments.canary.private_broker import BACKEND, BROKER
from audit.experiments.canary.private_rabbitmq import BROKER as AMQP_BROKER
from audit.experiments.waiting import wait_until

_INSIDE = Path(__file__).with_name("inside")
_SHARED = Path(__file__).parents[2] / "importing" / "inside"
# Loaded under names of their own, from outside `sys.path`: no module of the harness can hide one of the target's.
_BOOTSTRAP = """
import importlib, importlib.util, sys
for name, where in (("_audit_inside", sys.argv[1]), ("_audit_canary", sys.argv[2])):
    spec = importlib.util.spec_from_file_location(name, where + "/__init__.py", submodule_search_locations=[where])
    sys.modules[name] = importlib.util.module_from_spec(spec)
importlib.import_module("_audit_canary." + sys.argv[3]).main(sys.argv[4])
"""


PACE_SECONDS = 3.0
# What Celery gives as the reason of its end; else an exception's own line, or what is logged as an error. Never any other line.
_FATAL = re.compile(r"Unrecoverable error: (?P<what>.+)")
_ERROR = re.compile(
    r"\[[^\]]*(?:ERROR|CRITICAL)[^\]]*\] *(?P<logged>.+)|^(?P<raised>[\w.]*(?:Error|Exception|Exit|Interrupt)(?:: .*)?)$"
)


class TargetError(Exception):
    """The target's interpreter could not do what it was asked; the message is a French sentence."""


@dataclass(frozen=True)
class Launch:
    """How to start anything in the target's interpreter; `directory` is private, and holds everything the canary writes."""

    python: str
    root: str
    celery_app: str
    environ: Mapping[str, str]
    directory: Path

    @property
    def ledger(self) -> Path:
        """The file in which executions are recorded."""
        return self.directory / "executions.jsonl"


def inner_command(
    launch: Launch, entry: str, name: str, only: Mapping[str, object] | None = None, **more: Any
) -> list[str]:
    """The command that runs a module of `inside/` in the target's interpreter; `only`: all that it is told."""
    arguments = only or {
        "root": launch.root,
        "celery_app": launch.celery_app,
        "report": str(launch.directory / f"{name}.jsonl"),
        "ledger": str(launch.ledger),
        "brokers": {"redis": BROKER, "amqp": AMQP_BROKER},
        "backend": BACKEND,
        **more,
    }
    return [launch.python, "-B", "-c", _BOOTSTRAP, str(_SHARED), str(_INSIDE), entry, json.dumps(arguments)]


class TargetProcess:
    """One process of the target's interpreter, and what it reports. `name` is unique in this run."""

    def __init__(
        self, launch: Launch, entry: str, name: str, command: Sequence[str] | None = None, **more: Any
    ) -> None:
        self.name = name
        self._report = launch.directory / f"{name}.jsonl"
        self._log = launch.directory / f"{name}.log"
        command = inner_command(launch, entry, name, **more) if command is None else command
        with self._log.open("wb") as log:
            try:
                self.process = subprocess.Popen(
                    command,
                    stdin=subprocess.PIPE,
                    stdout=log,
                    stderr=log,
                    cwd=launch.directory / "cwd",
                    env=dict(launch.environ),
                    # A group of its own, to which a supervisor's signal can be sent.
                    start_new_session=True,
                )
            except OSError as error:
                raise TargetError(f"L'interpréteur « {launch.python} » ne démarre pas : {error.strerror}.") from error

    @property
    def pid(self) -> int:
        """Process id of the main process."""
        return self.process.pid

    def record(self, kind: str, seconds: float, **wanted: object) -> dict[str, Any]:
        """Wait for a record of this kind with these values. Raises TargetError when the process fails, ends or is late."""
        found: list[dict[str, Any]] = []

        def came() -> bool:
            found[:] = [r for r in self._records() if r["kind"] == kind and wanted.items() <= r.items()]
            return bool(found) or self.process.poll() is not None

        if not wait_until(came, seconds):
            raise TargetError(f"{self._doing()} dure plus de {seconds:.0f} s.")
        if not found:
            raise TargetError(self._why())
        return found[-1]

    def ready(self, seconds: float) -> dict[str, Any]:
        """Wait until the worker consumes; it is ended where it does not. Raises TargetError."""
        try:
            return self.record("ready", seconds)
        except TargetError:
            self.signal_group(signal.SIGKILL)
            raise

    def ending(self) -> str:
        """How it ended, in French; empty while it runs."""
        status = self.process.poll()
        if status is None:
            return ""
        names = {number.value: number.name for number in signal.Signals}
        return f"signal {names.get(-status, -status)}" if status < 0 else f"code {status}"

    def signal_group(self, number: signal.Signals) -> None:
        """Send a signal to the main process and its children, if it is still there."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, number)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the main process, if it is still there."""
        if self.process.poll() is None:
            self.process.send_signal(number)

    def ask(self, order: Mapping[str, object]) -> None:
        """Write one line to its standard input. Raises TargetError when it listens no more."""
        try:
            assert self.process.stdin is not None  # noqa: S101  asked for above
            self.process.stdin.write(json.dumps(order).encode() + b"\n")
            self.process.stdin.flush()
        except OSError as error:
            raise TargetError(self._why()) from error

    def complaint(self) -> str:
        """The error that it logged as the reason of its end, else the last error; shortened, empty where it logged none."""
        size = 1 << 20
        with self._log.open("rb") as log:
            log.seek(max(0, self._log.stat().st_size - size), os.SEEK_SET)
            lines = [line.strip() for line in log.read().decode(errors="replace").splitlines()]
        fatal = [m["what"] for line in lines if (m := _FATAL.search(line))]
        found = fatal or [m.group(m.lastgroup or 0) for line in lines if (m := _ERROR.search(line))]
        return found[-1].strip()[:300] if found else ""

    def _records(self) -> Sequence[dict[str, Any]]:
        try:
            text = self._report.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return []
        return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]

    def _doing(self) -> str:
        stages = [str(r["doing"]) for r in self._records() if r["kind"] == "stage"]
        return stages[-1] if stages else "Le démarrage de l'interpréteur"

    def _why(self) -> str:
        failures = [str(r["text"]) for r in self._records() if r["kind"] == "failure"]
        if failures:
            return failures[-1]
        words = self.complaint()
        return f"{self._doing()} a échoué ({self.ending()}{f' : {words}' if words else ''})."


class Publisher:
    """Sends canary messages through the target's own application."""

    def __init__(self, launch: Launch, seconds: float = 20.0) -> None:
        self._process = TargetProcess(launch, "publisher", "publisher")
        self.kind = str(self._process.record("transport", seconds)["broker"])
        self.settings: dict[str, Any] = {}
        self._seconds = seconds
        self._orders = count(1)

    def connect(self) -> None:
        """Say that the private broker of this `kind` answers now, and learn the settings. Raises TargetError."""
        self._process.ask({"connect": True})
        self.settings = self._process.record("settings", self._seconds)["values"]

    def send(
        self,
        keys: Sequence[str],
        gate: Path,
        hold_seconds: float,
        countdown: float | None = None,
        task: str = "hold",
    ) -> None:
        """Publish one message a key, and wait until the broker has them. Raises TargetError."""
        order = {
            "number": next(self._orders),
            "task": task,
            "keys": list(keys),
            "gate": str(gate),
            "seconds": hold_seconds,
            "countdown": countdown,
            # What the target's pace holds back is worth nothing once it was counted.
            "expires": PACE_SECONDS if task == "paced" else None,
        }
        self._process.ask(order)
        self._process.record("sent", 15.0, number=order["number"])

    def send_chord(self, keys: Sequence[str], last: str, gate: Path, hold_seconds: float) -> str:
        """Publish a chord of these tasks, then `last`; the error that refuses it, empty when none does. Raises TargetError."""
        number = next(self._orders)
        order = {"number": number, "chord": last, "keys": list(keys), "gate": str(gate), "seconds": hold_seconds}
        self._process.ask(order)
        return str(self._process.record("sent", 15.0, number=number)["refused"])

    def inspect(self, node: str) -> dict[str, Any]:
        """What a worker in service answers when it is asked (`inspect`); empty where it does not. Raises TargetError."""
        number = next(self._orders)
        self._process.ask({"number": number, "inspect": node})
        answers: dict[str, Any] = self._process.record("inspected", 30.0, number=number)["answers"]
        return answers
