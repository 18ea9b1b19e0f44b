"""WhatsApp's identifiers of chats that are not numbers."""

import re
from typing import Any

_LID = re.compile(r"(\d{5,20})@lid", re.ASCII)


def lid_of(data: dict[str, Any]) -> str | None:
    """The identifier (its digits) that this part of an event names, if its chat is not named by a number."""
    chat = data.get("chat")
    inside = chat.get("id") if isinstance(chat, dict) else chat
    for text in (inside, data.get("from"), data.get("to"), data.get("fromNumber"), data.get("chatId")):
        found = _LID.fullmatch(text) if isinstance(text, str) else None
        if found:
            return found.group(1)
    return None
