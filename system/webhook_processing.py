"""Processes the webhooks that were stored: records what they say and schedules the Message 2."""

from datetime import datetime

from system import correlation
from system.db.database import Database, get_db
from system.db.inbox import InboxEntry
from system.services import inbox
from system.services.interactions import open_follow_up
from system.tasks.message_tasks import send_single_message


def process_wassenger_message(*entries: InboxEntry) -> None:
    """Records what the events say and schedules the Message 2; what fails or is interrupted is left to the sweep."""
    db = get_db()
    for entry in inbox.acknowledge(db, entries):
        with correlation.correlated(entry.correlation_id):
            _register(db, entry)


def _register(db: Database, entry: InboxEntry) -> None:
    try:
        to = inbox.register(db, entry)
        if to is not None:
            _schedule_message_2_wassenger(to.campaign_id, to.contact_id, entry.received_at)
            inbox.finish(db, entry)
    except Exception as error:  # noqa: BLE001 (recorded with its entry; the other events of the request have to go on)
        inbox.record_failure(db, entry, error)


def _schedule_message_2_wassenger(campaign_id: int, contact_id: int, received_at: datetime) -> None:
    message_2_id = open_follow_up(get_db(), campaign_id, contact_id, received_at=received_at)
    if message_2_id is not None:
        send_single_message.apply_async(
            args=[message_2_id],
            kwargs={"is_template": False, "template_name": None},
            countdown=2,
            queue="messages_high",
        )
