"""What the settings say of pace and limits."""

import pytest

from system.config import get_settings
from system.domain.daily_limit import DailyLimit
from system.domain.pacing import BatchPause, Rate
from system.tasks.pace import device_pace, limits

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("in_the_stack")]


def test_by_default_the_gateway_alone_sets_the_pace() -> None:
    found = limits()
    assert (found.pace, found.batch_pause, found.daily) == (None, None, DailyLimit(1000))


def test_a_rate_and_a_pause_may_be_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"DEVICE_MESSAGES_PER_MINUTE": "30", "DEVICE_BURST": "5", "BATCH_PAUSE_EVERY": "50"}.items():
        monkeypatch.setenv(name, value)
    get_settings.cache_clear()
    assert limits().batch_pause == BatchPause(50, 60.0)
    pace = device_pace()
    assert pace is not None
    assert (pace.rate, pace.seconds_a_message) == (Rate(0.5, 5.0), 2.0)
    # A bucket of the real Redis, which starts empty.
    assert pace.take(1) == 0
