"""Webhooks as Wassenger writes them."""

from typing import Any


def inbound(**data: Any) -> dict[str, Any]:
    base = {"id": "wa-1", "type": "text", "flow": "inbound", "fromNumber": "+33639980001", "body": "Oui"}
    return {"id": "wa-1", "event": "message:in:new", "data": base | data}
