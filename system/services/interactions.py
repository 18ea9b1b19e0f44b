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
    """Inserts the contact's Message 2; None when there is one already, its window is over, or it must not leave."""
    to = Addressee(campaign_id, contact_id)
    with db.transaction() as connection:
        interactions.note_inbound(connection, contact_id, received_at=received_at)
        message_id = interactions.insert_follow_up(
            connection, to, received_at=received_at, wake_up_in=FOLLOW_UP_COUNTDOWN_SECONDS
        )
        duplicate = message_id is None and interactions.has_follow_up(connection, to)
    if message_id is None:
        event = "duplicate_message_2" if duplicate else "message_2_not_due"
        logger.info("%s", event, extra={"event": event, "campaign_id": campaign_id, "contact_id": contact_id})
    return message_id
