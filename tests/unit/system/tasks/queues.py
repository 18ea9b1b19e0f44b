"""What waits in the broker."""

import base64
import json

import redis


def queued(redis_url: str, queue: str) -> list[tuple[str, list[object], dict[str, object]]]:
    """Task, arguments and named arguments of what waits in a queue, oldest first."""
    with redis.Redis.from_url(redis_url) as client:
        raw = client.lrange(queue, 0, -1)
    found = []
    for text in reversed(raw):
        envelope = json.loads(text)
        args, kwargs, _ = json.loads(base64.b64decode(envelope["body"]))
        found.append((envelope["headers"]["task"].rpartition(".")[2], args, kwargs))
    return found
