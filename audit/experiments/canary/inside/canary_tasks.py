"""The canary's tasks, added to the target's worker by `-I`: they record each execution in a file, and do as they are told."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path
from typing import Any

from celery import shared_task

_POLL_SECONDS = 0.03
_SOFT_SECONDS, _HARD_SECONDS = 110, 120


def own_pid() -> int:
    """This process as those outside its namespace see it: `/proc` is theirs."""
    try:
        return int(os.readlink("/proc/self"))  # noqa: PTH115  Python 3.8 has no other
    except (OSError, ValueError):
        return os.getpid()


def note(ledger: str, **event: object) -> None:
    """Add one event, in one write, with the machine's monotonic clock."""
    line = json.dumps({**event, "pid": own_pid(), "at": time.monotonic()}) + "\n"
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


@shared_task(name="_audit_canary.paced")  # type: ignore[untyped-decorator]
def paced(ledger: str, key: str, gate: str, seconds: float) -> None:  # noqa: ARG001  called as the others
    """The only one that keeps the pace that the target gives to its tasks."""
    note(ledger, event="start", id=key)
    note(ledger, event="end", id=key)


@shared_task(name="_audit_canary.poison")  # type: ignore[untyped-decorator]
def poison(ledger: str, key: str, gate: str, seconds: float) -> None:  # noqa: ARG001  called as the others
    """Kill the process that executes it, as the kernel does for want of memory, until the file `gate` exists."""
    note(ledger, event="start", id=key)
    if not Path(gate).exists():
        os.kill(os.getpid(), signal.SIGKILL)
    note(ledger, event="end", id=key)


@shared_task(name="_audit_canary.part", ignore_result=False)  # type: ignore[untyped-decorator]
def part(ledger: str, key: str, gate: str, seconds: float) -> str:
    """One task of a chord's header: as `hold`, and its result is kept, as a chord needs."""
    hold.run(ledger, key, gate, seconds)
    return key


@shared_task(name="_audit_canary.total")  # type: ignore[untyped-decorator]
def total(_results: list[str], ledger: str, key: str) -> None:
    """The last task of a chord."""
    note(ledger, event="start", id=key)
    note(ledger, event="end", id=key)


def keep_own_limits(app: Any) -> None:
    """Give the canary's tasks limits of their own, after the target's annotations: they must run for a fault to meet them."""
    app.finalize()
    for name in (hold.name, poison.name, part.name, total.name):
        vars(app.tasks[name]).update(rate_limit=0, soft_time_limit=_SOFT_SECONDS, time_limit=_HARD_SECONDS)
