import pytest

from system.config import SettingsError, get_settings, read_settings, settings_or_exit
from tests.unit.system.environment import GOOD

ALERTING = ("ALERT_WEBHOOK_URL", "ALERT_AFTER_SECONDS", "WATCHDOG_PERIOD_SECONDS")


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*GOOD, "GATEWAY_TIMEOUT_SECONDS", "SEND_LEASE_SECONDS", "PORT", *ALERTING):
        monkeypatch.delenv(name, raising=False)
    for name, value in GOOD.items():
        monkeypatch.setenv(name, value)
    get_settings.cache_clear()


def test_the_required_settings_are_enough() -> None:
    settings = read_settings()
    assert (settings.daily_message_limit, settings.port, settings.lease.seconds) == (1000, 8000, 30)
    assert "hunter2" not in repr(settings)


@pytest.mark.parametrize("name", GOOD)
def test_a_missing_setting_is_named(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.delenv(name)
    with pytest.raises(SystemExit) as ended:
        settings_or_exit()
    assert str(ended.value).startswith(f"{name} is missing: set it in")
    assert "\n" not in str(ended.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "mysql://secret@host/base"),
        ("REDIS_URL", "secret"),
        ("REDIS_URL", "rediss://:secret@host/0?ssl_cert_reqs=none"),
        ("BROKER_URL", "rediss://:secret@host/0?ssl_cert_reqs=CERT_NONE"),
        ("WASSENGER_DEVICE", "secret"),
        ("WASSENGER_BASE_URL", "ftp://secret"),
        ("SEND_LEASE_SECONDS", "15"),
        ("SEND_LEASE_SECONDS", "inf"),
        ("INBOX_WAIT_SECONDS", "1e300"),
        ("DEFAULT_REGION", "ZZ"),
        ("GATEWAY_TIMEOUT_SECONDS", "-1"),
        ("PORT", "secret"),
        ("ALERT_WEBHOOK_URL", "secret"),
        ("ALERT_AFTER_SECONDS", "9"),
        ("WATCHDOG_PERIOD_SECONDS", "61"),
    ],
)
def test_a_wrong_setting_is_named_and_its_value_is_not(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=f"^{name} is wrong") as raised:
        read_settings()
    assert "secret" not in str(raised.value)


SENTINEL = "Redis Sentinel and lists of servers are not supported"


@pytest.mark.parametrize("name", ["REDIS_URL", "BROKER_URL"])
@pytest.mark.parametrize(
    ("value", "refused"),
    [
        ("sentinel://:secret@host:26379/0", True),
        ("sentinel://:secret@host:26379;sentinel://:secret@other:26379", True),
        ("redis+sentinel://host:26379/mymaster/0", True),
        ("redis://host:6379;redis://other:6379/0", True),
        ("rediss://:secret@host:6379,other:6379/0", True),
        # Of a password.
        ("redis://:sec;r,et@sentinel.example:6379/0", False),
    ],
)
def test_several_redis_servers_are_refused_at_the_start(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, refused: bool
) -> None:
    monkeypatch.setenv(name, value)
    if not refused:
        read_settings()
        return
    with pytest.raises(SystemExit, match=f"^{name} is wrong .*{SENTINEL}") as ended:
        settings_or_exit()
    assert "secret" not in str(ended.value)


@pytest.mark.parametrize(
    ("alerting", "expected"),
    [
        ({}, (300, 15, 10)),
        ({"ALERT_AFTER_SECONDS": "10"}, (10, 1, 0.5)),
        ({"ALERT_AFTER_SECONDS": "60", "WATCHDOG_PERIOD_SECONDS": "12"}, (60, 6, 12)),
    ],
)
def test_a_shorter_delay_is_looked_at_more_often(
    monkeypatch: pytest.MonkeyPatch, alerting: dict[str, str], expected: tuple[float, float, float]
) -> None:
    for name, value in alerting.items():
        monkeypatch.setenv(name, value)
    settings = read_settings()
    assert (settings.alert_after_seconds, settings.heartbeat_seconds, settings.look_seconds) == expected


def test_the_broker_is_redis_unless_another_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_settings().broker.get_secret_value() == GOOD["REDIS_URL"]
    monkeypatch.setenv("BROKER_URL", "amqp://guest:guest@host:5672//")
    assert read_settings().broker.get_secret_value() == "amqp://guest:guest@host:5672//"
    monkeypatch.setenv("BROKER_URL", "sqs://secret")
    with pytest.raises(SettingsError, match=r"^BROKER_URL is wrong"):
        read_settings()
