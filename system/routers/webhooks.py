"""Wassenger's webhook: stored before it is answered, processed after."""

import logging
import re
from collections.abc import Sequence

import psycopg
from fastapi import APIRouter, BackgroundTasks, HTTPException, Request, Response, status

from system.config import get_settings
from system.db.database import get_db
from system.db.inbox import InboxEntry
from system.gateway.authenticity import authenticator
from system.gateway.webhook_body import PayloadError
from system.gateway.webhooks import Event, parse_events
from system.routers.limited_body import BodyCutError, BodyTooLargeError, read_body
from system.schemas.errors import problems
from system.schemas.webhooks import Received
from system.services import inbox
from system.services.gathering import Gathering
from system.webhook_processing import process_wassenger_message

logger = logging.getLogger(__name__)
router = APIRouter()

# WhatsApp's longest text (65 536 characters) fits twice, every character escaped.
MOST_BYTES = 2_097_152
_JSON = re.compile(r"(application|text)/([\w.+-]+\+)?json\s*(;|$)", re.ASCII | re.IGNORECASE)


@router.post(
    "/webhooks/wassenger",
    response_model=Received,
    responses=problems(400, 401, 413, 415, 503),
    openapi_extra={
        "requestBody": {"required": True, "content": {"application/json": {"schema": {"type": ["object", "array"]}}}}
    },
)
async def receive_wassenger_webhook(request: Request, background_tasks: BackgroundTasks) -> Response:
    """Checks where it comes from, stores its events, answers 200; nobody has to be logged in."""
    events = await _authentic_events(request)
    try:
        new = await _storing.do(events)
    except psycopg.Error as error:
        logger.exception("a webhook could not be stored")
        # Wassenger delivers again whatever was not answered by a success.
        raise HTTPException(status.HTTP_503_SERVICE_UNAVAILABLE, "not stored, deliver again") from error
    if new:
        background_tasks.add_task(_processing.do, new)
    # Made here, as `Received` says it: the framework would check it again.
    return Response(b'{"received":%d}' % len(new), media_type="application/json")


async def _authentic_events(request: Request) -> list[Event]:
    if not _JSON.match(request.headers.get("content-type", "application/json").strip()):
        raise HTTPException(status.HTTP_415_UNSUPPORTED_MEDIA_TYPE, "not JSON")
    try:
        body = await read_body(request, most_bytes=MOST_BYTES)
    except BodyTooLargeError as error:
        raise HTTPException(413, f"more than {MOST_BYTES} bytes") from error
    except BodyCutError as error:
        raise HTTPException(status.HTTP_400_BAD_REQUEST, "the body was cut") from error
    settings = get_settings()
    secret = settings.wassenger_webhook_secret
    authentic = authenticator(secret.get_secret_value() if secret else None, settings.wassenger_webhook_proof)
    if not authentic(body, request.headers):
        raise HTTPException(status.HTTP_401_UNAUTHORIZED, "not authentic")
    try:
        return parse_events(body)
    except PayloadError as error:
        raise HTTPException(status.HTTP_400_BAD_REQUEST, str(error)) from error


def _store(requests: Sequence[list[Event]]) -> list[list[InboxEntry]]:
    return inbox.receive(get_db(), requests)


def _process(groups: Sequence[list[InboxEntry]]) -> list[None]:
    process_wassenger_message(*(entry for group in groups for entry in group))
    return [None] * len(groups)


# Requests that come together share one INSERT and one commit; each is answered after it.
_storing = Gathering(_store, one_by_one=(psycopg.DataError, psycopg.IntegrityError))
_processing = Gathering(_process)
