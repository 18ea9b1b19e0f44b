"""Tâches d'envoi : un message, une campagne."""

import logging
from datetime import UTC, datetime

from app.database import get_db, get_supabase_client
from app.services.locks import acquire_idempotency_lock, campaign_lock, release_idempotency_lock
from app.services.monitoring import monitoring_service
from app.services.retry import MAX_RETRIES, calculate_retry_delay
from app.services.wassenger import SendFailed, send_whatsapp_message
from app.tasks.celery_app import celery_app

logger = logging.getLogger(__name__)


@celery_app.task(bind=True, max_retries=MAX_RETRIES)
def send_single_message(self, message_id: int, is_template: bool = True, template_name: str | None = None):
    db = get_db()
    client = get_supabase_client()
    message = db.get_message_by_id(message_id)  # Pas de filtre user_id
    if message is None or message["status"] != "pending":
        return {"message_id": message_id, "status": "skipped"}
    attempt = self.request.retries
    token = acquire_idempotency_lock(message_id, attempt)
    if token is None:
        return {"message_id": message_id, "status": "already_running"}
    logger.info("envoi en cours", extra={"message_id": message_id, "attempt": attempt})
    try:
        failure = _deliver(client, message, template_name if is_template else None)
    finally:
        release_idempotency_lock(message_id, attempt, token)
    if failure is None:
        return {"message_id": message_id, "status": "sent"}
    monitoring_service.record("errors")
    if attempt >= MAX_RETRIES:
        client.table("messages").update({"status": "failed"}).eq("id", message_id).execute()
        return {"message_id": message_id, "status": "failed"}
    raise self.retry(exc=failure, countdown=calculate_retry_delay(self.request.retries), queue="retry")


def _deliver(client, message: dict, template_name: str | None) -> SendFailed | None:
    """Envoie le message et note son succès ; rend l'échec passager s'il y en a un."""
    try:
        wassenger_id = send_whatsapp_message(message["phone"], message["content"], template_name)
    except SendFailed as failure:
        logger.warning("échec de l'envoi", extra={"message_id": message["id"]})
        return failure
    changes = {"status": "sent", "wassenger_id": wassenger_id, "sent_at": datetime.now(UTC).isoformat()}
    client.table("messages").update(changes).eq("id", message["id"]).execute()
    monitoring_service.record(message["message_type"])
    logger.info("message envoyé", extra={"message_id": message["id"], "campaign_id": message["campaign_id"]})
    return None


@celery_app.task(bind=True)
def send_campaign_messages(self, campaign_id: int):
    db = get_db()
    client = get_supabase_client()
    with campaign_lock(campaign_id) as acquired:
        if not acquired:
            return {"campaign_id": campaign_id, "status": "locked"}
        if monitoring_service.limit_reached():
            return {"campaign_id": campaign_id, "status": "daily_limit"}
        template_name = db.get_campaign_by_id(campaign_id)["template_name"]
        message_ids = db.get_pending_message_ids(campaign_id)
        logger.info("envoi de la campagne", extra={"campaign_id": campaign_id, "messages": len(message_ids)})
        for message_id in message_ids:
            send_single_message.apply_async(
                args=[message_id],
                kwargs={"is_template": True, "template_name": template_name},
            )
        status = "sending" if message_ids else "completed"
        client.table("campaigns").update({"status": status}).eq("id", campaign_id).execute()
    return {"campaign_id": campaign_id, "scheduled": len(message_ids)}
