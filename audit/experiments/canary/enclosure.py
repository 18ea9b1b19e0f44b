"""The enclosure seen from the audit: started, listened to, and ended whatever happens."""

import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from audit.experiments.canary.scenario_counts import Observation, observation
from audit.importing.isolation import Isolation, inner_environment

_CONDUCTOR = ("-I", "-B", "-m", "audit.experiments.canary.conductor")
_TAKES = "l'enceinte du canari"


@dataclass(frozen=True)
class Request:
    """What is played: scenarios by name (besides the ordinary one), on which interpreter, root, application and environment.

    `options` are the worker's own, `server` and `rabbitmq` the programs of private brokers, `seconds` after which nothing
    begins, `stop` how the shipped files stop the worker (`shipped_stop.py`), `longest_delay` how long the target delays a message.
    """

    python: str
    root: str
    celery_app: str
    environ: Mapping[str, str]
    options: Sequence[str]
    server: str
    seconds: float
    scenarios: Sequence[str] = ()
    rabbitmq: str = ""
    stop: Mapping[str, Any] = field(default_factory=dict)
    longest_delay: float = 0.0


@dataclass
class Played:
    """What the enclosure reported. `failure` says in French why not everything could be played; empty when it was."""

    observations: dict[str, Observation] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    failure: str = ""


def enclosed(request: Request, isolation: Isolation, tell: Callable[[str], None]) -> Played:
    """Play every scenario inside fresh namespaces; nothing is left alive afterwards, also when this is interrupted."""
    played = Played()
    with tempfile.TemporaryDirectory(prefix="audit-canary-", ignore_cleanup_errors=True) as name:
        directory = Path(name)
        (directory / "cwd").mkdir()
        with _conductor(isolation, directory) as process:
            content = {**vars(request), "directory": name, "environ": _environment(request.environ, directory)}
            _listen(process, content, time.monotonic() + request.seconds + 60.0, played, tell)
    return played


def _environment(environ: Mapping[str, str], directory: Path) -> dict[str, str]:
    # In its user namespace the worker looks like root, which Celery refuses with pickle.
    return {**inner_environment(environ, directory / "cwd"), "C_FORCE_ROOT": "1", "PYTHONUNBUFFERED": "1"}


@contextmanager
def _conductor(isolation: Isolation, directory: Path) -> Iterator["subprocess.Popen[bytes]"]:
    with (directory / "conductor.log").open("wb") as log:
        process = subprocess.Popen(
            [*isolation.prefix, sys.executable, *_CONDUCTOR],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            cwd=directory,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        # The first process of a namespace takes the whole namespace with it.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        for stream in (process.stdin, process.stdout):
            with suppress(OSError):
                stream.close()  # type: ignore[union-attr]
        process.wait()


def _listen(
    process: "subprocess.Popen[bytes]",
    content: Mapping[str, Any],
    deadline: float,
    played: Played,
    tell: Callable[[str], None],
) -> None:
    assert process.stdin is not None  # noqa: S101  a pipe
    assert process.stdout is not None  # noqa: S101  a pipe
    try:
        process.stdin.write(json.dumps(content).encode() + b"\n")
        process.stdin.flush()
    except OSError:
        played.failure = f"{_TAKES} n'a pas pu démarrer"
        return
    data = b""
    while True:
        remaining = deadline - time.monotonic()
        ready, _, _ = select.select([process.stdout], [], [], max(0.0, remaining))
        if not ready:
            played.failure = f"{_TAKES} a dépassé le temps accordé : arrêt forcé"
            return
        chunk = os.read(process.stdout.fileno(), 1 << 16)
        if not chunk:
            break
        *lines, data = (data + chunk).split(b"\n")
        for line in lines:
            _note(json.loads(line), played, tell)
    if process.wait(5.0) and not played.failure:
        played.failure = f"{_TAKES} s'est arrêtée (code {process.returncode})"


def _note(record: Mapping[str, Any], played: Played, tell: Callable[[str], None]) -> None:
    if record["kind"] == "step":
        tell(str(record["text"]))
    elif record["kind"] == "settings":
        played.settings = dict(record["values"])
    elif record["kind"] == "failure":
        played.failure = str(record["text"])
    else:
        seen = observation(record["values"])
        played.observations[seen.scenario] = seen
