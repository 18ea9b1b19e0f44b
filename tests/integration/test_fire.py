"""The laboratory can fail on real processes: each sabotage is caught, with identifiers; the twin passes; nothing outlives it."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from audit.experiments.laboratory.laboratory_session import FIRE, Outcome, Plan, run
from audit.experiments.laboratory.schedule_run import Patience
from audit.experiments.laboratory.schedules import read
from checks.fault_driver import ReferenceFaultDriver
from system.sandbox.processes import wait_until
from system.sandbox.stack import REPOSITORY
from tests.acceptance.execution_defects import (
    NO_INBOX,
    NO_RECONCILE,
    NO_RECOVERY,
    NO_SUPERVISION,
    NO_UNIQUE_MESSAGE,
    UNCONDITIONAL_CLAIM,
)
from tests.acceptance.reference_copy import Edit, copy_reference
from tests.integration.marked_processes import with_mark

pytestmark = [pytest.mark.real, pytest.mark.laboratory]

PATIENCE = Patience(end=60.0)
# What a sabotage leaves open for ever would be waited for.
IMPATIENT = Patience(end=40.0, backlog=10.0)
EARLY_ACK = Edit("system/tasks/celery_config.py", "task_acks_late = True", "task_acks_late = False")


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder after whose test nothing that this process started is left."""
    before = set(psutil.Process().children(recursive=True))
    yield tmp_path
    assert set(psutil.Process().children(recursive=True)) <= before


def under_fire(folder: Path, schedule: str, patience: Patience, *edits: Edit) -> Outcome:
    driver = ReferenceFaultDriver(copy_reference(folder, *edits))
    try:
        driver.start()
        return run(driver, Plan(read(schedule)), FIRE, patience=patience)
    finally:
        driver.stop()


@pytest.mark.parametrize(
    ("edits", "schedule", "words"),
    [
        pytest.param((UNCONDITIONAL_CLAIM,), "after-record/child:12", "envois doublés", id="claim made unconditional"),
        pytest.param((NO_RECONCILE,), "after-acceptance/main:12", "envois doublés", id="reconcile removed"),
        pytest.param(
            (EARLY_ACK, *NO_RECOVERY), "before-post/main:12", "envois perdus", id="early ack without recovery"
        ),
        pytest.param(NO_UNIQUE_MESSAGE, "webhook-duplicated", "envois doublés", id="Message 2 not unique"),
        pytest.param(NO_INBOX, "webhook-after-insert/main", "webhooks perdus", id="inbox removed"),
        pytest.param((NO_SUPERVISION,), "kill-main:12", "envois perdus", id="supervisor removed"),
    ],
)
def test_a_sabotage_is_caught_with_identifiers(
    edits: tuple[Edit, ...], schedule: str, words: str, folder: Path
) -> None:
    outcome = under_fire(folder, schedule, IMPATIENT, *edits)
    wrongs = outcome.result.wrongs
    assert words in wrongs, (wrongs, [s.why for s in outcome.played.everything])
    assert all(key.startswith(("+33", "FIRE")) for key in wrongs[words])
    if words == "envois perdus" and edits == (NO_SUPERVISION,):
        assert outcome.played.strikes[0].recovery is None


def test_the_twin_under_the_same_faults_loses_nothing(folder: Path) -> None:
    schedule = (
        "after-acceptance/child,after-acceptance/main,before-post/main,webhook-duplicated,webhook-after-insert/main"
    )
    outcome = under_fire(folder, schedule, PATIENCE)
    assert outcome.result.wrongs == {}
    assert all(s.struck for s in outcome.played.strikes), [s.why for s in outcome.played.strikes]
    assert outcome.settled


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["INT", "TERM"])
def test_an_interrupted_session_leaves_no_process_and_no_port(tmp_path: Path, number: signal.Signals) -> None:
    mark = str(tmp_path)
    command = [sys.executable, "-m", "audit", "fire", ".", "--out", str(tmp_path / "out"), "--seed", "1"]
    with (tmp_path / "told").open("wb") as told:
        session = subprocess.Popen(
            command, cwd=REPOSITORY, env={**os.environ, "ORPHAN_MARK": mark}, stdout=told, stderr=told
        )
    try:
        wait_until(lambda: b"1/" in (tmp_path / "told").read_bytes(), seconds=240, what="a fault has struck")
        running = psutil.Process(session.pid).children(recursive=True)
        ports = {c.laddr.port for p in running for c in listening(p)}
        assert len(ports) >= 4
        session.send_signal(number)
        assert session.wait(120) == 3
        wait_until(lambda: not with_mark(mark), seconds=40, what="no marked process left")
        assert psutil.wait_procs(running, timeout=40)[1] == []
        for port in ports:
            with socket.socket() as free:
                free.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                free.bind(("127.0.0.1", port))
    finally:
        session.kill()
        session.wait()
        for process in with_mark(mark):
            process.kill()


def listening(process: psutil.Process) -> list[Any]:
    try:
        return [c for c in process.net_connections("tcp") if c.status == psutil.CONN_LISTEN]
    except psutil.Error:
        return []
