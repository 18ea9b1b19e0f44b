"""Verrous distribués : campagne et idempotence des envois."""

import uuid
from contextlib import contextmanager

from app.services.redis_client import get_redis

CAMPAIGN_LOCK_TTL = 300
IDEMPOTENCY_TTL = 300

RELEASE = """
if redis.call("get", KEYS[1]) == ARGV[1] then
    return redis.call("del", KEYS[1])
end
return 0
"""


def _release(key: str, token: str) -> None:
    get_redis().eval(RELEASE, 1, key, token)


@contextmanager
def campaign_lock(campaign_id: int):
    """Un seul worker traite une campagne à la fois ; rend False si elle est déjà prise."""
    key = f"campaign:lock:{campaign_id}"
    token = uuid.uuid4().hex
    acquired = bool(get_redis().set(key, token, nx=True, ex=CAMPAIGN_LOCK_TTL))
    try:
        yield acquired
    finally:
        if acquired:
            _release(key, token)


def acquire_idempotency_lock(message_id: int, attempt: int) -> str | None:
    """Jeton du verrou d'envoi, ou None si cette tentative est déjà en cours ailleurs."""
    kind = "send" if attempt == 0 else "retry"
    token = uuid.uuid4().hex
    key = f"idempotency:{kind}:{message_id}"
    return token if get_redis().set(key, token, nx=True, ex=IDEMPOTENCY_TTL) else None


def release_idempotency_lock(message_id: int, attempt: int, token: str) -> None:
    kind = "send" if attempt == 0 else "retry"
    _release(f"idempotency:{kind}:{message_id}", token)


def cleanup_locks_without_ttl() -> int:
    """Supprime les verrous restés sans expiration ; rend leur nombre."""
    client = get_redis()
    removed = 0
    for pattern in ("campaign:lock:*", "idempotency:*"):
        for key in client.scan_iter(match=pattern):
            if client.ttl(key) == -1:
                removed += client.delete(key)
    return removed
