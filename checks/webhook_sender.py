"""Webhooks as Wassenger delivers them, signed with the secret of this run."""

import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping
from typing import Any

import httpx

from audit.experiments.waiting import wait_until

SECRET = "laboratory"  # noqa: S105  of a stack that lives for one run
_SECONDS = 90.0


class WebhookSender:
    """Delivers to one address and remembers the genuine inbound messages, and those answered with success."""

    def __init__(self, web_url: str) -> None:
        self._url = f"{web_url}/webhooks/wassenger"
        self.acknowledged: set[str] = set()
        self.delivered: set[str] = set()

    def deliver(self, body: Mapping[str, Any], *, secret: str = SECRET, seconds: float = 10.0) -> bool:
        """Whether the webhook was answered with success; what cannot be delivered was not."""
        content = json.dumps(body).encode()
        inbound = body["event"] == "message:in:new" and secret == SECRET
        if inbound:
            self.delivered.add(body["id"])
        proof = "sha256=" + hmac.new(secret.encode(), content, hashlib.sha256).hexdigest()
        headers = {"Content-Type": "application/json", "X-Wassenger-Signature": proof}
        try:
            answer = httpx.post(self._url, content=content, headers=headers, timeout=seconds, trust_env=False)
        except httpx.HTTPError:
            return False
        if answer.is_success and inbound:
            self.acknowledged.add(body["id"])
        return answer.is_success

    def insist(self, bodies: Iterable[Mapping[str, Any]]) -> None:
        """Deliver each until it is answered, as Wassenger does."""
        for body in bodies:
            wait_until(lambda body=body: self.deliver(body), _SECONDS, 0.3)  # type: ignore[misc]


def read_receipt(wa_id: str, ack: str) -> dict[str, Any]:
    """An acknowledgement of a message of ours, in Wassenger's first shape."""
    data = {"id": wa_id, "flow": "outbound", "ack": ack}
    return {"event": "message:out:ack", "object": "message", "id": wa_id, "ack": ack, "data": data}
