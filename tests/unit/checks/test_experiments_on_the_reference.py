"""Every criterion of families 4 to 7 and 9 by its own experiment, on the reference's code, real PostgreSQL and Redis.

The processes are threads here; `checks/` plays the same scenarios on the shipped ones, and `tests/acceptance` on defects.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from audit.experiments import (
    daily_limit,
    duplicate_replies,
    every_experiment,
    interaction_types,
    message_1_sending,
    reply_delay,
    reply_window,
    statistics_freezing,
    statistics_speed,
)
from audit.experiments.experiment import Experiment, Record
from audit.model.findings import Finding, Outcome
from checks.full_driver import FullDriver
from tests.unit.checks.light_stack import light_driver

# The threads of a worker and of a web server raise what libraries deprecate.
pytestmark = [
    pytest.mark.real,
    pytest.mark.integration,
    # Celery's own call, in the worker's thread.
    pytest.mark.filterwarnings("ignore:Call to deprecated setex:DeprecationWarning"),
]
Run = Callable[[FullDriver, Record], Sequence[Finding]]


def alone(driver: FullDriver, record: Record, plan: statistics_speed.Plan) -> Sequence[Finding]:
    """Thirty times as often as on real processes, the tasks that close campaigns would be counted as readers."""
    with driver.without_periodic_tasks():
        return statistics_speed.run(driver, record, plan)


# Shorter than on real processes: a sweep comes every 2 s here.
SHORTER: dict[str, Run] = {
    "message-1-sending": lambda d, r: message_1_sending.run(
        d, r, message_1_sending.Plan(20, 5, 0, 0, quiet_seconds=0.5)
    ),
    "reply-window": lambda d, r: reply_window.run(d, r, reply_window.Plan(quiet_seconds=4.0)),
    "daily-limit": lambda d, r: daily_limit.run(d, r, daily_limit.Plan(quiet_seconds=3.0)),
    "interaction-types": lambda d, r: interaction_types.run(d, r, quiet_seconds=0.5),
    "duplicate-replies": lambda d, r: duplicate_replies.run(d, r, duplicate_replies.Plan(quiet_seconds=3.0)),
    "reply-delay": lambda d, r: reply_delay.run(d, r, reply_delay.Plan(3, 120, 10, 0.05)),
    "statistics-freezing": lambda d, r: statistics_freezing.run(d, r, quiet_seconds=2.0),
    "statistics-speed": lambda d, r: alone(d, r, statistics_speed.Plan(20_000, 30, quiet_seconds=0.5)),
}
# How fast an answer is says nothing here.
TIMED = {"5.5", "9.1", "9.3"}
# It stops processes, and there are none to stop here.
NEEDS_PROCESSES = {"worker-alert"}
# What crosses a Message 1 counts as its answer, and nothing leaves in the last seconds of a window; many failures pause a campaign; a
# resumption begins the 48 h again.
SHORT_OF_THE_LETTER = {"reply-window": ("4.3", "5.2"), "campaign-closing": ("7.1",), "campaign-age": ("7.5",)}
PLAYED = [e for e in every_experiment() if e.ability and e.id not in NEEDS_PROCESSES]


@pytest.mark.parametrize("experiment", PLAYED, ids=lambda e: e.id)
def test_the_reference_holds_every_criterion(
    experiment: Experiment, postgres_url: str, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shorter = replace(experiment, run=SHORTER.get(experiment.id, experiment.run))
    with light_driver(monkeypatch, postgres_url, redis_url, tmp_path) as driver:
        findings, _ = shorter.perform(driver)
    assert {r for f in findings for r in f.requirements} == set(experiment.requirements)
    reserved = sorted(r for f in findings if f.outcome is Outcome.RESERVATION for r in f.requirements)
    assert tuple(reserved) == SHORT_OF_THE_LETTER.get(experiment.id, ())
    for finding in (f for f in findings if f.outcome is not Outcome.RESERVATION):
        assert finding.outcome is Outcome.ESTABLISHED or TIMED & set(finding.requirements), finding
