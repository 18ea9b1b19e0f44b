"""Webhooks as Wassenger delivers them, signed with the secret of this run."""

import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping
from typing import Any

import httpx

from audit.experiments.waiting import wait_until
from checks import wassenger_events
from checks.stack import Stack

SECRET = "laboratory"  # noqa: S105  of a stack that lives for one run
_SECONDS = 90.0


def signed(body: Mapping[str, Any], secret: str = SECRET) -> tuple[bytes, dict[str, str]]:
    """The bytes of a webhook, and the headers that prove where it comes from."""
    content = json.dumps(body).encode()
    proof = "sha256=" + hmac.new(secret.encode(), content, hashlib.sha256).hexdigest()
    return content, {"Content-Type": "application/json", "X-Wassenger-Signature": proof}


class WebhookSender:
    """Delivers, and remembers the genuine inbound messages and those answered with success."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._acknowledged: set[str] = set()
        self._delivered: set[str] = set()

    def acknowledged(self) -> frozenset[str]:
        """Inbound messages whose webhook was answered with success."""
        return frozenset(self._acknowledged)

    def delivered(self) -> frozenset[str]:
        """Genuine inbound messages, answered or not."""
        return frozenset(self._delivered)

    def deliver(self, body: Mapping[str, Any], *, secret: str = SECRET, seconds: float = 10.0) -> bool:
        """Whether the webhook was answered with success; what cannot be delivered was not."""
        content, headers = signed(body, secret)
        inbound = body["event"] == "message:in:new" and secret == SECRET
        if inbound:
            self._delivered.add(body["id"])
        url = f"{self._stack.running.web_url}{wassenger_events.PATH}"
        try:
            answer = httpx.post(url, content=content, headers=headers, timeout=seconds, trust_env=False)
        except httpx.HTTPError:
            return False
        if answer.is_success and inbound:
            self._acknowledged.add(body["id"])
        return answer.is_success

    def insist(self, bodies: Iterable[Mapping[str, Any]]) -> None:
        """Deliver each until it is answered, as Wassenger does."""
        for body in bodies:
            wait_until(lambda body=body: self.deliver(body), _SECONDS, 0.3)  # type: ignore[misc]
