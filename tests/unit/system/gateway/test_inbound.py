from typing import Any

import pytest

from system.domain.phone import PhoneNumber
from system.gateway.inbound import Interaction, interaction
from tests.unit.system.gateway.payloads import inbound


@pytest.mark.parametrize(
    ("kind", "recorded"),
    [
        ("text", "text"),
        ("chat", "text"),
        ("emoji", "emoji"),
        ("ptt", "voice"),
        ("voice", "voice"),
        ("audio", "audio"),
        ("image", "image"),
        ("video", "video"),
        ("document", "document"),
        ("sticker", "sticker"),
    ],
)
def test_every_type_is_an_interaction(kind: str, recorded: str) -> None:
    assert interaction(inbound(type=kind)) == Interaction(PhoneNumber("+33639980001"), recorded, "Oui", "wa-1")


@pytest.mark.parametrize("text", ["👍", "👍🏽 ❤️", "👨‍👩‍👧"])
def test_a_text_of_emoji_alone_is_one(text: str) -> None:
    found = interaction(inbound(body=text))
    assert found is not None
    assert (found.type, found.content) == ("emoji", text)


@pytest.mark.parametrize("text", ["Oui 👍", "", "!", "é"])
def test_other_texts_are_texts(text: str) -> None:
    found = interaction(inbound(body=text))
    assert found is not None
    assert found.type == "text"


def test_a_reaction_is_an_interaction() -> None:
    found = interaction(inbound(body=None, reaction={"emoji": "👍"}) | {"event": "message:reaction"})
    assert found is not None
    assert (found.type, found.content) == ("reaction", '{"emoji": "👍"}')


def test_a_medium_is_described_by_its_caption_or_its_name() -> None:
    for media, content in [
        ({"caption": "Ma photo", "filename": "a.jpg"}, "Ma photo"),
        ({"filename": "a.pdf"}, "a.pdf"),
    ]:
        found = interaction(inbound(type="document", body=None, media=media))
        assert found is not None
        assert found.content == content
    silent = interaction(inbound(type="image", body=None, media="strange", id=3))
    assert silent is not None
    assert (silent.content, silent.wa_id) == ("", None)


def test_the_chat_tells_the_number_when_nothing_else_does() -> None:
    found = interaction(inbound(fromNumber=None, chat={"id": "33639980002@c.us", "type": "chat"}))
    assert found is not None
    assert found.phone == "+33639980002"


@pytest.mark.parametrize(
    "payload",
    [
        inbound() | {"event": "message:out:new"},
        inbound() | {"data": "text"},
        inbound(flow="outbound"),
        inbound(type="e2e_notification"),
        inbound(meta={"isGroup": True}),
        inbound(chat={"id": "120363@g.us", "type": "group"}),
        inbound(fromNumber="120363@g.us"),
        inbound(fromNumber=None),
    ],
)
def test_other_events_are_not(payload: dict[str, Any]) -> None:
    assert interaction(payload) is None
