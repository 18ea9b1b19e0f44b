"""Sends of the reference stack, by the gateway's ledger, the database and the logs; and their locks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import psycopg
import redis

from audit.experiments.abilities import LockSeen, Send
from audit.experiments.driver import Accepted
from checks import messages
from checks.gateway import Gateway
from checks.stack import Stack

_SECOND = """
    INSERT INTO messages (campaign_id, contact_id, kind, body, reference)
    SELECT campaign_id, contact_id, 'message_2', body, 'audit-' || id FROM messages WHERE id = %s
"""
_QUEUES = ("default", "messages", "messages_high", "retry", "verification")


@dataclass
class Sends:
    """Sends under the keys of `checks.messages`."""

    stack: Stack
    gateway: Gateway
    _accepted: list[Accepted] = field(init=False, default_factory=list)

    def accepted(self) -> Sequence[Accepted]:
        """The double's ledger, read as it grows; an entry without a message of ours keeps its phone."""
        if new := self.gateway.ledger(since=len(self._accepted)):
            rows = messages.of_phones(self.stack, {entry.phone for entry in new})
            keys = {message.reference: message.key for message in rows}
            self._accepted += [
                Accepted(keys.get(e.reference or "", e.phone), e.id, e.accepted_at.timestamp()) for e in new
            ]
        return [*self._accepted]

    def recorded(self) -> Mapping[str, str]:
        """Status of each message, by key."""
        return {message.key: message.status for message in messages.read(self.stack)}

    def sends(self) -> Mapping[str, Send]:
        """Status and time of sending of each message, by key."""
        return {message.key: Send(message.status, message.sent_at) for message in messages.read(self.stack)}

    def follow_up_key(self, key: str) -> str:
        """The key of Message 1, marked."""
        return key + messages.REPLY

    def campaign_of(self, key: str) -> str:
        """The campaign's number."""
        return str(messages.find(self.stack, key).campaign_id)

    def traces(self, keys: Sequence[str]) -> Mapping[str, int]:
        """Structured records of its sending that name the message by its number."""
        rows = {message.key: message.id for message in messages.read(self.stack)}
        told = [
            record.get("message_id") for record in self.stack.log.records() if record.get("event") == "message_sent"
        ]
        return {key: told.count(rows[key]) for key in keys if key in rows}

    def duplicate_traces(self, key: str) -> int:
        """Records of the web processes and workers that say it of this contact."""
        message = messages.find(self.stack, key)
        wanted = ("duplicate_message_2", message.campaign_id, message.contact_id)
        told = [(r.get("event"), r.get("campaign_id"), r.get("contact_id")) for r in self.stack.log.records()]
        return told.count(wanted)

    def second_reply_refusal(self, key: str) -> str:
        """The constraint that refuses one more row, in a transaction that is undone."""
        identifier = messages.find(self.stack, key).id
        try:
            with psycopg.connect(self.stack.running.database_url) as db, db.transaction(force_rollback=True):
                db.execute(_SECOND, [identifier])
        except psycopg.errors.UniqueViolation as error:
            return str(error.diag.constraint_name)
        return ""


@dataclass
class Locks:
    """Locks of sends, in Redis: seen, taken from their owner, lost."""

    stack: Stack

    def lock_of(self, key: str) -> LockSeen | None:
        """The lock of the send."""
        name = self._name(key)
        with self._redis() as client:
            owner, left = client.get(name), client.pttl(name)
        return None if owner is None else LockSeen(bytes(owner).decode(), int(left) / 1000)

    def usurp(self, key: str, owner: str) -> None:
        """Another value under the lock's name."""
        with self._redis() as client:
            client.set(self._name(key), owner, ex=300)

    def wake(self, key: str) -> None:
        """One more wake-up of this message; its locks stay."""
        messages.wake(self.stack, [messages.find(self.stack, key).id])

    def lose_wake_ups(self) -> None:
        """The broker loses every message it holds."""
        with self._redis() as client:
            client.delete(*_QUEUES, "unacked", "unacked_index")

    def deliver_again(self, keys: frozenset[str]) -> int:
        """Publish the wake-ups of these phones again, after Redis lost its locks."""
        with self._redis() as client:
            for pattern in ("idempotency:*", "campaign:lock:*"):
                for name in client.scan_iter(pattern):
                    client.delete(name)
        again = sorted(message.id for message in messages.of_phones(self.stack, keys))
        messages.wake(self.stack, again)
        return len(again)

    def _name(self, key: str) -> str:
        return f"idempotency:send:{messages.find(self.stack, key).id}"

    def _redis(self) -> redis.Redis:
        return redis.Redis.from_url(self.stack.running.redis_url)
