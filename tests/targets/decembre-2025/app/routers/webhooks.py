"""Webhooks de la passerelle WhatsApp."""

import logging
from datetime import UTC, datetime, timedelta

from fastapi import APIRouter, BackgroundTasks, Request

from app.database import get_db
from app.tasks.message_tasks import send_single_message

logger = logging.getLogger(__name__)
router = APIRouter()

WINDOW = timedelta(hours=24)


@router.post("/webhooks/wassenger")
async def receive_wassenger_webhook(request: Request, background_tasks: BackgroundTasks):
    # Pas de Depends(get_current_user)
    payload = await request.json()
    if payload.get("event") == "message:in:new":
        background_tasks.add_task(process_wassenger_message, payload["data"])
    return {"status": "received"}


def process_wassenger_message(data: dict) -> None:
    """Rattache un message entrant à sa campagne, l'enregistre et déclenche le Message 2."""
    db = get_db()
    contact = db.get_contact_by_phone(data["fromNumber"])
    if contact is None:
        logger.info("message d'un numéro inconnu")
        return
    quoted = (data.get("quoted") or {}).get("wid")
    message_1 = db.get_message_by_wassenger_id(quoted) if quoted else db.get_latest_message_1(contact["id"])
    if message_1 is None or message_1["sent_at"] is None:
        return
    campaign_id = message_1["campaign_id"]
    db.record_interaction(campaign_id, contact["id"], data["type"], data.get("body", ""))
    if datetime.now(UTC) - datetime.fromisoformat(message_1["sent_at"]) < WINDOW:
        _schedule_message_2_wassenger(campaign_id, contact["id"])


def _schedule_message_2_wassenger(campaign_id: int, contact_id: int) -> int | None:
    db = get_db()
    if db.get_message_2(campaign_id, contact_id) is not None:
        logger.info("Message 2 déjà créé", extra={"campaign_id": campaign_id, "contact_id": contact_id})
        return None
    campaign = db.get_campaign_by_id(campaign_id)
    message_2_id = db.create_message_2(campaign_id, contact_id, campaign["message_2_content"])["id"]
    send_single_message.apply_async(
        args=[message_2_id],
        kwargs={"is_template": False, "template_name": None},
        countdown=2,  # 2 secondes de délai pour rate limit
    )
    return message_2_id
