"""Tells somebody: alerts as JSON to a webhook."""

import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import httpx

logger = logging.getLogger(__name__)

WHAT = {
    "worker": "no worker executes what it should consume",
    "beat": "beat publishes nothing: no periodic task runs",
    "gateway": "the gateway refuses everything for now: sending is held",
    "database": "the database cannot be read: the state of workers and beat is unknown",
}


@dataclass(frozen=True)
class Alert:
    """One incident; whoever receives the same `incident` twice may ignore the second. Times are UTC."""

    incident: str
    component: str
    silent_since: datetime
    raised_at: datetime
    recovered_at: datetime | None = None

    @property
    def what(self) -> str:
        return WHAT.get(self.component, f"{self.component} is silent")

    def as_json(self) -> dict[str, Any]:
        """The body of the webhook, with `text` for the chats that show nothing else."""
        silent = (self.raised_at - self.silent_since).total_seconds()
        return {
            "incident": self.incident,
            "component": self.component,
            "text": f"ALERT {self.component}: {self.what}, for {silent:.0f} s",
            "silent_since": self.silent_since.isoformat(),
            "raised_at": self.raised_at.isoformat(),
            "recovered_at": self.recovered_at and self.recovered_at.isoformat(),
        }


class Channel(Protocol):
    """Somebody to be told."""

    def deliver(self, alert: Alert) -> bool:
        """Whether the alert has arrived; never raises for what the network does, and may be called again."""
        ...

    def close(self) -> None:
        """Gives back what it holds."""
        ...


class LogOnly:
    """For an installation without a webhook: the watchdog's own log line is the alert."""

    def deliver(self, alert: Alert) -> bool:
        logger.warning("ALERT_WEBHOOK_URL is not set: the log alone tells of %s", alert.incident)
        return True

    def close(self) -> None:
        """Nothing is held."""


class AlertWebhook:
    """A webhook that takes JSON and answers 2xx."""

    def __init__(self, url: str, *, timeout_seconds: float) -> None:
        self._url = url
        self._client = httpx.Client(timeout=timeout_seconds, trust_env=False)

    def deliver(self, alert: Alert) -> bool:
        """One attempt. The URL is never logged: it may hold a secret."""
        try:
            response = self._client.post(self._url, json=alert.as_json(), headers={"Idempotency-Key": alert.incident})
        except httpx.HTTPError as error:
            logger.warning("alert %s not delivered: %s", alert.incident, type(error).__name__)
            return False
        if not response.is_success:
            logger.warning("alert %s not delivered: HTTP %s", alert.incident, response.status_code)
        return response.is_success

    def close(self) -> None:
        """Closes the connections."""
        self._client.close()
