"""Creates, launches and dispatches campaigns."""

from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from system.clock import utc_now
from system.db import action_log, audience, campaigns, dispatching, gateway_breaker, monitoring
from system.db.audience import TooLong
from system.db.connection import Db
from system.db.database import Database
from system.domain.content import MOST_TEXT, Content, most_text
from system.domain.counters import DayCounters
from system.domain.daily_limit import DailyLimit, next_day
from system.domain.pacing import BatchPause
from system.domain.phone import PhoneNumber
from system.domain.sending_hours import SendingHours
from system.domain.statuses import CampaignStatus
from system.domain.variables import needed, written
from system.domain.wakeups import DispatchCampaign, WakeUp, in_turns
from system.locks import CAMPAIGN_TTL_SECONDS, campaign_key
from system.services.people import honour_erasures
from system.services.ports import Clock, LockKeeper, Pace
from system.services.sending import ALWAYS
from system.services.transitions import CampaignStateError, locked, move

FOLLOW_UP = "Merci pour votre réponse ! Nous revenons vers vous très vite."
# Of those for whom a text is too long.
MOST_NAMED = 5
# Between two turns of a dispatcher, and the shortest interval at which a second chain is let through. The longest stays below
# the silence after which the recovery wakes another.
TURN_SECONDS = 0.5
SHORTEST_TURN_SECONDS = 0.25
LONGEST_TURN_SECONDS = 4.0


class NobodyToWriteToError(CampaignStateError):
    """No contact of the campaign may be written to."""


class UnknownCategoryError(ValueError):
    """Nobody has put a contact into these categories; `names` are theirs."""

    def __init__(self, names: tuple[str, ...]) -> None:
        super().__init__(f"no such category: {', '.join(names)}")
        self.names = names


class DraftChangedError(CampaignStateError):
    """The draft, or the number of those it is for, is no longer what was shown to whoever launches it."""


class TextError(CampaignStateError):
    """A text cannot be filled for every contact."""


class MissingValueError(TextError):
    """Contacts have no value for a variable of a text that has no default."""


class TooLongError(TextError, ValueError):
    """A text that is filled is longer than the gateway takes. Its words name nobody: they are kept; `found` does."""

    def __init__(self, found: TooLong, most: int) -> None:
        super().__init__(f"{found.people} contacts would read more than {most} characters")
        self.found, self.most = found, most
        self.names = ", ".join(found.first) + (" …" if found.people > len(found.first) else "")


@dataclass(frozen=True)
class Dispatched:
    """What one turn asks to publish; `again_in` seconds until the next turn, None when the chain ends."""

    wake_ups: tuple[WakeUp, ...]
    again_in: float | None


@dataclass(frozen=True)
class Limits:
    """What holds a dispatcher back, where something does."""

    daily: DailyLimit | None = None
    batch_pause: BatchPause | None = None
    pace: Pace | None = None
    hours: SendingHours = ALWAYS
    clock: Clock = utc_now


def create_campaign(
    db: Database,
    name: str,
    body: str,
    phones: Iterable[str] = (),
    follow_up: str = FOLLOW_UP,
    *,
    categories: Iterable[str] = (),
    hours: SendingHours | None = None,
    content: Content | None = None,
    actor: str | None = None,
) -> int:
    """A draft for these numbers, who have opted in, and for the contacts of these categories; returns its id.

    Its Message 1 leave at `hours`, or at those of the installation, with the file or by the template of `content`.

    Raises:
        UnknownCategoryError: for a category that does not exist; nothing is created then, nor in the other cases.
        VariableError: for a variable that nobody knows.
        TooLongError: when a contact of now would read too long a text.
        ValueError: for a phone which is not E.164, an empty name or body, or too long a text.

    """
    body, follow_up = checked_texts(name, body, follow_up, content)
    numbers = [PhoneNumber.parse(phone) for phone in phones]
    with db.transaction() as connection:
        campaign_id = campaigns.insert(connection, name, body, follow_up)
        if hours is not None:
            campaigns.set_hours(connection, campaign_id, hours)
        if content is not None:
            campaigns.set_content(connection, campaign_id, content.stored)
        audience.add_contacts(connection, campaign_id, numbers)
        honour_erasures(connection, db.erasure_key, numbers)
        unknown = audience.add_categories(connection, campaign_id, tuple(categories))
        if actor is not None:
            action_log.record(connection, actor, "campaign created", {"campaign_id": campaign_id, "name": name})
        if unknown:
            raise UnknownCategoryError(unknown)
        refuse_too_long(connection, campaign_id)
    return campaign_id


def checked_texts(name: str, body: str, follow_up: str, content: Content | None) -> tuple[str, str]:
    """Both texts as they are stored.

    Raises:
        VariableError: for a variable that nobody knows.
        ValueError: when something is empty, or too long for the gateway as it is written.

    """
    body, follow_up = written(body), written(follow_up)
    if not name.strip() or not body.strip() or not follow_up.strip():
        raise ValueError("a campaign needs a name and the text of its messages")
    for text, most in ((body, most_text(content)), (follow_up, MOST_TEXT)):
        if len(text) > most:
            raise ValueError(f"the gateway takes at most {most} characters: {text[:40]}… has {len(text)}")
    return body, follow_up


def refuse_too_long(connection: Db, campaign_id: int) -> None:
    """Raises TooLongError when a contact would read more than the gateway takes."""
    texts = campaigns.texts(connection, campaign_id)
    found = audience.too_long(connection, campaign_id, texts, named=MOST_NAMED)
    if found is not None:
        raise TooLongError(found, most_text(texts.content) if found.message else MOST_TEXT)


def draft_version(connection: Db, campaign_id: int) -> str:
    """What a draft holds at this moment, in 64 characters: the same are the same draft."""
    told = campaigns.hours_and_texts(connection, campaign_id), audience.categories(connection, campaign_id)
    return sha256(repr(told).encode()).hexdigest()


def fingerprint(connection: Db, campaign_id: int) -> str:
    """What a launch would send at this moment, to how many and within which hours, in 64 characters."""
    told = draft_version(connection, campaign_id), audience.audience(connection, campaign_id).recipients
    return sha256(repr(told).encode()).hexdigest()


def launch_campaign(
    db: Database, campaign_id: int, *, shown: str | None = None, actor: str | None = None, clock: Clock = utc_now
) -> list[WakeUp]:
    """Launches a draft or a scheduled campaign: its contacts are those of now, one Message 1 each. Returns what to publish.

    `shown` is the `fingerprint` of what whoever launches it has confirmed.

    Raises:
        CampaignStateError: when it is neither a draft nor scheduled.
        DraftChangedError: when it is no longer what was shown; nothing has changed then.
        NobodyToWriteToError: when no contact may be written to; nothing has changed then.
        TextError: when a text cannot be filled for one of them, or is then too long; nothing has changed then either.

    """
    with db.transaction() as connection:
        return launch(connection, campaign_id, shown=shown, actor=actor, at=clock())


def launch(
    connection: Db, campaign_id: int, *, at: datetime, shown: str | None = None, actor: str | None = None
) -> list[WakeUp]:
    """The same within the caller's transaction."""
    now = locked(connection, campaign_id)
    if now not in {CampaignStatus.DRAFT, CampaignStatus.SCHEDULED}:
        raise CampaignStateError(f"campaign {campaign_id} is {now}: it is neither a draft nor scheduled")
    move(connection, campaign_id, CampaignStatus.SENDING, at=at, actor=actor)
    _refuse_missing(connection, campaign_id)
    refuse_too_long(connection, campaign_id)
    if not campaigns.freeze(connection, campaign_id):
        raise NobodyToWriteToError(f"campaign {campaign_id} has nobody to write to")
    if shown is not None and shown != fingerprint(connection, campaign_id):
        raise DraftChangedError(f"campaign {campaign_id} is no longer what was shown")
    return [DispatchCampaign(campaign_id)]


def _refuse_missing(connection: Db, campaign_id: int) -> None:
    names = needed(*campaigns.texts(connection, campaign_id).every)
    found = audience.lacking(connection, campaign_id, names, named=MOST_NAMED)
    if found is not None:
        every = ", ".join(f"{{{{{name}}}}}" for name in names)
        raise MissingValueError(f"{found.people} contacts have no value for {every}, which has no default")


def campaign_lock(locks: LockKeeper, campaign_id: int) -> AbstractContextManager[bool]:
    """The lock around a turn of a campaign's dispatcher; it expires by itself."""
    return locks.hold(campaign_key(campaign_id), ttl_seconds=CAMPAIGN_TTL_SECONDS)


def dispatch(
    db: Database, locks: LockKeeper, campaign_id: int, *, batch_size: int, limits: Limits | None = None
) -> Dispatched:
    """One turn of the campaign's dispatcher: marks the next due messages as published, as many as `limits` let through.

    It does nothing while another turn lives, nor when the lock cannot be asked: the recovery wakes a dispatcher again.
    """
    with campaign_lock(locks, campaign_id) as mine:
        if not mine:
            return Dispatched((), None)
        with db.transaction() as connection:
            if not dispatching.take_turn(connection, campaign_id, min_interval=SHORTEST_TURN_SECONDS):
                return Dispatched((), None)
            return _take(connection, campaign_id, batch_size, limits or Limits())


def _take(connection: Db, campaign_id: int, batch_size: int, limits: Limits) -> Dispatched:
    window = batch_size
    held = gateway_breaker.hold(connection)
    if held is not None:
        seconds = (held.probe_at - limits.clock()).total_seconds()
        if seconds > 0:
            dispatching.hold(connection, campaign_id, until=held.probe_at)
            return Dispatched((), min(LONGEST_TURN_SECONDS, max(TURN_SECONDS, seconds)))
        # The one that finds out.
        window = 1
    hours = dispatching.hours(connection, campaign_id) or limits.hours
    if not hours.let_leave(limits.clock()):
        dispatching.hold(connection, campaign_id, until=hours.next_opening(limits.clock()))
        return Dispatched((), None)
    if limits.daily is not None:
        today = limits.clock().astimezone(limits.hours.zone).date()
        days = monitoring.counters(connection, since=today)
        counted = next((day for day in days if day.day == today), DayCounters(today, 0, 0, 0))
        window = min(window, limits.daily.left_for_message_1(counted))
        if window == 0:
            dispatching.hold(connection, campaign_id, until=next_day(limits.clock(), limits.hours.zone))
    taken = dispatching.taken_since_rest(connection, campaign_id)
    if taken is None or window == 0:
        # Until midnight, or the end of the pause; the recovery wakes the next turn.
        return Dispatched((), None)
    dispatching.let_go(connection, campaign_id, now=limits.clock())
    room = max(0, window - dispatching.published(connection, campaign_id))
    if limits.batch_pause is not None:
        room = limits.batch_pause.allowed(taken, room)
    granted = room if limits.pace is None else limits.pace.take(room)
    batch = dispatching.take_batch(connection, campaign_id, most=granted)
    if limits.pace is not None:
        limits.pace.give_back(granted - len(batch.message_ids))
    dispatching.note_taken(connection, campaign_id, len(batch.message_ids))
    if limits.batch_pause is not None and limits.batch_pause.is_due(taken + len(batch.message_ids)):
        dispatching.rest(connection, campaign_id, seconds=limits.batch_pause.seconds)
    return Dispatched(in_turns(batch.message_ids), _turn_seconds(limits) if batch.more else None)


def _turn_seconds(limits: Limits) -> float:
    if limits.pace is None:
        return TURN_SECONDS
    return min(LONGEST_TURN_SECONDS, max(TURN_SECONDS, limits.pace.seconds_a_message))
