"""What contacts do, by Wassenger's webhooks, what the database keeps of it, and when they were written to."""

import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import httpx
import psycopg

from audit.experiments.abilities import Heard, Said
from audit.experiments.driver import DriverError
from checks import messages, wassenger_events
from checks.driver_errors import require
from checks.stack import Stack
from checks.webhook_sender import signed

_WEB_SECONDS = 20.0
_AGE = """
    UPDATE messages SET sent_at = now() - make_interval(secs => %s) WHERE id = %s
    RETURNING extract(epoch FROM sent_at)::float8, campaign_id
"""
_LAUNCHED = """
    UPDATE campaigns SET launched_at = least(launched_at, (SELECT min(sent_at) FROM messages WHERE campaign_id = %s))
    WHERE id = %s
"""
_AN_HOUR_AGO = """
    UPDATE webhook_inbox SET received_at = received_at - interval '1 hour', processed_at = processed_at - interval '1 hour'
    WHERE payload->'data'->>'id' = ANY(%s)
"""
_HEARD = """
    SELECT i.wa_id, c.phone, i.campaign_id, i.type, i.content, extract(epoch FROM i.received_at)::float8,
           (SELECT count(DISTINCT m.campaign_id) FROM messages m
            WHERE m.contact_id = c.id AND m.campaign_id <= i.campaign_id)
    FROM interactions i JOIN contacts c ON c.id = i.contact_id
"""


@dataclass
class Conversations:
    """Webhooks as Wassenger signs them: nobody is logged in."""

    stack: Stack
    _delivered: dict[str, Mapping[str, Any]] = field(init=False, default_factory=dict)
    _identifiers: Iterator[str] = field(init=False, default_factory=lambda: map("AUDIT{:08d}".format, count(1)))

    def interact(self, keys: Sequence[str], *, again: bool = False) -> Sequence[str]:
        """A text from each phone."""
        self._wait_for_web()
        answered = []
        with httpx.Client(timeout=10, trust_env=False) as client:
            for phone in keys:
                identifier = next(self._identifiers)
                body = wassenger_events.inbound(phone, identifier)
                content, headers = signed(body)
                answers = [client.post(self._url, content=content, headers=headers) for _ in range(1 + again)]
                if all(answer.is_success for answer in answers):
                    answered.append(identifier)
        return answered

    def say(self, key: str, kind: str = "text", content: str | None = "") -> Said:
        """One webhook, which must be answered with success."""
        self._wait_for_web()
        at = time.time()
        identifier = next(self._identifiers)
        words = "" if content is None else content or wassenger_events.words(kind)
        self._delivered[identifier] = wassenger_events.inbound(messages.phone_of(key), identifier, kind, words)
        answer = self._post(self._delivered[identifier])
        if not answer.is_success:
            msg = f"le webhook est refusé ({answer.status_code})"
            raise DriverError(msg)
        return Said(identifier, words, at)

    def say_at_once(self, key: str, times: int) -> Sequence[str]:
        """As many connections as webhooks."""
        names = [next(self._identifiers) for _ in range(times)]

        def post(identifier: str) -> bool:
            return self._post(wassenger_events.inbound(messages.phone_of(key), identifier), seconds=20).is_success

        with ThreadPoolExecutor(times) as threads:
            answered = list(threads.map(post, names))
        return [name for name, success in zip(names, answered, strict=True) if success]

    def deliver_later(self, identifiers: Sequence[str]) -> None:
        """The webhooks of these interactions once more, an hour after they were first received."""
        self.stack.rows(_AN_HOUR_AGO, [*identifiers])
        for identifier in identifiers:
            self._post(self._delivered[identifier]).raise_for_status()

    def acknowledge(self, key: str, status: str) -> None:
        """Wassenger's `message:out:ack`, by WhatsApp's identifier."""
        wa_id = str(messages.find(self.stack, key).wa_id)
        self._post(wassenger_events.acknowledgement(wa_id, status)).raise_for_status()

    @contextmanager
    def stall_processing(self) -> Iterator[None]:
        """Hold a lock on the table that processing writes; receiving does not need it."""
        with psycopg.connect(self.stack.running.database_url) as connection:
            connection.execute("LOCK TABLE interactions IN SHARE ROW EXCLUSIVE MODE")
            yield

    def interactions(self) -> Sequence[str]:
        """WhatsApp identifiers of the recorded interactions."""
        return [str(wa_id) for (wa_id,) in self.stack.rows("SELECT wa_id FROM interactions")]

    def heard(self) -> Sequence[Heard]:
        """Rows of interactions."""
        return [
            Heard(str(wa_id), messages.key_of(phone, turn), str(campaign), kind, content, at)
            for wa_id, phone, campaign, kind, content, at, turn in self.stack.rows(_HEARD)
        ]

    def sent_ago(self, ages: Mapping[str, float]) -> Mapping[str, float]:
        """Move `sent_at`, and the launch of their campaigns with it."""
        moved, campaigns = {}, set()
        for key, age in ages.items():
            ((moved[key], campaign),) = self.stack.rows(_AGE, age, messages.find(self.stack, key).id)
            campaigns.add(campaign)
        for campaign in campaigns:
            self.stack.rows(_LAUNCHED, campaign, campaign)
        return moved

    def _wait_for_web(self) -> None:
        require(lambda: self.stack.running.works("web"), _WEB_SECONDS, "le processus web ne répond pas")

    @property
    def _url(self) -> str:
        return f"{self.stack.running.web_url}{wassenger_events.PATH}"

    def _post(self, body: Mapping[str, Any], seconds: float = 10) -> httpx.Response:
        content, headers = signed(body)
        return httpx.post(self._url, content=content, headers=headers, timeout=seconds, trust_env=False)
