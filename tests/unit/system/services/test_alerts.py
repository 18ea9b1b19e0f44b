import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest
import respx

from system.services.alerts import Alert, AlertWebhook, LogOnly

URL = "https://chat.example/hooks/s3cret"
NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
ALERT = Alert("worker-7", "worker", NOW - timedelta(seconds=300), NOW)


@pytest.fixture
def webhook() -> Iterator[AlertWebhook]:
    channel = AlertWebhook(URL, timeout_seconds=1)
    yield channel
    channel.close()


@respx.mock
def test_an_alert_names_the_component_and_its_silence(webhook: AlertWebhook) -> None:
    route = respx.post(URL).respond(204)
    assert webhook.deliver(ALERT)
    request = route.calls.last.request
    assert request.headers["Idempotency-Key"] == "worker-7"
    assert json.loads(request.content) == {
        "incident": "worker-7",
        "component": "worker",
        "text": "ALERT worker: no worker executes what it should consume, for 300 s",
        "silent_since": "2026-01-01T11:55:00+00:00",
        "raised_at": "2026-01-01T12:00:00+00:00",
        "recovered_at": None,
    }


@pytest.mark.parametrize("answer", [httpx.Response(503), httpx.ReadTimeout("slow"), httpx.ConnectError("refused")])
@respx.mock
def test_what_does_not_arrive_is_said_without_the_url(
    webhook: AlertWebhook, answer: httpx.Response | Exception, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    respx.post(URL).mock(side_effect=[answer])
    assert not webhook.deliver(ALERT)
    assert "alert worker-7 not delivered" in caplog.text
    assert "s3cret" not in caplog.text


def test_without_a_webhook_the_log_is_the_alert(caplog: pytest.LogCaptureFixture) -> None:
    channel = LogOnly()
    assert channel.deliver(ALERT)
    channel.close()
    assert "worker-7" in caplog.text
