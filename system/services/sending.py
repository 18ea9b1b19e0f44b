"""Sends one message: claim, reconcile what is doubtful, hand over, record. The database decides, never the wake-up.

What no sender can exclude while the gateway knows no idempotency key: a process frozen between the last look at its lease and
the POST, for longer than the rest of the lease; and a request the gateway accepts after having said that it has nothing of it.
"""

import logging
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from system.clock import utc_now
from system.db import campaigns, gateway_breaker, messages, quota, suppressions
from system.db.database import Database
from system.db.messages import Claim
from system.domain.daily_limit import next_day
from system.domain.gateway_breaker import BreakerPolicy
from system.domain.lease import Lease
from system.domain.retry_policy import RetryPolicy
from system.domain.sending_hours import SendingHours
from system.domain.statuses import CAMPAIGN_LETS_SEND, CAMPAIGN_RESTS, CampaignStatus, MessageKind, MessageStatus
from system.gateway.outcomes import Accepted, AccountStopped, Outgoing, Refused, Uncertain
from system.locks import SEND_TTL_SECONDS, retry_key, send_key
from system.services.pacing import DevicePace
from system.services.ports import Clock, Gateway, LockKeeper, Monotonic

logger = logging.getLogger(__name__)

# Any hour, and the days of UTC.
ALWAYS = SendingHours(ZoneInfo("UTC"))
QUIET_HOURS = "outside the campaign's sending hours"
NOT_OURS = "not due, final, or claimed by another process"
# A turn takes no further message after this: a Message 2 must not wait long for a child to be free.
TURN_SECONDS = 0.5
# Before asking the gateway again about a message it could not be asked about, or that has no attempt left.
ASK_AGAIN_SECONDS = 60.0


@dataclass(frozen=True)
class Done:
    """Nothing to add for the caller; `what` says what happened, for the log."""

    what: str


@dataclass(frozen=True)
class TransientFailure:
    """An attempt that may be repeated. The message stays claimed until `postpone` or `give_up` is told the decision.

    `failures` counts this one; `uncertain` when the message may have left all the same.
    """

    claim: Claim
    failures: int
    uncertain: bool
    reason: str

    @property
    def what(self) -> str:
        return f"not sent: {self.reason}"


@dataclass(frozen=True)
class HandedOver:
    """The gateway has the message and nobody has recorded it yet; should this process die, the lease and the gateway tell."""

    claim: Claim
    accepted: Accepted
    how: str


SendOutcome = Done | TransientFailure
Attempted = SendOutcome | HandedOver


@dataclass(frozen=True)
class Turn:
    """What came of the last message that was tried, and those that were left for another turn."""

    outcome: SendOutcome
    rest: tuple[int, ...] = ()


@dataclass(frozen=True)
class Sender:
    """Sends messages under `lease`, at most `daily_limit` a day of the zone of `hours`, a Message 1 at those hours only."""

    db: Database
    gateway: Gateway
    locks: LockKeeper
    policy: RetryPolicy
    lease: Lease
    daily_limit: int
    pace: DevicePace | None = None
    breaker: BreakerPolicy = field(default_factory=BreakerPolicy)
    hours: SendingHours = ALWAYS
    clock: Clock = utc_now
    monotonic: Monotonic = time.monotonic

    def send(self, message_id: int, template_name: str | None = None) -> SendOutcome:
        """Brings the message one step further, if it is due and nobody's.

        Raises:
            psycopg.Error: when the database fails; the lease then gives the message to the recovery.

        """
        with self.locks.hold(send_key(message_id), ttl_seconds=SEND_TTL_SECONDS, fail_open=True) as free:
            if not free and not self._claimable(message_id):
                return Done("another process is at it")
            return self.send_in_turn([message_id], template_name).outcome

    def send_in_turn(self, message_ids: Sequence[int], template_name: str | None = None) -> Turn:
        """The same for several messages, until one fails or half a second is over; each is claimed when its turn comes.

        No lock saves work here. An acceptance is recorded by the statement that claims the next message.
        """
        ends_at = self.monotonic() + TURN_SECONDS
        outcome: SendOutcome = Done("nothing to send")
        handed_over: HandedOver | None = None
        waiting = deque(message_ids)
        while waiting:
            message_id = waiting.popleft()
            # Before the claim, so that this process's idea of its lease ends before the database's.
            claimed_at = self.monotonic()
            claim = self._claim(message_id, handed_over)
            handed_over = None
            attempted = self._attempt(claim, claimed_at, template_name) if claim else Done(NOT_OURS)
            if isinstance(attempted, HandedOver):
                handed_over, outcome = attempted, Done(attempted.how)
            else:
                outcome = attempted
                self._tell(message_id, claim, outcome)
            if isinstance(outcome, TransientFailure) or self.monotonic() > ends_at:
                break
        if handed_over:
            with self.db.statement() as connection:
                recorded = messages.record_sent(connection, self._acceptance(handed_over))
            self._report(handed_over, recorded=recorded)
        return Turn(outcome, tuple(waiting))

    def postpone(self, failure: TransientFailure, delay_seconds: float) -> bool:
        """Records the failure and the time of the next attempt; True when the caller now has to publish the retry.

        False when the message has been taken over, or its retry is being planned elsewhere.
        """
        claim = failure.claim
        status = MessageStatus.UNKNOWN if failure.uncertain or claim.doubtful else MessageStatus.PENDING
        with self.locks.hold(retry_key(claim.id), ttl_seconds=SEND_TTL_SECONDS, fail_open=True) as free:
            return free and self._give_back(claim, status, failure.failures, delay_seconds, failure.reason)

    def give_up(self, failure: TransientFailure) -> None:
        """No attempt is left: failed when the gateway surely has nothing, else unknown until it has been asked."""
        if failure.uncertain or failure.claim.doubtful:
            # Not asked at once: a request that timed out may still be on its way.
            self._give_back(failure.claim, MessageStatus.UNKNOWN, failure.failures, ASK_AGAIN_SECONDS, failure.reason)
        else:
            self._fail(failure.claim, failure.failures, failure.reason, for_now=True)

    def _claimable(self, message_id: int) -> bool:
        # A lock left by a dead owner must not delay a takeover.
        message = self.db.get_message_by_id(message_id)
        return message is not None and message.claimable

    @staticmethod
    def _tell(message_id: int, claim: Claim | None, outcome: SendOutcome) -> None:
        known = {"campaign_id": claim.campaign_id, "kind": claim.kind.value, "attempt": claim.attempts} if claim else {}
        logger.info("message_not_sent", extra={"message_id": message_id, "why": outcome.what, **known})

    def _claim(self, message_id: int, handed_over: HandedOver | None) -> Claim | None:
        terms: dict[str, Any] = {"lease_seconds": self.lease.seconds, "now": self.clock(), "day": self._today()}
        terms["daily_limit"] = self.daily_limit
        with self.db.statement() as connection:
            if handed_over is None:
                return messages.claim(connection, message_id, **terms)
            accepted = self._acceptance(handed_over)
            recorded, claim = messages.claim_next(connection, accepted, message_id, **terms)
        self._report(handed_over, recorded=recorded)
        return claim

    def _attempt(self, claim: Claim, claimed_at: float, template_name: str | None) -> Attempted:
        if claim.doubtful:
            settled = self._reconcile(claim)
            if settled is not None:
                return settled
            claimed_at = self.monotonic()
            if not self._renew(claim):
                return Done("taken over while reconciling")
        refusal = (self._held(claim) if claim.gateway_held else None) or self._refusal(claim)
        if refusal is not None:
            return refusal
        if not self.lease.allows_post(claimed_at=claimed_at, now=self.monotonic()):
            self._release(claim, due_at=self.clock(), reason="the lease was too short for the preparation")
            return Done("too late in the lease")
        return self._post(claim, template_name)

    def _reconcile(self, claim: Claim) -> Attempted | None:
        """Asks the gateway about earlier attempts; None when it has nothing and another attempt is allowed."""
        found = self.gateway.find_by_reference(claim.reference)
        if isinstance(found, Accepted):
            return HandedOver(claim, found, "reconciled")
        if isinstance(found, Uncertain):
            self._give_back(claim, MessageStatus.UNKNOWN, claim.failures, ASK_AGAIN_SECONDS, found.reason)
            return Done("the gateway cannot be asked")
        if self.policy.exhausted(claim.failures):
            return self._fail(claim, claim.failures, "no attempt left, and the gateway has nothing", for_now=True)
        return None

    def _renew(self, claim: Claim) -> bool:
        with self.db.transaction() as connection:
            return messages.renew_lease(connection, claim, lease_seconds=self.lease.seconds)

    def _refusal(self, claim: Claim) -> Done | None:
        """Why this message must not leave now, if so; it is then given back, or ended."""
        if claim.campaign_status in CAMPAIGN_RESTS:
            self._release(claim, due_at=None, reason=f"campaign {claim.campaign_status}")
            return Done(f"campaign {claim.campaign_status}")
        if claim.campaign_status not in CAMPAIGN_LETS_SEND:
            return self._withhold(claim, MessageStatus.CANCELLED, f"campaign {claim.campaign_status}")
        if claim.window is not None and not claim.window.is_open(self.clock()):
            return self._withhold(claim, MessageStatus.CANCELLED, "the window of 24 h is over")
        # The claim has just heard who opted out, except where it left time to ask the gateway.
        if claim.doubtful and self._opted_out(claim):
            return self._withhold(claim, MessageStatus.OPTED_OUT, suppressions.OPTED_OUT)
        return self._too_early(claim)

    def _too_early(self, claim: Claim) -> Done | None:
        hours = claim.hours or self.hours
        if claim.kind is MessageKind.MESSAGE_1 and not hours.let_leave(self.clock()):
            self._release(claim, due_at=hours.next_opening(self.clock()), reason=QUIET_HOURS)
            return Done(QUIET_HOURS)
        today = self._today()
        if claim.quota_day != today and not self._reserve(claim, today):
            self._release(claim, due_at=next_day(self.clock(), self.hours.zone), reason=messages.HELD_BY_THE_DAY)
            return Done(messages.HELD_BY_THE_DAY)
        return None

    def _held(self, claim: Claim) -> Done | None:
        """Given back without an attempt, unless this message is the one that finds out whether the gateway takes messages again."""
        with self.db.transaction() as connection:
            hold = gateway_breaker.hold(connection)
            if hold is None or gateway_breaker.take_probe(connection, self.breaker):
                return None
            messages.release(connection, claim, due_at=hold.probe_at, reason=gateway_breaker.HELD)
        return Done(gateway_breaker.HELD)

    def _opted_out(self, claim: Claim) -> bool:
        with self.db.transaction() as connection:
            return suppressions.is_suppressed(connection, claim.phone)

    def _withhold(self, claim: Claim, status: MessageStatus, reason: str) -> Done:
        with self.db.transaction() as connection:
            messages.record_withheld(connection, claim, status=status, reason=reason)
        return Done(reason)

    def _post(self, claim: Claim, template_name: str | None) -> Attempted:
        if self.pace is not None and claim.kind is MessageKind.MESSAGE_2:
            # It has a deadline: it does not wait for a token, the next Message 1 does.
            self.pace.charge()
        answer = self.gateway.post(Outgoing(claim.phone, claim.body, claim.reference, template_name, claim.content))
        match answer:
            case Accepted():
                return HandedOver(claim, answer, "sent")
            case Uncertain(reason):
                return self._refused_for_now(claim, reason, uncertain=True)
            case Refused(reason, retryable=True):
                return self._refused_for_now(claim, reason, uncertain=False)
            case Refused(reason):
                return self._fail(claim, claim.failures, reason, for_now=False)
            case AccountStopped(reason):
                return self._pause_campaign(claim, reason)

    def _refused_for_now(self, claim: Claim, reason: str, *, uncertain: bool) -> Attempted:
        with self.db.transaction() as connection:
            if gateway_breaker.note_refusal(connection, self.breaker, reason):
                said = {"event": "gateway_held", "why": reason, "refusals": self.breaker.refusals}
                logger.error("sending is held: the gateway refuses everything for now (%s)", reason, extra=said)
        if not claim.gateway_held:
            return TransientFailure(claim, claim.failures + 1, uncertain=uncertain, reason=reason)
        # It was sent to find out: that costs it no attempt, and another message is tried next.
        status = MessageStatus.UNKNOWN if uncertain or claim.doubtful else MessageStatus.PENDING
        self._give_back(claim, status, claim.failures, 2 * self.breaker.probe_seconds, reason)
        return Done(f"{gateway_breaker.HELD}: {reason}")

    def _today(self) -> date:
        return self.clock().astimezone(self.hours.zone).date()

    def _reserve(self, claim: Claim, day: date) -> bool:
        with self.db.transaction() as connection:
            return quota.reserve(connection, claim, day=day, limit=self.daily_limit)

    def _acceptance(self, handed_over: HandedOver) -> messages.Acceptance:
        accepted = handed_over.accepted
        return messages.Acceptance(
            handed_over.claim.id,
            accepted.gateway_id,
            accepted.wa_id,
            accepted.at or self.clock(),
            posted=handed_over.how == "sent",
        )

    def _report(self, handed_over: HandedOver, *, recorded: bool) -> None:
        claim = handed_over.claim
        if recorded:
            said = {"message_id": claim.id, "campaign_id": claim.campaign_id, "kind": claim.kind.value}
            said |= {"how": handed_over.how, "attempt": claim.attempts}
            logger.info("message_sent", extra=said | {"event": "message_sent"})
        known = None if recorded else self.db.get_message_by_id(handed_over.claim.id)
        again = handed_over.accepted.gateway_id
        if known is not None and known.gateway_id != again:
            logger.error("message %s was accepted twice by the gateway: %s and %s", known.id, known.gateway_id, again)

    def _pause_campaign(self, claim: Claim, reason: str) -> Done:
        why = f"the gateway refuses the account: {reason}"
        with self.db.transaction() as connection:
            # The campaign first, as a cancellation takes them: neither waits for the other.
            campaigns.stop(connection, claim.campaign_id, status=CampaignStatus.PAUSED, reason=why)
            messages.release(connection, claim, due_at=None, reason=why)
        logger.error("campaign %s paused: %s", claim.campaign_id, why)
        return Done("campaign paused")

    def _fail(self, claim: Claim, failures: int, reason: str, *, for_now: bool) -> Done:
        with self.db.transaction() as connection:
            if messages.record_failed(connection, claim, failures=failures, error=reason, for_now=for_now):
                quota.give_back(connection, claim)
        return Done(f"failed: {reason}")

    def _release(self, claim: Claim, *, due_at: datetime | None, reason: str) -> None:
        with self.db.transaction() as connection:
            messages.release(connection, claim, due_at=due_at, reason=reason)

    def _give_back(self, claim: Claim, status: MessageStatus, failures: int, delay: float, reason: str) -> bool:
        with self.db.transaction() as connection:
            return messages.postpone(
                connection, claim, status=status, failures=failures, delay_seconds=delay, error=reason
            )
