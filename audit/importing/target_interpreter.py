"""One run of the target's interpreter: started, listened to, and ended whatever happens."""

import json
import logging
import os
import select
import signal
import subprocess
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audit.french.typography import french_seconds
from audit.importing.isolation import Isolation, inner_environment

_logger = logging.getLogger(__name__)

_INSIDE = Path(__file__).with_name("inside")
# Loaded under a name of its own, from outside `sys.path`: no module of the harness can hide one of the target's.
_BOOTSTRAP = """
import importlib.util, sys
where = sys.argv[1]
spec = importlib.util.spec_from_file_location("_audit_inside", where + "/__init__.py", submodule_search_locations=[where])
sys.modules["_audit_inside"] = importlib.util.module_from_spec(spec)
from _audit_inside.main import main
main(sys.argv[2])
"""
_END = b'{"kind": "end"}\n'
_MAX_BYTES = 16 << 20
_GRACE_SECONDS = 2.0


@dataclass(frozen=True)
class Transcript:
    """What an interpreter reported. `stopped` says in French why it did not report to the end; empty when it did."""

    records: tuple[dict[str, Any], ...]
    stopped: str = ""


def listen(
    python: str, arguments: dict[str, Any], isolation: Isolation, environ: dict[str, str], deadline_seconds: float
) -> Transcript:
    """Run the inside script with this interpreter and collect its records. Nothing of it is left alive afterwards.

    A SIGTERM ends the run, then is given back to whoever handled it.
    """
    started = time.monotonic()
    with _terminations() as asked:
        transcript = _listen(python, arguments, isolation, environ, deadline_seconds, asked)
    kinds = Counter(str(record.get("kind")) for record in transcript.records)
    told = ", ".join(f"{count} {kind}" for kind, count in kinds.items()) or "nothing"
    # Not `transcript.stopped`: it may quote the target, and nobody has masked its secrets yet.
    early = "; stopped before its end" if transcript.stopped else ""
    _logger.debug("%s reported %s in %.2f s%s", python, told, time.monotonic() - started, early)
    return transcript


@contextmanager
def _terminations() -> Iterator[Callable[[], bool]]:
    """Whether SIGTERM came since the beginning; it takes effect at the end."""
    came: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    # Noted, not raised: between the start of the child and the place that ends it, raising would forget the child.
    before = signal.signal(signal.SIGTERM, lambda number, _: came.append(number))
    try:
        yield lambda: bool(came)
    finally:
        signal.signal(signal.SIGTERM, before)
        if came:
            signal.raise_signal(signal.SIGTERM)


def _listen(  # noqa: PLR0917  one call, just above
    python: str,
    arguments: dict[str, Any],
    isolation: Isolation,
    environ: dict[str, str],
    deadline_seconds: float,
    asked: Callable[[], bool],
) -> Transcript:
    reading, writing = os.pipe()
    with (
        os.fdopen(reading, "rb", buffering=0) as pipe,
        tempfile.TemporaryFile() as errors,
        tempfile.TemporaryDirectory(prefix="audit-", ignore_cleanup_errors=True) as home,
    ):
        request = json.dumps({**arguments, "descriptor": writing})
        try:
            process = subprocess.Popen(
                [*isolation.prefix, python, "-B", "-c", _BOOTSTRAP, str(_INSIDE), request],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                cwd=home,
                env=inner_environment(environ, Path(home)),
                pass_fds=(writing,),
                start_new_session=True,
            )
        except OSError as error:
            return Transcript((), f"L'interpréteur « {python} » ne démarre pas : {error.strerror}.")
        finally:
            os.close(writing)
        try:
            data, late = _read(pipe.fileno(), process, time.monotonic() + deadline_seconds, asked)
            if data.endswith(_END):
                with suppress(subprocess.TimeoutExpired):
                    process.wait(_GRACE_SECONDS)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        if late:
            return _transcript(data, f"dure plus de {french_seconds(deadline_seconds)} : arrêt forcé")
        if len(data) > _MAX_BYTES:
            return _transcript(data, f"produit plus de {_MAX_BYTES >> 20} Mo : arrêt forcé")
        return _transcript(data, _ending(process.returncode, _last_line(errors)))


def _read(
    descriptor: int, process: "subprocess.Popen[bytes]", deadline: float, asked: Callable[[], bool]
) -> tuple[bytes, bool]:
    """Everything written until the end record, the end of the process, the deadline or a request to stop; and whether it was the deadline."""
    data = bytearray()
    while len(data) <= _MAX_BYTES and not asked():
        remaining = deadline - time.monotonic()
        if remaining <= 0:
            return bytes(data), True
        ended = process.poll() is not None
        ready, _, _ = select.select([descriptor], [], [], 0 if ended else min(remaining, 0.1))
        chunk = os.read(descriptor, 1 << 16) if ready else b""
        data += chunk
        # A child that the target forked may hold the pipe open: the end of the process ends the wait too.
        if data.endswith(_END) or (ended and not chunk):
            break
        if ready and not chunk:
            with suppress(subprocess.TimeoutExpired):
                process.wait(max(0.0, min(remaining, _GRACE_SECONDS)))
            break
    return bytes(data), False


def _last_line(errors: Any) -> str:
    size = errors.seek(0, os.SEEK_END)
    errors.seek(max(0, size - 4096))
    lines = errors.read().decode(errors="replace").strip().splitlines()
    return lines[-1][:300] if lines else ""


def _transcript(data: bytes, ending: str) -> Transcript:
    """Records of these lines. `ending` follows what was being done in the sentence that says why they are not all there."""
    records: list[dict[str, Any]] = []
    doing = "Le démarrage de l'interpréteur"
    for line in data.splitlines():
        try:
            record = json.loads(line)
        except ValueError:
            record = None
        if not isinstance(record, dict):
            return Transcript(tuple(records), f"{doing} a produit une sortie illisible.")
        doing = record.get("doing", doing)
        records.append(record)
    return Transcript(tuple(records), "" if data.endswith(_END) else f"{doing} {ending}.")


def _ending(status: int, last_error: str) -> str:
    names = {number.value: number.name for number in signal.Signals}
    how = f"signal {names.get(-status, -status)}" if status < 0 else f"code {status}"
    return f"a échoué : l'interpréteur s'est arrêté ({how}){f', {last_error}' if last_error and status else ''}"
