"""Whether a webhook comes from Wassenger.

One source of the editor's describes a signature of the body, which its official schema does not declare: so a secret sent as it
is, in a header, can be asked for instead. Without a secret everything is accepted; with one, whatever does not prove it is refused.
"""

import hashlib
import hmac
from collections.abc import Callable, Mapping
from typing import Literal

SIGNATURE_HEADER = "X-Wassenger-Signature"
SECRET_HEADER = "X-Wassenger-Secret"  # noqa: S105 (a header's name)

# Takes the raw body and the headers, whose names are matched whatever their case.
Authenticator = Callable[[bytes, Mapping[str, str]], bool]
Proof = Literal["signature", "header"]


def authenticator(secret: str | None, proof: Proof | None = None) -> Authenticator:
    """How webhooks prove where they come from: by a `signature` of the body (unless said otherwise), or a `header`."""
    if secret is None:
        return lambda _body, _headers: True
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


def same(expected: str, given: str | None) -> bool:
    """Whether a secret was given, in constant time whatever was given."""
    # On bytes: text outside ASCII would raise.
    return given is not None and hmac.compare_digest(expected.encode(), given.encode())
