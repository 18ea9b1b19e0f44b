"""The life of messages under any order of wake-ups, deaths, lost answers and sweeps: nothing lost, nothing twice."""

from typing import ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from system.db.database import Database
from system.domain.retry_policy import Retry
from system.domain.wakeups import DispatchCampaign, SendMessage
from system.gateway.outcomes import PostOutcome, Refused, Uncertain
from system.services.campaigns import dispatch
from system.services.recovery import recover
from system.services.sending import TransientFailure
from tests.unit.system.bench import Bench

ANSWERS: list[PostOutcome | str] = [
    "accept",
    "lose the answer",
    Uncertain("HTTP 500"),
    Refused("HTTP 429", retryable=True),
]
FINAL = {"sent", "failed"}


class Life(RuleBasedStateMachine):
    """A campaign of two messages; a wake-up is published by hand, at most once a rule, or lost."""

    db: ClassVar[Database]
    message = Bundle("message")

    @initialize(target=message)
    def launch(self) -> int:
        self.bench = Bench(self.db)
        self.bench.execute("TRUNCATE campaigns, contacts, messages, daily_counters CASCADE")
        self.campaign_id = self.bench.campaign(2)
        self.ids = self.bench.ids(self.campaign_id)
        return self.ids[0]

    @rule(target=message)
    def other_message(self) -> int:
        return self.ids[1]

    @rule(message=message, answer=st.sampled_from(ANSWERS), recorded=st.booleans())
    def wake(self, message: int, answer: PostOutcome | str, recorded: bool) -> None:
        self.bench.gateway.answers.append(answer)
        self._send(message, recorded=recorded)
        self.bench.gateway.answers.clear()

    @rule(message=message)
    def die_before_the_post(self, message: int) -> None:
        self.bench.die_at_post()
        try:
            self.bench.sender().send(message)
        except KeyboardInterrupt:
            return
        finally:
            self.bench.gateway.before_post = lambda: None

    @rule(answers=st.lists(st.sampled_from(ANSWERS), min_size=2, max_size=2))
    def wake_both_in_turn(self, answers: list[PostOutcome | str]) -> None:
        self.bench.gateway.answers += answers
        self.bench.sender().send_in_turn(self.ids)
        self.bench.gateway.answers.clear()

    @rule(seconds=st.sampled_from([1, 31, 61, 241]))
    def time_passes(self, seconds: int) -> None:
        self.bench.age(seconds)

    @rule(reachable=st.booleans())
    def lookups(self, reachable: bool) -> None:
        self.bench.gateway.reachable = reachable

    @rule()
    def two_sweeps_and_lost_wake_ups(self) -> None:
        first, second = recover(self.db, lease_seconds=30), recover(self.db, lease_seconds=30)
        assert not set(first.message_ids) & set(second.message_ids)

    @rule()
    def a_turn(self) -> None:
        dispatch(self.db, self.bench.locks, self.campaign_id, batch_size=1)

    @invariant()
    def nothing_twice(self) -> None:
        accepted = self.bench.gateway.accepted if hasattr(self, "bench") else []
        assert len(accepted) == len(set(accepted))

    @invariant()
    def no_more_than_three_retries(self) -> None:
        if hasattr(self, "bench"):
            assert all(self.bench.message(number).failures <= 4 for number in self.ids)

    def teardown(self) -> None:
        """With a gateway that works, the sweeps alone bring every message to its end, and the end is true."""
        if not hasattr(self, "bench"):
            return
        self.bench.gateway.reachable = True
        for _ in range(12):
            self.bench.age(301)
            for wake_up in recover(self.db, lease_seconds=30).wake_ups:
                match wake_up:
                    case SendMessage(message_id):
                        self._send(message_id)
                    case DispatchCampaign(campaign_id):
                        for taken in dispatch(self.db, self.bench.locks, campaign_id, batch_size=10).wake_ups:
                            assert isinstance(taken, SendMessage)
                            self._send(taken.message_id)
        for number in self.ids:
            message = self.bench.message(number)
            assert message.status in FINAL
            assert (message.status == "sent") == (message.reference in self.bench.gateway.accepted)
            assert message.status == "sent" or message.failures > 3
        self.nothing_twice()

    def _send(self, message: int, *, recorded: bool = True) -> None:
        outcome = self.bench.sender().send(message)
        if isinstance(outcome, TransientFailure) and recorded:
            decision = self.bench.policy.decide(outcome.failures)
            if isinstance(decision, Retry):
                self.bench.sender().postpone(outcome, decision.delay_seconds)
            else:
                self.bench.sender().give_up(outcome)


@pytest.mark.real
def test_nothing_lost_nothing_twice(db: Database) -> None:
    Life.db = db
    run_state_machine_as_test(
        Life,
        settings=settings(
            max_examples=25, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
