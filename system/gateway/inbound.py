"""What a person did, as an event tells it."""

import json
from dataclasses import dataclass
from typing import Any

from system.domain.interaction_types import interaction_type
from system.domain.lid import lid_of
from system.domain.phone import PhoneNumber

INTERACTION_EVENTS = frozenset({"message:in:new", "message:reaction"})
# What WhatsApp itself writes into a chat.
SYSTEM_TYPES = frozenset({"e2e_notification", "notification", "notification_template", "gp2", "protocol", "ciphertext"})


@dataclass(frozen=True)
class Interaction:
    """What a person did: a text, a reaction, a voice message …

    `lid`: WhatsApp's name of the chat when it is not a number; `phone` is then None unless the event gives it too.
    """

    phone: PhoneNumber | None
    type: str
    content: str
    wa_id: str | None
    lid: str | None = None


def interaction(payload: dict[str, Any]) -> Interaction | None:
    """What a person did, when the event says that somebody did something in a chat with us alone."""
    event, data = payload.get("event"), payload.get("data")
    if event not in INTERACTION_EVENTS or not isinstance(data, dict) or not _from_one_person(data):
        return None
    lid = lid_of(data)
    phone = _phone(data)
    if phone is not None and phone.removeprefix("+") == lid:
        # The identifier's digits are nobody's number.
        phone = None
    if phone is None and lid is None:
        return None
    content = _content(data)
    kind = "reaction" if event == "message:reaction" else interaction_type(str(data.get("type") or "text"), content)
    wa_id = data.get("id")
    return Interaction(phone, kind, content, wa_id if isinstance(wa_id, str) else None, lid)


def _part(data: dict[str, Any], name: str) -> dict[str, Any]:
    part = data.get(name)
    return part if isinstance(part, dict) else {}


def _from_one_person(data: dict[str, Any]) -> bool:
    group = _part(data, "meta").get("isGroup") or _part(data, "chat").get("type") == "group"
    return data.get("flow", "inbound") == "inbound" and not group and str(data.get("type")) not in SYSTEM_TYPES


def _phone(data: dict[str, Any]) -> PhoneNumber | None:
    for text in (data.get("fromNumber"), _part(data, "chat").get("id")):
        try:
            return PhoneNumber.from_whatsapp(str(text or ""))
        except ValueError:
            continue
    return None


def _content(data: dict[str, Any]) -> str:
    media = _part(data, "media")
    candidates = (data.get("body"), data.get("reaction"), media.get("caption"), media.get("filename"))
    content = next((candidate for candidate in candidates if candidate), "")
    return content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
