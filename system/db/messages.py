"""One message's row: claim, and the ends of an attempt. Every statement is conditional, so that a late writer changes nothing."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from system.db.connection import Db
from system.db.suppressions import OPTED_OUT
from system.domain.daily_limit import DailyLimit
from system.domain.sending_hours import SendingHours, named_zone
from system.domain.sending_window import WINDOW, SendingWindow
from system.domain.statuses import CAMPAIGN_LETS_SEND, CampaignStatus, MessageKind, MessageStatus

HELD_BY_THE_DAY = "daily limit reached"
# What these do is in `0060_message_functions.sql`.
RECORD_SENT = "record_sent(%(accepted)s, %(gateway_id)s, %(wa_id)s, %(sent_at)s, %(posted)s)"
_TERMS = "%(id)s, %(token)s, %(lease)s, %(day_ago)s, %(day)s, %(limit)s, %(most_message_1)s, %(open)s, %(opted_out)s"
CLAIM = f"claim_message({_TERMS})"
CLAIM_NEXT = f"claim_next(%(accepted)s, %(gateway_id)s, %(wa_id)s, %(sent_at)s, %(posted)s, {_TERMS})"
CLAIMED = """SELECT (message).id, (message).campaign_id, (message).kind, (message).body, (message).content, (message).reference,
    (message).attempts, (message).failures, (message).doubtful, (message).lease_token, (message).quota_day,
    phone, campaign_status, message_1_at, last_inbound_at, gateway_held, sending_zone, sending_opens, sending_closes"""


@dataclass(frozen=True)
class Message:
    """A message as it is read; times are UTC."""

    id: int
    campaign_id: int
    contact_id: int
    kind: MessageKind
    body: str
    status: MessageStatus
    reference: str
    attempts: int
    failures: int
    gateway_id: str | None
    wa_id: str | None
    sent_at: datetime | None
    last_error: str | None
    claimable: bool


@dataclass(frozen=True)
class Claim:
    """A message this process alone may send until its lease ends.

    `doubtful`: an earlier attempt may have gone through. `window`: of a Message 2, the time it has to leave in.
    `quota_day`: the day in which it is counted, None when that day was full. `gateway_held`: sending was held at the claim.
    `hours`: those of its campaign, if it has its own. `content`: a file or a template, as the gateway is handed it.
    """

    id: int
    campaign_id: int
    kind: MessageKind
    body: str
    reference: str
    attempts: int
    failures: int
    doubtful: bool
    lease_token: UUID
    phone: str
    campaign_status: CampaignStatus
    window: SendingWindow | None = None
    quota_day: date | None = None
    gateway_held: bool = False
    hours: SendingHours | None = None
    content: dict[str, Any] | None = None


def by_id(db: Db, message_id: int) -> Message | None:
    """The message, or None."""
    row = db.execute(
        """SELECT id, campaign_id, contact_id, kind, body, status, reference, attempts, failures, gateway_id, wa_id,
                  sent_at, last_error,
                  coalesce((status IN ('pending', 'unknown') AND coalesce(next_attempt_at, '-infinity') <= now())
                    OR (status = 'sending' AND lease_until < now()), false) AS claimable
           FROM messages WHERE id = %s""",
        [message_id],
    ).fetchone()
    if row is None:
        return None
    return Message(**row | {"kind": MessageKind(row["kind"]), "status": MessageStatus(row["status"])})


@dataclass(frozen=True)
class Acceptance:
    """The gateway has this message. `posted`: a POST was answered so, which shows that the gateway takes messages."""

    message_id: int
    gateway_id: str
    wa_id: str | None
    sent_at: datetime
    posted: bool = True

    @property
    def parameters(self) -> dict[str, Any]:
        """Those of the statement that records it."""
        values = dict(vars(self))
        return values | {"accepted": values.pop("message_id")}


def claim(db: Db, message_id: int, *, lease_seconds: float, now: datetime, day: date, daily_limit: int) -> Claim | None:
    """Takes the message for `lease_seconds`; None when it is not due, final, somebody's, or for who opted out.

    It is counted in `day` unless that day is full, or something else keeps it from leaving at once.
    """
    terms = _terms(message_id, lease_seconds, now, day, daily_limit)
    return _claimed(db.execute(f"{CLAIMED} FROM {CLAIM}".encode(), terms).fetchone())


def claim_next(
    db: Db, accepted: Acceptance, message_id: int, *, lease_seconds: float, now: datetime, day: date, daily_limit: int
) -> tuple[bool, Claim | None]:
    """What `record_sent` and then `claim` give, in one statement: the server is asked once a message."""
    terms = _terms(message_id, lease_seconds, now, day, daily_limit)
    row = db.execute(f"{CLAIMED}, recorded FROM {CLAIM_NEXT}".encode(), terms | accepted.parameters).fetchone()
    return row is not None and row.pop("recorded"), _claimed(row)


def _terms(message_id: int, lease_seconds: float, now: datetime, day: date, daily_limit: int) -> dict[str, Any]:
    return {
        "id": message_id,
        "token": uuid4(),
        "lease": lease_seconds,
        "day_ago": now - WINDOW,
        "day": day,
        "limit": daily_limit,
        "opted_out": OPTED_OUT,
        "most_message_1": DailyLimit(daily_limit).most_message_1,
        "open": [status.value for status in CAMPAIGN_LETS_SEND],
    }


def _claimed(row: dict[str, Any] | None) -> Claim | None:
    if row is None or row["lease_token"] is None:
        return None
    kinds = {"kind": MessageKind(row["kind"]), "campaign_status": CampaignStatus(row["campaign_status"])}
    message_1_at, last_inbound_at = row.pop("message_1_at"), row.pop("last_inbound_at")
    window = None if kinds["kind"] is MessageKind.MESSAGE_1 else SendingWindow(message_1_at, last_inbound_at)
    return Claim(**_without_hours(row) | kinds, window=window, hours=hours_of(row))


def _without_hours(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if not name.startswith("sending_")}


def hours_of(row: dict[str, Any]) -> SendingHours | None:
    """The hours of a campaign's columns; None where it has none of its own."""
    if row["sending_zone"] is None:
        return None
    return SendingHours(named_zone(row["sending_zone"]), row["sending_opens"], row["sending_closes"])


def renew_lease(db: Db, claim: Claim, *, lease_seconds: float) -> bool:
    """A whole lease again from now; False when another process has taken the message over, or it is final."""
    return _while_mine(db, claim, "lease_until = now() + make_interval(secs => %(lease)s)", lease=lease_seconds)


def record_sent(db: Db, accepted: Acceptance) -> bool:
    """Records an acceptance, whoever holds the lease: it is a fact, even when its answer came late.

    Returns False when the message was already known as accepted.
    """
    row = db.execute(f"SELECT {RECORD_SENT} AS recorded".encode(), accepted.parameters).fetchone()
    return row is not None and bool(row["recorded"])


def postpone(db: Db, claim: Claim, *, status: MessageStatus, failures: int, delay_seconds: float, error: str) -> bool:
    """Gives the message back, not to be claimed before `delay_seconds`; a wake-up is expected at that time."""
    later = "now() + make_interval(secs => %(delay)s)"
    return _while_mine(
        db,
        claim,
        "status = %(status)s, failures = %(failures)s,"
        f" last_error = %(error)s, next_attempt_at = {later}, published_at = {later},"
        " lease_token = NULL, lease_until = NULL",
        status=status.value,
        failures=failures,
        delay=delay_seconds,
        error=error,
    )


def release(db: Db, claim: Claim, *, due_at: datetime | None, reason: str) -> bool:
    """Gives an unsent message back to the dispatcher, from `due_at` on (at once when None)."""
    return _while_mine(
        db,
        claim,
        "status = 'pending', next_attempt_at = %(due_at)s::timestamptz, last_error = %(reason)s, lease_token = NULL,"
        " lease_until = NULL, published_at = CASE kind WHEN 'message_1' THEN NULL ELSE %(due_at)s::timestamptz END",
        due_at=due_at,
        reason=reason,
    )


def record_failed(db: Db, claim: Claim, *, failures: int, error: str, for_now: bool) -> bool:
    """Failed: the gateway has nothing of this message. `for_now`: no attempt was left, and another day may change the answer."""
    return _while_mine(
        db,
        claim,
        "status = 'failed', failures = %(failures)s, last_error = %(error)s, next_attempt_at = NULL,"
        " failed_for_now = %(for_now)s, lease_token = NULL, lease_until = NULL",
        failures=failures,
        error=error,
        for_now=for_now,
    )


def record_withheld(db: Db, claim: Claim, *, status: MessageStatus, reason: str) -> bool:
    """Final, as `cancelled` or `opted_out`: the gateway has nothing of this message, and it must not leave any more."""
    return _while_mine(
        db,
        claim,
        "status = %(status)s, last_error = %(reason)s, next_attempt_at = NULL, lease_token = NULL, lease_until = NULL",
        status=status.value,
        reason=reason,
    )


def _while_mine(db: Db, claim: Claim, assignments: str, **values: Any) -> bool:
    statement = (
        f"UPDATE messages SET {assignments} WHERE id = %(id)s AND status = 'sending' AND lease_token = %(token)s"  # noqa: S608
    )
    cursor = db.execute(statement.encode(), values | {"id": claim.id, "token": claim.lease_token})
    return cursor.rowcount == 1
