"""2 000 steps of campaigns' lives, and the proof that the machine can fail."""

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from system.db.database import Database
from system.domain.campaign_life import Resume
from system.domain.sending_hours import SendingHours
from system.domain.wakeups import WakeUp
from system.services.campaigns import create_campaign
from system.services.pausing import resume_campaign
from system.services.ports import Clock
from system.services.recovery import RecoveryPlan
from tests.criteria.campaign_machine import Campaigns, Parts

pytestmark = [pytest.mark.real, pytest.mark.integration]
FEWEST_STEPS = 2000


def run(db: Database, parts: Parts, *, examples: int, phases: tuple[Phase, ...]) -> int:
    """Steps done; raises what the machine found."""

    class Machine(Campaigns):
        pass

    Machine.db, Machine.parts, Machine.steps = db, parts, 0
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=50,
            deadline=None,
            phases=phases,
            database=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
    return Machine.steps


def test_over_2000_steps_nothing_twice_and_nobody_forgotten(db: Database) -> None:
    # An example may end early, where its preconditions leave nothing to do.
    assert run(db, Parts(), examples=56, phases=(Phase.generate, Phase.shrink)) >= FEWEST_STEPS


def resume_whatever_is_not_sent(
    db: Database, campaign_id: int, *, which: Resume = Resume.PENDING, clock: Clock | None = None
) -> list[WakeUp]:
    """The fault its peers report most: what lost its answer is sent again without asking."""
    with db.transaction() as connection:
        connection.execute(
            """UPDATE messages SET status = 'pending', doubtful = false, lease_token = NULL, lease_until = NULL,
                   published_at = NULL, next_attempt_at = NULL WHERE campaign_id = %s AND status IN ('sending', 'unknown')""",
            [campaign_id],
        )
    return resume_campaign(db, campaign_id, which=which)


def recover_nothing(db: Database, *, lease_seconds: float) -> RecoveryPlan:
    """What lost its wake-up is never found."""
    return RecoveryPlan((), ())


def test_a_resumption_that_does_not_ask_is_caught(db: Database) -> None:
    with pytest.raises((AssertionError, BaseExceptionGroup), match="accepted twice"):
        run(db, Parts(resume=resume_whatever_is_not_sent), examples=60, phases=(Phase.generate,))


def test_a_missing_recovery_is_caught(db: Database) -> None:
    with pytest.raises((AssertionError, BaseExceptionGroup), match=r"wait for ever|forgotten"):
        run(db, Parts(recover=recover_nothing), examples=20, phases=(Phase.generate,))


def create_without_hours(db: Database, *said: Any, hours: SendingHours | None = None) -> int:
    """The hours that its operator gave are forgotten."""
    return create_campaign(db, *said)


def test_a_campaign_that_forgets_its_hours_is_caught(db: Database) -> None:
    with pytest.raises((AssertionError, BaseExceptionGroup), match="left at night"):
        run(db, Parts(create=create_without_hours), examples=60, phases=(Phase.generate,))
