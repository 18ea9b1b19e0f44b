"""Asks the gateway which numbers are on WhatsApp, on a queue of its own: no message waits behind it for long."""

import logging
import time
from dataclasses import asdict
from typing import Any

from system.db.database import get_db
from system.gateway.wassenger import get_gateway
from system.services import verification
from system.tasks.celery_app import celery_app

logger = logging.getLogger(__name__)

# With one request of the longest kind (50 s), below the soft limit of a task (60 s).
TURN_SECONDS = 5.0
# A message that kills its process each time does not come back for longer than this.
EXPIRES_SECONDS = 86_400


@celery_app.task(expires=EXPIRES_SECONDS)  # type: ignore[untyped-decorator]
def verify_contact(contact_id: int) -> str:
    """Asks about one contact; what the gateway does not answer is asked by whoever asks again."""
    outcome = verification.verify_contact(get_db(), get_gateway(), contact_id)
    logger.info("contact %s: %s", contact_id, outcome)
    return repr(outcome)


@celery_app.task(bind=True, expires=EXPIRES_SECONDS)  # type: ignore[untyped-decorator]
def verify_contacts(self: Any, after: int = 0, category: str | None = None) -> dict[str, Any]:
    """Asks about every contact nobody has asked about, a short turn at a time; harmless when it runs twice."""
    turn = verification.verify_some(
        get_db(), get_gateway(), time.monotonic, after=after, category=category, seconds=TURN_SECONDS
    )
    if turn.next_after is not None:
        self.apply_async(kwargs={"after": turn.next_after, "category": category}, queue="verification")
    if turn.stopped is not None:
        logger.error("numbers are not verified any further: %s", turn.stopped)
    return asdict(turn)
