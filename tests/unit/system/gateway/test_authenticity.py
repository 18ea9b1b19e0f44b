import hashlib
import hmac

import pytest
from starlette.datastructures import Headers

from system.domain.webhook_key import standard_key
from system.gateway.authenticity import SECRET_HEADER, SIGNATURE_HEADER, authenticator, standard_webhook


def signature(body: bytes, secret: bytes = b"secret") -> str:
    return "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest()


def test_without_a_secret_nothing_enters_unless_somebody_says_so() -> None:
    assert not authenticator(None)(b"body", {})
    assert authenticator(None, "none")(b"body", {})
    assert not authenticator(None, "header")(b"body", {SECRET_HEADER: "whatever"})


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


# The example that the specification of Standard Webhooks gives.
KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = b'{"test": 2432232314}'
SENT = {
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": "1614265330",
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}


def standard(headers: dict[str, str], *, body: bytes = BODY, now: float = 1614265330) -> bool:
    return standard_webhook(standard_key(KEY), clock=lambda: now)(body, Headers(headers))


def test_the_specification_s_example_enters() -> None:
    assert standard(SENT)
    assert standard(SENT | {"webhook-signature": f"v1,bm90 {SENT['webhook-signature']} v1a,x"})


@pytest.mark.parametrize(("late", "enters"), [(-301, False), (-300, True), (300, True), (301, False), (86_400, False)])
def test_what_is_replayed_later_or_comes_from_the_future_is_refused(late: int, enters: bool) -> None:
    assert standard(SENT, now=1614265330 + late) is enters


@pytest.mark.parametrize(
    "changed",
    [
        {"webhook-id": "msg_other"},
        {"webhook-id": ""},
        {"webhook-timestamp": "1614265331"},
        {"webhook-timestamp": "01614265330"},
        {"webhook-timestamp": "1614265330.0"},
        {"webhook-timestamp": "٣"},
        {"webhook-timestamp": ""},
        {"webhook-signature": ""},
        {"webhook-signature": "é"},
        {"webhook-signature": SENT["webhook-signature"].removeprefix("v1,")},
        {"webhook-signature": SENT["webhook-signature"].replace("v1,", "v2,")},
    ],
)
def test_what_was_changed_is_refused(changed: dict[str, str]) -> None:
    check = standard_webhook(standard_key(KEY), clock=lambda: 1614265330)
    assert check(BODY, SENT)
    assert not check(BODY, SENT | changed)
    assert not check(BODY + b" ", SENT)


@pytest.mark.parametrize("secret", ["secret", "whsec_é", "whsec_AAAA", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"])
def test_a_key_that_is_none_is_refused(secret: str) -> None:
    with pytest.raises(ValueError, match="must be whsec_"):
        authenticator(secret, "standard")


def test_the_third_proof_is_chosen_by_its_name() -> None:
    assert not authenticator(KEY, "standard")(BODY, SENT)
