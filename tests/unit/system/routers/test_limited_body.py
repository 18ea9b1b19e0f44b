import asyncio
from collections.abc import Iterable
from typing import Any

import pytest
from starlette.requests import Request

from system.routers.limited_body import BodyCutError, BodyTooLargeError, read_body


def read(messages: Iterable[dict[str, Any]], *, announced: bytes | None = None) -> bytes:
    left = iter(messages)

    async def receive() -> dict[str, Any]:
        return next(left)

    headers = [] if announced is None else [(b"content-length", announced)]
    request = Request({"type": "http", "headers": headers}, receive)
    return asyncio.run(read_body(request, most_bytes=10))


def part(body: bytes, *, more: bool = True) -> dict[str, Any]:
    return {"type": "http.request", "body": body, "more_body": more}


def test_a_body_up_to_the_limit_is_read() -> None:
    assert read([part(b"01234"), part(b"56789", more=False)], announced=b"10") == b"0123456789"
    assert read([part(b"", more=False)], announced=b"what?") == b""


def test_one_byte_more_is_too_much_whatever_was_announced() -> None:
    # Nothing is left to receive: reading further would fail.
    with pytest.raises(BodyTooLargeError):
        read([part(b"01234"), part(b"567890")], announced=b"3")
    with pytest.raises(BodyTooLargeError):
        read([], announced=b"11")
    with pytest.raises(BodyTooLargeError):
        read([], announced=b"9" * 5000)


def test_a_client_that_hangs_up_is_told_apart() -> None:
    with pytest.raises(BodyCutError):
        read([part(b"01234"), {"type": "http.disconnect"}])
