"""Defects that only running shows: the ledger names the messages that were lost or sent twice; the twin loses nothing."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from audit.experiments import follow_up_sending, webhook_processing, worker_alert, worker_answers, worker_restart
from audit.experiments.autonomous_sending import Plan, run
from audit.experiments.driver import Driver
from audit.experiments.experiment import Record
from audit.model.findings import Finding, Outcome
from checks.full_driver import FullDriver
from tests.acceptance.execution_defects import (
    NO_INBOX,
    NO_RECONCILE,
    NO_RECOVERY,
    NO_SUPERVISION,
    NO_UNIQUE_MESSAGE,
    UNCONDITIONAL_CLAIM,
)
from tests.acceptance.reference_copy import Edit, copy_reference

pytestmark = [pytest.mark.real, pytest.mark.integration]

# Twice what a busy machine was seen to need; a sound stack ends the waiting itself.
PLAN = Plan(end_seconds=90.0)
# The messages whose fate a mutant never settles would otherwise be waited for.
IMPATIENT = Plan(step_seconds=20.0, end_seconds=20.0)


SILENT_WATCHDOG = (
    Edit(
        "system/services/alerts.py",
        "            response = self._client.post(self._url",
        "            return True\n            response = self._client.post(self._url",
    ),
)
# Each look forgets that the alert was raised, and the database allows any number of open incidents.
FLAPPING_WATCHDOG = (
    Edit("system/services/watching.py", "import AlarmPolicy, Recovered", "import AlarmPolicy, Watch, Recovered"),
    Edit(
        "system/services/watching.py",
        "alarms.remember(db, component, watch)",
        "alarms.remember(db, component, Watch(watch.attended_since, watch.looked_at))",
    ),
    Edit("system/db/migrations/0002_alarms.sql", "CREATE UNIQUE INDEX incidents_open", "CREATE INDEX incidents_open"),
    Edit("system/db/alarms.py", "\n           ON CONFLICT (component) WHERE recovered_at IS NULL DO NOTHING", ""),
)


def send(folder: Path, plan: Plan, *edits: Edit) -> Finding:
    driver = FullDriver(copy_reference(folder, *edits))
    try:
        driver.start()
        return run(driver, Record(), plan)[0]
    finally:
        driver.stop()


def test_the_twin_sends_everything_once(tmp_path: Path) -> None:
    finding = send(tmp_path, PLAN)
    assert finding.outcome is Outcome.ESTABLISHED, finding


@pytest.mark.parametrize(
    ("edits", "words"),
    [
        pytest.param((UNCONDITIONAL_CLAIM,), "Message 1 envoyés plus d'une fois", id="claim made unconditional"),
        pytest.param((NO_RECONCILE,), "Message 1 envoyés plus d'une fois", id="reconcile removed"),
        pytest.param(NO_RECOVERY, "Message 1 perdus", id="recovery removed"),
    ],
)
def test_the_ledger_names_what_went_wrong(edits: tuple[Edit, ...], words: str, tmp_path: Path) -> None:
    finding = send(tmp_path, IMPATIENT, *edits)
    assert finding.outcome is Outcome.DEFECT, finding
    assert finding.sentence.startswith(words)
    assert "+3363998" in finding.sentence


@pytest.mark.parametrize(
    ("scenario", "edits", "words"),
    [
        pytest.param(webhook_processing.run, NO_INBOX, "Webhooks acceptés puis perdus", id="inbox removed"),
        pytest.param(
            follow_up_sending.run,
            NO_UNIQUE_MESSAGE,
            "Message 2 envoyés plus d'une fois",
            id="unique constraint removed",
        ),
        pytest.param(worker_alert.run, SILENT_WATCHDOG, "Aucune alerte ne part", id="watchdog silent"),
        pytest.param(
            worker_alert.run,
            FLAPPING_WATCHDOG,
            "Plusieurs alertes partent pour un seul arrêt des workers",
            id="alert flapping",
        ),
    ],
)
def test_an_experiment_names_what_went_wrong(
    scenario: Callable[[Driver, Record, float], Sequence[Finding]], edits: tuple[Edit, ...], words: str, tmp_path: Path
) -> None:
    driver = FullDriver(copy_reference(tmp_path, *edits))
    try:
        driver.start()
        (finding,) = scenario(driver, Record(), 15.0)
    finally:
        driver.stop()
    assert finding.outcome is Outcome.DEFECT, finding
    assert finding.sentence.startswith(words)


# A worker that changes its settings when it starts: an import shows nothing of it.
EARLY_AT_START = (
    Edit(
        "system/tasks/celery_app.py",
        "@worker_ready.connect",
        "@celeryd_init.connect\ndef _early(conf: Any, **_: Any) -> None:\n    conf.task_acks_late = False\n\n\n@worker_ready.connect",
    ),
    Edit("system/tasks/celery_app.py", "import setup_logging,", "import celeryd_init, setup_logging,"),
)


def test_a_worker_that_changes_its_settings_when_it_starts_says_so(tmp_path: Path) -> None:
    driver = FullDriver(copy_reference(tmp_path, *EARLY_AT_START))
    try:
        driver.start()
        (finding,) = worker_answers.run(driver, Record())
    finally:
        driver.stop()
    assert finding.outcome is Outcome.DEFECT
    assert "`task_acks_late` : `False` au lieu de `True`" in finding.sentence.replace("\xa0", " ")


def test_a_worker_without_supervision_does_not_come_back(tmp_path: Path) -> None:
    driver = FullDriver(copy_reference(tmp_path, NO_SUPERVISION))
    try:
        driver.start()
        (finding,) = worker_restart.run(driver, Record(), 8.0)
    finally:
        driver.stop()
    assert finding.outcome is Outcome.DEFECT
    assert "n'est pas revenu" in finding.sentence
