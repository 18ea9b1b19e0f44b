"""The key of Standard Webhooks (https://www.standardwebhooks.com), as it is written."""

import base64

STANDARD_PREFIX = "whsec_"
SHORTEST_KEY, LONGEST_KEY = 24, 64


def standard_key(secret: str) -> bytes:
    """The key that a secret of Standard Webhooks (`whsec_` and Base64) stands for.

    Raises:
        ValueError: when it is written otherwise, or does not hold 24 to 64 bytes.

    """
    try:
        key = base64.b64decode(secret.removeprefix(STANDARD_PREFIX), validate=True)
    except ValueError as error:
        raise ValueError(f"must be {STANDARD_PREFIX} followed by Base64") from error
    if not secret.startswith(STANDARD_PREFIX) or not SHORTEST_KEY <= len(key) <= LONGEST_KEY:
        raise ValueError(f"must be {STANDARD_PREFIX} followed by {SHORTEST_KEY} to {LONGEST_KEY} bytes in Base64")
    return key
