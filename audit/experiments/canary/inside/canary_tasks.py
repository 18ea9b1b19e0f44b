"""The canary's task, added to the target's worker by `-I`: it records each execution in a file and waits to be let go."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

from celery import shared_task

_POLL_SECONDS = 0.03


def note(ledger: str, **event: object) -> None:
    """Add one event, in one write, with the machine's monotonic clock."""
    line = json.dumps({**event, "pid": os.getpid(), "at": time.monotonic()}) + "\n"
    descriptor = os.open(ledger, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(descriptor, line.encode())
    finally:
        os.close(descriptor)


@shared_task(name="_audit_canary.hold")  # type: ignore[untyped-decorator]
def hold(ledger: str, key: str, gate: str, seconds: float) -> None:
    """Record the start, wait until the file `gate` exists (`seconds` at most), record the end."""
    note(ledger, event="start", id=key)
    deadline = time.monotonic() + seconds
    while not Path(gate).exists() and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
    note(ledger, event="end", id=key)
