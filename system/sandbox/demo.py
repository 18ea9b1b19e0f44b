"""The demonstration: a campaign sent by the real stack to the gateway's double, and counted in its ledger."""

import os
import signal
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import psycopg
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from system.sandbox.stack import RunningStack, running_stack
from system.sandbox.tally import Tally, longest_silence, tally

# +33 6 39 98 is the block the French regulator keeps for fiction: nobody answers there.
MOST_CONTACTS = 10_000
BODY = "Bonjour, ceci est une démonstration."
STALL_SECONDS = 120.0
POLL_SECONDS = 0.2
# The demonstration shows sending; the daily limit has tests of its own.
NO_DAILY_LIMIT = "100000000"


@dataclass(frozen=True)
class DemoResult:
    """What a demonstration measured; `seconds` run from the launch to the last message's final state.

    `silence_seconds` is the longest time between two acceptances in a row.
    """

    tally: Tally
    seconds: float
    silence_seconds: float
    statuses: dict[str, int]
    restarted_seconds: float | None = None

    @property
    def succeeded(self) -> bool:
        return self.tally.exactly_once and set(self.statuses) <= {"sent", "delivered", "read"}


def fictional_phones(count: int) -> list[str]:
    """That many distinct E.164 numbers which belong to nobody."""
    return [f"+3363998{number:04d}" for number in range(count)]


@dataclass
class _Kill:
    """The death of the worker's main process half-way, and its return."""

    stack: RunningStack
    at: int
    pid: int | None = None
    moment: float = 0.0
    returned: float | None = None

    def observe(self, accepted: int, console: Console) -> None:
        if self.pid is None and accepted >= self.at:
            self.pid, self.moment = self.stack.main_pid("worker"), time.monotonic()
            os.kill(self.pid, signal.SIGKILL)
            console.print(f"worker process {self.pid} killed (SIGKILL) at {accepted} accepted")
        elif self.pid is not None and self.returned is None:
            process = self.stack.programs.find("worker")
            if process is not None and process.pid != self.pid:
                self.returned = time.monotonic() - self.moment
                console.print(f"worker started again as process {process.pid} after {self.returned:.1f} s")


def _statuses(connection: psycopg.Connection, campaign_id: int) -> dict[str, int]:
    rows = connection.execute(
        "SELECT status, count(*) FROM messages WHERE campaign_id = %s GROUP BY status", [campaign_id]
    ).fetchall()
    return {str(status): int(count) for status, count in rows}


def _settled(statuses: dict[str, int]) -> bool:
    return bool(statuses) and not statuses.keys() & {"pending", "sending", "unknown"}


def _send(stack: RunningStack, phones: list[str], console: Console, *, kill_worker: bool) -> DemoResult:
    since = stack.gateway.counts().accepted
    kill = _Kill(stack, at=(len(phones) + 1) // 2) if kill_worker else None
    started = time.monotonic()
    campaign_id = stack.launch_campaign("Démonstration", BODY, phones)
    statuses: dict[str, int] = {}
    progress_made, last_progress = Counter[str](), started
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with (
        psycopg.connect(stack.database_url, autocommit=True) as connection,
        Progress(*columns, console=console) as progress,
    ):
        bar = progress.add_task("accepted by the gateway", total=len(phones))
        while not _settled(statuses) and time.monotonic() - last_progress < STALL_SECONDS:
            time.sleep(POLL_SECONDS)
            accepted = stack.gateway.counts().accepted - since
            progress.update(bar, completed=accepted)
            if kill:
                kill.observe(accepted, progress.console)
            statuses = _statuses(connection, campaign_id)
            if progress_made != Counter(statuses):
                progress_made, last_progress = Counter(statuses), time.monotonic()
    if kill and kill.pid and kill.returned is None:
        stack.wait_back("worker", kill.pid)
        kill.observe(0, console)
    entries = stack.gateway.ledger(since=since)
    return DemoResult(
        tally=tally(phones, entries),
        seconds=last_progress - started,
        silence_seconds=longest_silence(entries),
        statuses=statuses,
        restarted_seconds=kill.returned if kill else None,
    )


def _table(result: DemoResult) -> Table:
    table = Table(title="Message 1 in the gateway's ledger")
    table.add_column("")
    table.add_column("count", justify="right")
    counted = result.tally
    for label, value in (
        ("contacts asked", counted.asked),
        ("sends accepted", counted.accepted),
        ("distinct contacts", counted.distinct),
        ("accepted twice or more", len(counted.twice)),
        ("missing", len(counted.missing)),
    ):
        table.add_row(label, str(value))
    table.add_row("states in the database", ", ".join(f"{n} {status}" for status, n in sorted(result.statuses.items())))
    if result.restarted_seconds is not None:
        table.add_row("killed worker started again after", f"{result.restarted_seconds:.1f} s")
    table.add_row("longest silence", f"{result.silence_seconds:.1f} s")
    table.add_row("sent in", f"{result.seconds:.1f} s")
    return table


def run_demo(contacts: int, data_dir: Path | None, console: Console, *, kill_worker: bool) -> DemoResult:
    """Starts everything, sends one campaign, shows its progress and its table, ends everything.

    Raises:
        SandboxError: when a part of the stack does not start.

    """
    with console.status("starting PostgreSQL, Redis, the gateway's double, web, worker and beat …") as status:
        started = time.monotonic()
        with running_stack(data_dir=data_dir, extra_env={"DAILY_MESSAGE_LIMIT": NO_DAILY_LIMIT}) as stack:
            status.stop()
            console.print(f"stack ready in {time.monotonic() - started:.1f} s, supervised; web at {stack.web_url}")
            result = _send(stack, fictional_phones(contacts), console, kill_worker=kill_worker)
            console.print(_table(result))
            status.update("stopping …")
            status.start()
    return result
