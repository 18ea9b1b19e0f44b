"""Whether a webhook comes from Wassenger.

One source of the editor's describes a signature of the body, which its official schema does not declare: so a secret sent as it
is, in a header, can be asked for instead, or the signature of Standard Webhooks (https://www.standardwebhooks.com), for a
relay that speaks it. Whatever does not prove that it knows the secret is refused, and everything where there is none: only
`none`, which somebody has to write, accepts everything.
"""

import base64
import hashlib
import hmac
import time
from collections.abc import Callable, Mapping
from typing import Literal

from system.domain.webhook_key import standard_key

SIGNATURE_HEADER = "X-Wassenger-Signature"
SECRET_HEADER = "X-Wassenger-Secret"  # noqa: S105 (a header's name)
ID_HEADER, TIMESTAMP_HEADER, STANDARD_SIGNATURE_HEADER = "webhook-id", "webhook-timestamp", "webhook-signature"
TOLERANCE_SECONDS = 300

# Takes the raw body and the headers, whose names are matched whatever their case.
Authenticator = Callable[[bytes, Mapping[str, str]], bool]
Proof = Literal["signature", "header", "standard", "none"]


def authenticator(secret: str | None, proof: Proof | None = None) -> Authenticator:
    """How webhooks prove where they come from: by a `signature` of the body (unless said otherwise), a `header`, `standard` or `none`.

    Raises:
        ValueError: as `standard_key`.

    """
    if proof == "none":
        return lambda _body, _headers: True
    if secret is None:
        return lambda _body, _headers: False
    if proof == "standard":
        return standard_webhook(standard_key(secret))
    return shared_secret(secret) if proof == "header" else signed_body(secret)


def signed_body(secret: str) -> Authenticator:
    """Asks for `sha256=<hex>`, the HMAC of the raw body."""

    def check(body: bytes, headers: Mapping[str, str]) -> bool:
        expected = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        return same(expected, headers.get(SIGNATURE_HEADER))

    return check


def shared_secret(secret: str) -> Authenticator:
    """Asks for the secret itself."""
    return lambda _body, headers: same(secret, headers.get(SECRET_HEADER))


def standard_webhook(key: bytes, *, clock: Callable[[], float] = time.time) -> Authenticator:
    """Asks for a `v1` signature of identifier, time and body, made within 5 min of `clock` (seconds since 1970).

    What is replayed later is refused here; what is replayed sooner is in the inbox already, which takes every event once.
    """

    def check(body: bytes, headers: Mapping[str, str]) -> bool:
        identifier, at = headers.get(ID_HEADER, ""), headers.get(TIMESTAMP_HEADER, "")
        # As it was sent: a signature covers text, not a number.
        if not identifier or not (at.isascii() and at.isdecimal() and len(at) <= 12):
            return False
        signed = b".".join((identifier.encode(), at.encode(), body))
        expected = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        given = headers.get(STANDARD_SIGNATURE_HEADER, "").split(" ")
        # All are compared, however many match: several are sent while a key is being replaced.
        authentic = sum(same(expected, signature) for signature in given) > 0
        return authentic and abs(clock() - int(at)) <= TOLERANCE_SECONDS

    return check


def same(expected: str, given: str | None) -> bool:
    """Whether a secret was given, in constant time whatever was given."""
    # On bytes: text outside ASCII would raise.
    return given is not None and hmac.compare_digest(expected.encode(), given.encode(errors="replace"))
