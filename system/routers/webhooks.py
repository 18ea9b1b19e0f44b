"""Wassenger's webhook: stored before it is answered, processed after."""

import logging
from datetime import datetime

from fastapi import APIRouter, BackgroundTasks, HTTPException, Request, status
from fastapi.concurrency import run_in_threadpool

from system.config import get_settings
from system.db.database import get_db
from system.gateway.authenticity import SIGNATURE_HEADER, is_authentic
from system.gateway.webhooks import PayloadError, parse_events
from system.schemas.webhooks import Received
from system.services import interactions
from system.tasks.message_tasks import send_single_message

logger = logging.getLogger(__name__)
router = APIRouter()


@router.post("/webhooks/wassenger")
async def receive_wassenger_webhook(request: Request, background_tasks: BackgroundTasks) -> Received:
    """Checks where it comes from, stores its events, answers 200; nobody has to be logged in."""
    body = await request.body()
    secret = get_settings().wassenger_webhook_secret
    if not is_authentic(secret.get_secret_value() if secret else None, body, request.headers.get(SIGNATURE_HEADER)):
        raise HTTPException(status.HTTP_401_UNAUTHORIZED, "wrong signature")
    try:
        events = parse_events(body)
    except PayloadError as error:
        raise HTTPException(status.HTTP_400_BAD_REQUEST, str(error)) from error
    new = await run_in_threadpool(interactions.receive, get_db(), events)
    for inbox_id in new:
        background_tasks.add_task(process_wassenger_message, inbox_id)
    return Received(received=len(new))


def process_wassenger_message(inbox_id: int) -> None:
    """Records the interaction and schedules the Message 2; whatever is interrupted here is done again by the sweep."""
    db = get_db()
    registered = interactions.register(db, inbox_id)
    if registered is None:
        return
    to, received_at = registered
    _schedule_message_2_wassenger(to.campaign_id, to.contact_id, received_at)
    interactions.finish(db, inbox_id)


def _schedule_message_2_wassenger(campaign_id: int, contact_id: int, received_at: datetime) -> None:
    message_2_id = interactions.open_follow_up(get_db(), campaign_id, contact_id, received_at=received_at)
    if message_2_id is not None:
        send_single_message.apply_async(
            args=[message_2_id],
            kwargs={"is_template": False, "template_name": None},
            countdown=2,
            queue="messages_high",
        )
