"""The whole driver of the reference stack: the life and the statistics of its campaigns, beside all the rest."""

import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from secrets import token_hex

import httpx
from celery import Celery

from audit.experiments.abilities import STATISTICS, CampaignSeen, Statistics
from audit.experiments.driver import DriverError
from audit.experiments.waiting import wait_until
from checks.conversations import Conversations
from checks.driver import _in_words
from system.sandbox.gateway_protocol import Behaviour, Rule

_EXPIRY = "system.tasks.periodic_tasks.check_expired_interactions"
_EXPIRY_SECONDS = 60.0
_PAUSE_SECONDS = 60.0
_NAME, _PASSWORD = "audit", f"audit-{token_hex(12)}"
_ADD_USER = """
import sys
from system.db.database import close_db, get_db
from system.domain.roles import Role
from system.services import users
from system.services.passwords import Passwords
users.add_user(get_db(), Passwords(), sys.argv[1], Role.OPERATOR, sys.argv[2])
close_db()
"""
_LOAD = """
    WITH campaign AS (
        INSERT INTO campaigns (name, status, message_template, follow_up_template, launched_at)
        VALUES ('Audit, grande campagne', 'sending', 'Bonjour', 'Merci', now()) RETURNING id
    ), people AS (
        INSERT INTO contacts (phone) SELECT '+999' || lpad(n::text, 9, '0') FROM generate_series(1, %s) AS n RETURNING id
    ), sent AS (
        INSERT INTO messages (campaign_id, contact_id, kind, body, reference, status, gateway_id, sent_at)
        SELECT campaign.id, people.id, 'message_1', 'Bonjour', 'load-' || people.id, 'sent', 'load-' || people.id, now()
        FROM campaign, people RETURNING 1
    )
    SELECT campaign.id, (SELECT count(*) FROM sent) FROM campaign
"""
_ROWS_READ = """
    SELECT coalesce(sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0)), 0)::bigint FROM pg_stat_user_tables
    WHERE relname IN ('messages', 'contacts', 'interactions', 'campaign_contacts')
"""
_REFUSED_FOR_GOOD = 400


class FullDriver(Conversations):
    """Follows every protocol of `audit.experiments`."""

    settings: Mapping[str, str] = {**Conversations.settings, "ADMIN_TOKEN_SECRET": token_hex(32)}

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self._token = ""
        self._http: httpx.Client | None = None

    @_in_words
    def launch_refusing(self, contacts: int, refused: int) -> Sequence[str]:
        """The double refuses these phones (400), which no retry changes."""
        phones = self._new_phones(contacts)
        rules = tuple(Rule(outcome="status", status=_REFUSED_FOR_GOOD, phone=p) for p in phones[contacts - refused :])
        self._stack.gateway.behave(Behaviour(rules=rules))
        self._stack.launch_campaign("Audit", "Bonjour", phones)
        return phones

    @_in_words
    def campaign(self, campaign: str) -> CampaignSeen:
        """The campaign's row, and the outcome of each of its Message 1."""
        ((status, kept),) = self._rows("SELECT status, final_statistics FROM campaigns WHERE id = %s", int(campaign))
        query = "SELECT c.phone, m.outcome FROM messages m JOIN contacts c ON c.id = m.contact_id WHERE m.kind = 'message_1' AND m.campaign_id = %s"
        ends = {str(phone): str(outcome or "") for phone, outcome in self._rows(query, int(campaign))}
        return CampaignSeen(str(status), ends, _numbers(kept) if kept else None)

    @_in_words
    def pause(self, campaign: str) -> None:
        """The administrator's route."""
        self._ask("POST", f"/campaigns/{campaign}/pause")

    @_in_words
    def launch_and_pause(self) -> tuple[Sequence[str], Sequence[str]]:
        """Twice as many contacts as the worker has children, each of which holds one when the campaign is paused."""
        self.hold("before")
        children = len(self.child_pids("worker"))
        keys = sorted(self.launch(2 * children))
        if not wait_until(lambda: self.held() >= children, _PAUSE_SECONDS):
            msg = "la passerelle ne retient pas assez d'envois pour mettre la campagne en pause"
            raise DriverError(msg)
        self.pause(self.campaign_of(keys[0]))
        self.release()
        statuses: Mapping[str, str] = {}

        def halved() -> bool:
            nonlocal statuses
            recorded = self.recorded()
            statuses = {key: recorded[key] for key in keys}
            return set(statuses.values()) == {"sent", "pending"}

        if not wait_until(halved, _PAUSE_SECONDS):
            msg = f"la campagne en pause n'a pas une part envoyée et une part en attente : {sorted(set(statuses.values()))}"
            raise DriverError(msg)
        return [k for k in keys if statuses[k] == "sent"], [k for k in keys if statuses[k] == "pending"]

    @_in_words
    def run_expiry(self) -> None:
        """Publish the hourly task as beat does, and wait until its run is recorded."""
        before = self.periodic_runs().get("check_expired_interactions", 0)
        with Celery(broker=self._stack.redis_url, set_as_current=False) as app:
            app.send_task(_EXPIRY, queue="default")
        if not wait_until(lambda: self.periodic_runs().get("check_expired_interactions", 0) > before, _EXPIRY_SECONDS):
            msg = "aucun worker n'a exécuté la tâche horaire"
            raise DriverError(msg)

    @_in_words
    def closing_traces(self, campaign: str) -> Sequence[Mapping[str, float]]:
        """Structured records of the closing that carry statistics, whatever they say."""
        return [
            _numbers(record["statistics"])
            for record in self.log.records()
            if record.get("event") == "campaign_closed"
            and record.get("campaign_id") == int(campaign)
            and isinstance(record.get("statistics"), dict)
        ]

    @_in_words
    def load(self, contacts: int) -> str:
        """One statement; its phone numbers belong to no country."""
        ((campaign, _),) = self._rows(_LOAD, contacts)
        return str(campaign)

    @_in_words
    def statistics(self, campaign: str) -> Statistics:
        """The route that shows a campaign."""
        started = time.perf_counter()
        told = json.loads(self._ask("GET", f"/campaigns/{campaign}").content)["statistics"]
        seconds = time.perf_counter() - started
        rates = {name: float(value) for name, value in told.items() if name.endswith("_rate") and value is not None}
        return Statistics(_numbers(told), seconds, rates)

    @_in_words
    def rows_read(self) -> int:
        """PostgreSQL's own counters of the tables that grow with contacts."""
        ((rows,),) = self._rows(_ROWS_READ)
        return int(rows)

    @_in_words
    def acknowledge(self, key: str, status: str) -> None:
        """Wassenger's `message:out:ack`, by WhatsApp's identifier."""
        wa_id = str(self._message(key)[7])
        data = {"id": wa_id, "flow": "outbound", "ack": status}
        body = {"id": wa_id, "object": "message", "event": "message:out:ack", "ack": status, "data": data}
        httpx.post(self._webhook, json=body, timeout=10, trust_env=False).raise_for_status()

    @property
    def _client(self) -> httpx.Client:
        if self._http is None:
            client = httpx.Client(base_url=self._stack.web_url, timeout=20, trust_env=False)
            self._http = self._parts.enter_context(client)
        return self._http

    @property
    def _bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token}"}

    def _log_in(self) -> None:
        """As the user of this run, whom the first request creates; a token does not live for ever."""
        answer = self._client.post("/login", json={"name": _NAME, "password": _PASSWORD})
        self._token = str(answer.raise_for_status().json()["access_token"])

    def _ask(self, method: str, path: str) -> httpx.Response:
        if not self._token:
            self._python(_ADD_USER, _NAME, _PASSWORD)
            self._log_in()
        answer = self._client.request(method, path, headers=self._bearer)
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            self._log_in()
            answer = self._client.request(method, path, headers=self._bearer)
        return answer.raise_for_status()


def _numbers(told: Mapping[str, float]) -> dict[str, float]:
    return {name: float(told[name]) for name in STATISTICS if name in told}
