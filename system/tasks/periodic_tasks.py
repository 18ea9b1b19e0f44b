"""What beat starts. Each is harmless when it runs twice at once, and leaves one row in `task_runs`."""

import logging
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from system.config import get_settings
from system.daily_counters import get_shared_counters
from system.db.database import Database, get_db
from system.db.snapshots import PostgresSnapshots, SupabaseSnapshots
from system.db.supabase import get_supabase_client
from system.domain.daily_limit import DailyLimit
from system.gateway.wassenger import get_gateway
from system.locks import get_locks
from system.services import closing, inbox, monitoring, recovery, retention, scheduling, statistics, uptime
from system.services.error_spikes import stop_spiking
from system.services.health import health
from system.tasks.celery_app import celery_app
from system.tasks.publishing import publish
from system.tasks.queue_lengths import queue_lengths

logger = logging.getLogger(__name__)


def _recover() -> dict[str, Any]:
    plan = recovery.recover(get_db(), lease_seconds=get_settings().send_lease_seconds)
    publish(plan.wake_ups)
    return {"messages": len(plan.message_ids), "campaigns": list(plan.campaign_ids)}


def _sweep() -> dict[str, Any]:
    db = get_db()
    follow_ups = inbox.process_left_behind(db, wait_seconds=get_settings().inbox_wait_seconds)
    publish(follow_ups)
    statistics.fold(db)
    ended = _end(db)
    lateness = timedelta(seconds=get_settings().schedule_lateness_seconds)
    started = scheduling.start_due(db, lateness=lateness)
    publish(started)
    return _told(_recover() | ended | {"left_behind": len(follow_ups), "started": len(started)})


def _expire() -> dict[str, Any]:
    db = get_db()
    return _told(asdict(closing.expire(db)) | _end(db))


def _end(db: Database) -> dict[str, list[int]]:
    """Stops what fails in numbers before it closes what has ended: a campaign that is closed first cannot be resumed."""
    stopped = stop_spiking(db)
    return {"stopped": list(stopped), "completed": list(closing.close_finished_campaigns(db))}


def _told(found: dict[str, Any]) -> dict[str, Any]:
    # Many times a minute: a run that found nothing has nothing to say.
    if any(found.values()):
        logger.info("swept", extra=found)
    return found


@celery_app.task  # type: ignore[untyped-decorator]
def system_health_check() -> dict[str, Any]:
    """Asks the database, Redis, the broker and the gateway; shows the latest counters in Redis."""

    def check() -> dict[str, Any]:
        found = health(get_db(), get_locks(), get_gateway(), queue_lengths)
        level = monitoring.limit_level(
            get_db(), DailyLimit(get_settings().daily_message_limit), zone=get_settings().hours.zone
        )
        return found | {
            "limit_level": level.value,
            "shared": get_shared_counters().publish(monitoring.latest_counters(get_db())),
        }

    return monitoring.recorded(get_db(), "system_health_check", check)


@celery_app.task  # type: ignore[untyped-decorator]
def recover_interrupted_campaigns() -> dict[str, Any]:
    """Wakes messages of dead senders and campaigns whose dispatcher fell silent; runs when a worker starts as well."""
    return monitoring.recorded(get_db(), "recover_interrupted_campaigns", _recover)


@celery_app.task(ignore_result=True)  # type: ignore[untyped-decorator]
def sweep_expired_leases() -> None:
    """The same every few seconds, so that a death costs seconds; also the inbox, and campaigns that are finished."""
    monitoring.recorded(get_db(), "sweep_expired_leases", _sweep)


@celery_app.task  # type: ignore[untyped-decorator]
def check_expired_interactions() -> dict[str, Any]:
    """Ends the contacts whose 24 h are over, the Message 2 that can no longer leave, and campaigns after 48 h."""
    return monitoring.recorded(get_db(), "check_expired_interactions", _expire)


@celery_app.task  # type: ignore[untyped-decorator]
def close_overdue_campaigns() -> dict[str, Any]:
    """The same every minute: no campaign stays open for an hour after its 48 h."""
    return monitoring.recorded(get_db(), "close_overdue_campaigns", _expire)


@celery_app.task  # type: ignore[untyped-decorator]
def sync_monitoring_to_supabase() -> dict[str, Any]:
    """Persists the daily counters: through Supabase's API when there is a project, else in PostgreSQL."""

    def persist() -> dict[str, Any]:
        project = get_settings().supabase_url
        store = PostgresSnapshots(get_db()) if project is None else SupabaseSnapshots(get_supabase_client())
        return {"days": monitoring.persist_counters(get_db(), store), "supabase": project is not None}

    return monitoring.recorded(get_db(), "sync_monitoring_to_supabase", persist)


@celery_app.task  # type: ignore[untyped-decorator]
def reset_daily_monitoring() -> dict[str, Any]:
    """Opens the new day's counters; a count of the day before is never touched."""

    def reset() -> dict[str, Any]:
        archived = monitoring.start_day(get_db())
        forgotten = uptime.forget(get_db())
        return {
            "archived": archived,
            "forgotten": forgotten,
            "shared": get_shared_counters().publish(monitoring.latest_counters(get_db())),
        }

    return monitoring.recorded(get_db(), "reset_daily_monitoring", reset)


@celery_app.task  # type: ignore[untyped-decorator]
def cleanup_expired_locks() -> dict[str, Any]:
    """Releases the locks of dead owners and reports those that remain; Redis ends them in time."""

    def clean() -> dict[str, Any]:
        cleaned = get_locks().clean()
        return {"released": list(cleaned.released), "remaining": [asdict(lock) for lock in cleaned.remaining]}

    return monitoring.recorded(get_db(), "cleanup_expired_locks", clean)


@celery_app.task  # type: ignore[untyped-decorator]
def forget_old_data() -> dict[str, Any]:
    """Forgets contacts, texts, events and actions that were kept for as long as the settings say."""

    def forget() -> dict[str, Any]:
        settings = get_settings()
        kept = retention.Kept(
            contacts=settings.contact_retention_days,
            texts=settings.text_retention_days,
            events=settings.inbox_retention_days,
            actions=settings.log_retention_days,
        )
        return dict(retention.forget_old_data(get_db(), kept))

    return monitoring.recorded(get_db(), "forget_old_data", forget)
