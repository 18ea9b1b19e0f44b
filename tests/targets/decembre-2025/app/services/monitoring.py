"""Compteurs quotidiens des envois, dans Redis, persistés dans Supabase."""

from datetime import UTC, date, datetime

from app.config import settings
from app.database import get_supabase_client
from app.services.redis_client import get_redis

KINDS = ("message_1", "message_2", "errors")
COUNTER_TTL = 48 * 3600


def _key(day: date, kind: str) -> str:
    return f"whatsapp:daily:{day.isoformat()}:{kind}"


class MonitoringService:
    """Compte les envois du jour et les compare à la limite quotidienne."""

    def record(self, kind: str) -> None:
        key = _key(datetime.now(UTC).date(), kind)
        pipeline = get_redis().pipeline()
        pipeline.incr(key)
        pipeline.expire(key, COUNTER_TTL)
        pipeline.execute()

    def daily_counts(self, day: date) -> dict[str, int]:
        values = get_redis().mget([_key(day, kind) for kind in KINDS])
        return {kind: int(value or 0) for kind, value in zip(KINDS, values, strict=True)}

    def limit_reached(self) -> bool:
        counts = self.daily_counts(datetime.now(UTC).date())
        return counts["message_1"] + counts["message_2"] >= settings.daily_message_limit

    def sync_to_supabase(self) -> dict[str, int]:
        day = datetime.now(UTC).date()
        counts = self.daily_counts(day)
        get_supabase_client().table("daily_monitoring").upsert({"day": day.isoformat(), **counts}).execute()
        return counts

    def reset_day(self, day: date) -> None:
        get_redis().delete(*(_key(day, kind) for kind in KINDS))


monitoring_service = MonitoringService()
