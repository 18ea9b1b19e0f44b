"""What a webhook brings: received once, recorded, answered with Message 2 inside the window."""

import logging
from datetime import datetime

from system.db import inbox, interactions
from system.db.database import Database
from system.db.interactions import Addressee
from system.domain.statuses import MessageKind
from system.domain.wakeups import SendMessage
from system.gateway.webhooks import Event, interaction

logger = logging.getLogger(__name__)

# A short delay before Message 2, so that it does not look like a machine's answer.
FOLLOW_UP_COUNTDOWN_SECONDS = 2
LEFT_BEHIND_SECONDS = 30.0
MOST_ENTRIES = 100


def receive(db: Database, events: list[Event]) -> list[int]:
    """Stores the events, all or none; returns the ids of those that are new.

    Raises:
        psycopg.Error: when they could not be stored.

    """
    with db.transaction() as connection:
        ids = [inbox.insert(connection, event.dedup_key, event.payload) for event in events]
    return [inbox_id for inbox_id in ids if inbox_id is not None]


def register(db: Database, inbox_id: int) -> tuple[Addressee, datetime] | None:
    """Records the interaction of an entry; returns whose it is and when it came, or None when it is not one of ours.

    An entry that is not an interaction of a contact is finished here, with the reason.
    """
    with db.transaction() as connection:
        entry = inbox.unprocessed(connection, inbox_id)
        if entry is None:
            return None
        found = interaction(entry.payload)
        if found is None:
            inbox.finish(connection, inbox_id, error="ignored: not an interaction")
            return None
        to = interactions.addressee(connection, found.phone)
        if to is None:
            inbox.finish(connection, inbox_id, error="ignored: no message was sent to this number")
            return None
        interactions.record(
            connection,
            to,
            inbox_id=inbox_id,
            type_=found.type,
            content=found.content,
            wa_id=found.wa_id,
            received_at=entry.received_at,
        )
        return to, entry.received_at


def open_follow_up(db: Database, campaign_id: int, contact_id: int, *, received_at: datetime) -> int | None:
    """Inserts the contact's Message 2; None when there is one already, or its window is over."""
    with db.transaction() as connection:
        message_id = interactions.insert_follow_up(
            connection,
            Addressee(campaign_id, contact_id),
            received_at=received_at,
            wake_up_in=FOLLOW_UP_COUNTDOWN_SECONDS,
        )
    if message_id is None:
        logger.info("campaign %s, contact %s: no Message 2 (there is one, or too late)", campaign_id, contact_id)
    return message_id


def finish(db: Database, inbox_id: int) -> None:
    """Marks an entry as processed."""
    with db.transaction() as connection:
        inbox.finish(connection, inbox_id)


def process_left_behind(db: Database) -> list[SendMessage]:
    """Processes what dead processes left in the inbox; returns what the caller has to publish."""
    with db.transaction() as connection:
        waiting = inbox.left_behind(connection, older_than_seconds=LEFT_BEHIND_SECONDS, limit=MOST_ENTRIES)
    wake_ups: list[SendMessage] = []
    for inbox_id in waiting:
        registered = register(db, inbox_id)
        if registered is not None:
            to, received_at = registered
            message_id = open_follow_up(db, to.campaign_id, to.contact_id, received_at=received_at)
            if message_id is not None:
                wake_ups.append(SendMessage(message_id, MessageKind.MESSAGE_2))
            finish(db, inbox_id)
    return wake_ups


def cancel_late_follow_ups(db: Database) -> int:
    """Cancels unsent Message 2 whose window is over; returns how many."""
    with db.transaction() as connection:
        return interactions.cancel_late_follow_ups(connection)
