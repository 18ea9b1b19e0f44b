import hashlib
import hmac

import pytest
from starlette.datastructures import Headers

from system.gateway.authenticity import SECRET_HEADER, SIGNATURE_HEADER, authenticator


def signature(body: bytes, secret: bytes = b"secret") -> str:
    return "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest()


def test_without_a_secret_everything_enters() -> None:
    assert authenticator(None)(b"body", {})
    assert authenticator(None, "header")(b"body", {SECRET_HEADER: "whatever"})


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {SIGNATURE_HEADER: ""},
        {SIGNATURE_HEADER: "sha256="},
        {SIGNATURE_HEADER: "sha256=é"},
        {SIGNATURE_HEADER: signature(b"other")},
        {SIGNATURE_HEADER: signature(b"body", b"other")},
        {SIGNATURE_HEADER: signature(b"body").removeprefix("sha256=")},
        {SECRET_HEADER: "secret"},
    ],
)
def test_a_secret_once_set_is_asked_for(headers: dict[str, str]) -> None:
    assert not authenticator("secret")(b"body", headers)
    assert authenticator("secret", "signature")(b"body", {SIGNATURE_HEADER: signature(b"body")})


@pytest.mark.parametrize(
    "headers", [{}, {SECRET_HEADER: ""}, {SECRET_HEADER: "é"}, {SIGNATURE_HEADER: signature(b"body")}]
)
def test_the_secret_itself_may_be_asked_for(headers: dict[str, str]) -> None:
    check = authenticator("secret", "header")
    assert not check(b"body", headers)
    assert check(b"body", Headers({SECRET_HEADER.lower(): "secret"}))
