"""Tâches périodiques : surveillance, reprise et nettoyage."""

import logging
from datetime import UTC, datetime, timedelta

from app.database import get_db, get_supabase_client
from app.services.locks import cleanup_locks_without_ttl
from app.services.monitoring import monitoring_service
from app.services.redis_client import get_redis
from app.tasks.celery_app import celery_app
from app.tasks.message_tasks import send_campaign_messages

logger = logging.getLogger(__name__)


@celery_app.task
def system_health_check():
    """Vérifie Redis et la base, et note le résultat."""
    health = {"redis": bool(get_redis().ping())}
    health["database"] = get_supabase_client().table("campaigns").select("id").limit(1).execute().data is not None
    get_redis().set("system:health", "ok" if all(health.values()) else "degraded", ex=300)
    return health


@celery_app.task
def recover_interrupted_campaigns():
    """Relance les campagnes en cours dont des messages attendent encore."""
    recovered = []
    for campaign in get_db().get_active_campaigns():
        if get_db().get_pending_message_ids(campaign["id"], limit=1):
            send_campaign_messages.delay(campaign["id"])
            recovered.append(campaign["id"])
    if recovered:
        logger.warning("campagnes relancées", extra={"campaign_ids": recovered})
    return {"recovered": recovered}


@celery_app.task
def check_expired_interactions():
    """Expire les Message 1 restés sans interaction pendant 24 h."""
    return {"expired": get_db().expire_messages_sent_before(datetime.now(UTC) - timedelta(hours=24))}


@celery_app.task
def sync_monitoring_to_supabase():
    """Persiste les compteurs du jour."""
    return monitoring_service.sync_to_supabase()


@celery_app.task
def reset_daily_monitoring():
    """Remet à zéro les compteurs de la veille."""
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    monitoring_service.reset_day(yesterday)
    return {"reset": yesterday.isoformat()}


@celery_app.task
def cleanup_expired_locks():
    """Retire les verrous restés sans expiration."""
    return {"removed": cleanup_locks_without_ttl()}
