"""The Message 2 that an interaction earns inside the window of 24 h."""

import logging
from datetime import datetime

from system.db import interactions
from system.db.database import Database
from system.db.interactions import Addressee

logger = logging.getLogger(__name__)

# A short delay before Message 2, so that it does not look like a machine's answer.
FOLLOW_UP_COUNTDOWN_SECONDS = 2


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


def cancel_late_follow_ups(db: Database) -> int:
    """Cancels unsent Message 2 whose window is over; returns how many."""
    with db.transaction() as connection:
        return interactions.cancel_late_follow_ups(connection)
