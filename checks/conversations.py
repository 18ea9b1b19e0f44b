"""What the reference stack's contacts do, by Wassenger's webhooks (shared/facts/wassenger.md), and when they were written to."""

import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import httpx
import psycopg
import redis

from audit.experiments.abilities import Heard, LockSeen, Said
from audit.experiments.driver import DriverError
from checks.driver import _in_words
from checks.sends import Sends
from system.sandbox.gateway_protocol import Behaviour

_DONE = "Oui"
_MEDIA = {"voice": "ptt", "audio": "audio", "image": "image", "video": "video", "document": "document"}
_AGE = """
    UPDATE messages SET sent_at = now() - make_interval(secs => %s) WHERE id = %s
    RETURNING extract(epoch FROM sent_at)::float8, campaign_id
"""
_LAUNCHED = """
    UPDATE campaigns SET launched_at = least(launched_at, (SELECT min(sent_at) FROM messages WHERE campaign_id = %s))
    WHERE id = %s RETURNING id
"""
_HEARD = """
    SELECT i.wa_id, c.phone, i.campaign_id, i.type, i.content, extract(epoch FROM i.received_at)::float8,
           (SELECT count(DISTINCT m.campaign_id) FROM messages m WHERE m.contact_id = c.id AND m.campaign_id <= i.campaign_id)
    FROM interactions i JOIN contacts c ON c.id = i.contact_id
"""
_SECOND = """
    INSERT INTO messages (campaign_id, contact_id, kind, body, reference)
    SELECT campaign_id, contact_id, 'message_2', body, 'audit-' || id FROM messages WHERE id = %s
"""


class Conversations(Sends):
    """Contacts who write, and the locks around what is sent to them."""

    @_in_words
    def say(self, key: str, kind: str = "text", content: str = "") -> Said:
        """POST one webhook, with no header but the content type."""
        at = time.time()
        identifier, words = self._next(), content or _words(kind)
        answer = httpx.post(
            self._webhook, json=_event(_phone(key), identifier, kind, words), timeout=10, trust_env=False
        )
        if not answer.is_success:
            msg = f"le webhook est refusé ({answer.status_code})"
            raise DriverError(msg)
        return Said(identifier, words, at)

    @property
    def _webhook(self) -> str:
        return f"{self._stack.web_url}/webhooks/wassenger"

    def _next(self) -> str:
        return f"AUDIT{next(self._inbound):08d}"

    @_in_words
    def say_at_once(self, key: str, times: int) -> Sequence[str]:
        """As many connections as webhooks."""
        names = [self._next() for _ in range(times)]

        def post(identifier: str) -> bool:
            body = _event(_phone(key), identifier, "text", _DONE)
            return httpx.post(self._webhook, json=body, timeout=20, trust_env=False).is_success

        with ThreadPoolExecutor(times) as threads:
            answered = list(threads.map(post, names))
        return [name for name, success in zip(names, answered, strict=True) if success]

    @_in_words
    def heard(self) -> Sequence[Heard]:
        """Rows of interactions."""
        return [
            Heard(str(wa_id), f"{phone}{f' (campagne {turn})' if turn > 1 else ''}", str(campaign), kind, content, at)
            for wa_id, phone, campaign, kind, content, at, turn in self._rows(_HEARD)
        ]

    @_in_words
    def sent_ago(self, ages: Mapping[str, float]) -> Mapping[str, float]:
        """Move `sent_at`, and the launch of their campaigns with it."""
        moved, campaigns = {}, set()
        for key, age in ages.items():
            ((moved[key], campaign),) = self._rows(_AGE, age, self._message(key)[0])
            campaigns.add(campaign)
        for campaign in campaigns:
            self._rows(_LAUNCHED, campaign, campaign)
        return moved

    @_in_words
    def campaign_of(self, key: str) -> str:
        """The campaign's number."""
        return str(self._message(key)[5])

    @contextmanager
    def slow_gateway(self, seconds: float) -> Iterator[None]:
        """The double waits before it accepts."""
        self._stack.gateway.behave(Behaviour(latency_before_ms=seconds * 1000))
        try:
            yield
        finally:
            self._stack.gateway.behave(Behaviour())

    @_in_words
    def launch_again(self, keys: Sequence[str]) -> Mapping[str, str]:
        """A campaign for the same phones."""
        campaign = self._stack.launch_campaign("Audit, seconde campagne", "Bonjour", [_phone(key) for key in keys])
        rows = {str(row[8]): k for k, row in self._messages().items() if row[5] == campaign and row[2] == "message_1"}
        return {key: rows[_phone(key)] for key in keys}

    @_in_words
    def second_reply_refusal(self, key: str) -> str:
        """The constraint that refuses one more row, in a transaction that is undone."""
        identifier = self._message(key)[0]
        with psycopg.connect(self._stack.database_url) as connection:
            try:
                connection.execute(_SECOND, [identifier])
            except psycopg.errors.UniqueViolation as error:
                return str(error.diag.constraint_name)
            finally:
                connection.rollback()
        return ""

    @_in_words
    def duplicate_traces(self, key: str) -> int:
        """Records of the web processes and workers that say it of this contact."""
        campaign, contact = self._message(key)[5:7]
        return sum(
            record.get("event") == "duplicate_message_2"
            and record.get("campaign_id") == campaign
            and record.get("contact_id") == contact
            for record in self.log.records()
        )

    @_in_words
    def lock_of(self, key: str) -> LockSeen | None:
        """The lock of the send, in Redis."""
        name = f"idempotency:send:{self._message(key)[0]}"
        with redis.Redis.from_url(self._stack.redis_url) as client:
            owner, left = client.get(name), client.pttl(name)
        return None if owner is None else LockSeen(bytes(owner).decode(), int(left) / 1000)

    @_in_words
    def usurp(self, key: str, owner: str) -> None:
        """Another value under the lock's name."""
        with redis.Redis.from_url(self._stack.redis_url) as client:
            client.set(f"idempotency:send:{self._message(key)[0]}", owner, ex=300)


def _phone(key: str) -> str:
    return key.partition(" ")[0]


def _words(kind: str) -> str:
    return {"text": _DONE, "emoji": "👍", "reaction": "❤️"}.get(kind, f"légende : {kind}")


def _event(phone: str, identifier: str, kind: str, content: str) -> dict[str, Any]:
    """What Wassenger posts for this kind, in its first shape."""
    data: dict[str, Any] = {"id": identifier, "flow": "inbound", "fromNumber": phone, "meta": {"isGroup": False}}
    if kind == "reaction":
        data |= {"type": "reaction", "reaction": content}
    elif kind in _MEDIA:
        data |= {"type": _MEDIA[kind], "media": {"caption": content}}
    else:
        data |= {"type": "text", "body": content}
    event = "message:reaction" if kind == "reaction" else "message:in:new"
    return {"id": identifier, "object": "message", "event": event, "created": 0, "data": data}
