"""What Wassenger posts to a webhook, in its first shape (shared/facts/wassenger.md)."""

from typing import Any

PATH = "/webhooks/wassenger"
_MEDIA = {"voice": "ptt", "audio": "audio", "image": "image", "video": "video", "document": "document"}
_WORDS = {"text": "Oui", "emoji": "👍", "reaction": "❤️"}


def words(kind: str) -> str:
    """What an interaction of this kind contains when nobody says."""
    return _WORDS.get(kind, f"légende : {kind}")


def inbound(phone: str, identifier: str, kind: str = "text", content: str | None = None) -> dict[str, Any]:
    """An interaction received from this phone; `content` is what it says, nothing when it is empty."""
    content = words(kind) if content is None else content
    data: dict[str, Any] = {"id": identifier, "flow": "inbound", "fromNumber": phone, "meta": {"isGroup": False}}
    if kind == "reaction":
        data |= {"type": "reaction", "reaction": content}
    elif kind in _MEDIA:
        name = {"filename": "piece-jointe.pdf"} if kind == "document" else {}
        data |= {"type": _MEDIA[kind], "media": name | ({"caption": content} if content else {})}
    else:
        data |= {"type": "text", "body": content}
    event = "message:reaction" if kind == "reaction" else "message:in:new"
    return {"id": identifier, "object": "message", "event": event, "created": 0, "data": data}


def acknowledgement(wa_id: str, ack: str) -> dict[str, Any]:
    """What the gateway says has become of a message of ours."""
    data = {"id": wa_id, "flow": "outbound", "ack": ack}
    return {"id": wa_id, "object": "message", "event": "message:out:ack", "ack": ack, "data": data}
