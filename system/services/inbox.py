"""What a webhook brings: received once, processed until it is finished or has failed too often."""

import logging

import psycopg

from system.db import acknowledgements, inbox, interactions, monitoring
from system.db.connection import Db
from system.db.database import Database
from system.db.inbox import InboxEntry
from system.db.interactions import Addressee
from system.domain.statuses import MessageKind, MessageStatus
from system.domain.wakeups import SendMessage
from system.gateway.acknowledgements import Acknowledgement, acknowledgement
from system.gateway.inbound import Interaction, interaction
from system.gateway.webhooks import Event
from system.services.interactions import open_follow_up

logger = logging.getLogger(__name__)

# Until the second attempt, as the settings say; then twice that, four times, eight times.
WAIT_SECONDS = 30.0
MOST_ATTEMPTS = 5
MOST_ENTRIES = 100


def receive(db: Database, events: list[Event]) -> list[int]:
    """Stores the events, all or none; returns the ids of those that are new and to be processed.

    Raises:
        psycopg.Error: when they could not be stored.

    """
    with db.transaction() as connection:
        ids = [inbox.insert(connection, event.dedup_key, event.payload, ignored=event.ignored) for event in events]
    return [inbox_id for inbox_id in ids if inbox_id is not None]


def begin(db: Database, inbox_id: int, *, wait_seconds: float = WAIT_SECONDS) -> InboxEntry | None:
    """Counts an attempt at this entry; None when it is processed already. The sweep takes it again after `wait_seconds`."""
    with db.transaction() as connection:
        return inbox.begin(connection, inbox_id, wait_seconds=wait_seconds)


def register(db: Database, entry: InboxEntry) -> Addressee | None:
    """Records what the entry says; returns whose interaction it is, when it is one: the caller then has to finish it.

    An acknowledgement, and whatever is not for us, is finished here. An acknowledgement of a message nobody knows is left to
    a later attempt: it may be here before the sender has recorded the gateway's answer.
    """
    with db.transaction() as connection:
        interacted = interaction(entry.payload)
        if interacted is not None:
            return _record(connection, entry, interacted)
        acknowledged = acknowledgement(entry.payload)
        if acknowledged is None:
            inbox.finish(connection, entry.id, error="ignored: neither an interaction nor an acknowledgement")
        else:
            _acknowledge(connection, entry, acknowledged)
        return None


def _record(connection: Db, entry: InboxEntry, found: Interaction) -> Addressee | None:
    to = interactions.addressee(connection, found.phone)
    if to is None:
        inbox.finish(connection, entry.id, error="ignored: no message was sent to this number")
        return None
    interactions.record(
        connection,
        to,
        inbox_id=entry.id,
        type_=found.type,
        content=found.content,
        wa_id=found.wa_id,
        received_at=entry.received_at,
    )
    return to


def _acknowledge(connection: Db, entry: InboxEntry, found: Acknowledgement) -> None:
    named, moved = acknowledgements.advance(connection, found.status, gateway_id=found.gateway_id, wa_id=found.wa_id)
    if found.status is MessageStatus.FAILED and moved:
        monitoring.count_errors(connection, entry.received_at.date(), moved)
    if named:
        inbox.finish(connection, entry.id)
    else:
        inbox.record_error(connection, entry.id, "no message has this identifier")


def finish(db: Database, entry: InboxEntry) -> None:
    """Marks an entry as processed."""
    with db.transaction() as connection:
        inbox.finish(connection, entry.id)


def record_failure(db: Database, entry: InboxEntry, error: Exception) -> None:
    """Logs and keeps why an attempt failed. Never raises: the attempt is counted already."""
    logger.error("inbox entry %s, attempt %s failed", entry.id, entry.attempts, exc_info=error)
    try:
        with db.transaction() as connection:
            inbox.record_error(connection, entry.id, f"{type(error).__name__}: {error}")
    except psycopg.Error:
        logger.exception("inbox entry %s: the failure could not be recorded", entry.id)


def process_left_behind(db: Database, *, wait_seconds: float = WAIT_SECONDS) -> list[SendMessage]:
    """Processes what dead or failing processes left; returns what the caller has to publish."""
    with db.transaction() as connection:
        lost = inbox.give_up(connection, most_attempts=MOST_ATTEMPTS)
    if lost:
        logger.error("inbox entries given up: %s", list(lost))
    wake_ups: list[SendMessage] = []
    for _ in range(MOST_ENTRIES):
        # One at a time: what kills this process must not be counted against the entries behind it.
        with db.transaction() as connection:
            entry = inbox.begin_left_behind(connection, wait_seconds=wait_seconds, most_attempts=MOST_ATTEMPTS)
        if entry is None:
            break
        try:
            wake_ups += _process(db, entry)
        except Exception as error:  # noqa: BLE001 (recorded with its entry; the others have to go on)
            record_failure(db, entry, error)
    return wake_ups


def _process(db: Database, entry: InboxEntry) -> list[SendMessage]:
    to = register(db, entry)
    if to is None:
        return []
    message_id = open_follow_up(db, to.campaign_id, to.contact_id, received_at=entry.received_at)
    finish(db, entry)
    return [] if message_id is None else [SendMessage(message_id, MessageKind.MESSAGE_2)]
