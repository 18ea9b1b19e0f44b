import json
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from system.domain.masking import masked, masked_text

NUMBERS = st.from_regex(r"\A[1-9][0-9]{8,14}\Z")
WORDS = st.text(st.characters(categories=["L", "P", "Zs"]), max_size=8).filter(lambda text: not text.endswith("."))


@given(WORDS, NUMBERS, WORDS)
def test_no_number_is_left_whole_whatever_surrounds_it(before: str, number: str, after: str) -> None:
    for written in (f"+{number}", number, f"{number}@c.us"):
        told = masked_text(f"{before}{written}{after}")
        assert number not in told
        assert f"***{number[-2:]}" in told


@given(st.uuids())
def test_identifiers_of_tasks_are_kept(identifier: uuid.UUID) -> None:
    assert masked_text(f"Task x[{identifier}] succeeded in 0.012345678s") == (
        f"Task x[{identifier}] succeeded in 0.012345678s"
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("redis://:secret@host:6379/0", "redis://:***@host:6379/0"),
        ("postgresql://user:p%40ss@host/db", "postgresql://user:***@host/db"),
        ("key k3y-of-the-gateway refused", "key *** refused"),
        ("message 1234567 at 10:20:30", "message 1234567 at 10:20:30"),
    ],
)
def test_secrets_are_hidden_and_the_rest_stays(text: str, told: str) -> None:
    assert masked_text(text, ["k3y-of-the-gateway"]) == told


def test_every_part_of_a_value_is_masked_and_stays_json() -> None:
    class Strange:
        def __repr__(self) -> str:
            return "Claim(phone='+33639980001')"

    value = {"+33639980001": ["+33639980002", 33639980003, 1.5, None, True, (Strange(),)], "n": 42}
    told = json.dumps(masked(value))
    assert json.loads(told) == {"***01": ["***02", "***03", 1.5, None, True, ["Claim(phone='***01')"]], "n": 42}
