"""Whether a webhook comes from Wassenger.

The signature header is described by one source of the editor's and absent from its official schema; without a secret,
everything is accepted.
"""

import hashlib
import hmac

SIGNATURE_HEADER = "X-Wassenger-Signature"


def is_authentic(secret: str | None, body: bytes, signature: str | None) -> bool:
    """Checks `sha256=<hex>` of the raw body in constant time; once a secret is set, its absence is a refusal."""
    if secret is None:
        return True
    if signature is None:
        return False
    expected = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected.encode(), signature.encode())
