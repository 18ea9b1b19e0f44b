"""What the settings say of pace and limits."""

from system.config import get_settings
from system.db.database import get_db
from system.device_buckets import get_bucket
from system.domain.daily_limit import DailyLimit
from system.domain.pacing import BatchPause, Rate
from system.services.campaigns import Limits
from system.services.pacing import DevicePace


def device_pace() -> DevicePace | None:
    """The pace of this installation's device; None when only the gateway sets it."""
    settings = get_settings()
    if settings.device_messages_per_minute is None:
        return None
    rate = Rate(settings.device_messages_per_minute / 60, settings.device_burst)
    device = settings.wassenger_device
    return DevicePace(get_db(), get_bucket(device, rate), device, rate)


def limits() -> Limits:
    """What holds dispatchers back."""
    settings = get_settings()
    every = settings.batch_pause_every
    return Limits(
        daily=DailyLimit(settings.daily_message_limit),
        batch_pause=None if every is None else BatchPause(every, settings.batch_pause_seconds),
        pace=device_pace(),
        hours=settings.hours,
    )
