"""The life of the reference stack's campaigns, and their statistics."""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import psutil

from audit.experiments.abilities import STATISTICS, CampaignSeen, Statistics
from audit.experiments.driver import DriverError
from audit.experiments.waiting import wait_stable, wait_until
from checks import messages
from checks.administration import Administration
from checks.driver_errors import require
from checks.gateway import Gateway
from checks.launches import Launches
from checks.processes import Processes
from checks.stack import Stack

_EXPIRY = "system.tasks.periodic_tasks.check_expired_interactions"
_EXPIRY_SECONDS = 60.0
_PAUSE_SECONDS = 60.0
_QUIET_SECONDS = 1.5
_OUTCOMES = """
    SELECT c.phone, m.outcome FROM messages m JOIN contacts c ON c.id = m.contact_id
    WHERE m.kind = 'message_1' AND m.campaign_id = %s
"""
_RESUMED = "UPDATE campaigns SET resumed_at = now() - make_interval(secs => %s) WHERE id = %s"
_LAUNCHED = "UPDATE campaigns SET launched_at = now() - make_interval(secs => %s) WHERE id = %s"
_LOAD = """
    WITH campaign AS (
        INSERT INTO campaigns (name, status, message_template, follow_up_template, launched_at)
        VALUES ('Audit, grande campagne', 'sending', 'Bonjour', 'Merci', now()) RETURNING id
    ), people AS (
        INSERT INTO contacts (phone) SELECT '+999' || lpad(n::text, 9, '0') FROM generate_series(1, %s) n RETURNING id
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


@dataclass
class Campaigns:
    """Campaigns by their numbers: paused, expired, closed."""

    stack: Stack
    gateway: Gateway
    launches: Launches
    processes: Processes
    administration: Administration

    def campaign(self, campaign: str) -> CampaignSeen:
        """The campaign's row, and the outcome of each of its Message 1."""
        query = "SELECT status, final_statistics FROM campaigns WHERE id = %s"
        ((status, kept),) = self.stack.rows(query, int(campaign))
        ends = {str(phone): str(outcome or "") for phone, outcome in self.stack.rows(_OUTCOMES, int(campaign))}
        return CampaignSeen(str(status), ends, _numbers(kept) if kept else None)

    def pause(self, campaign: str) -> None:
        """The administrator's route."""
        self.administration.ask("POST", f"/campaigns/{campaign}/pause")

    def resume(self, campaign: str) -> None:
        """The administrator's route."""
        self.administration.ask("POST", f"/campaigns/{campaign}/resume", {"which": "pending"})

    def resume_failed(self, campaign: str) -> None:
        """The administrator's route, for what failed."""
        self.administration.ask("POST", f"/campaigns/{campaign}/resume", {"which": "failed"})

    def resumed_ago(self, campaign: str, seconds: float) -> None:
        """The resumption as the row tells it."""
        self.stack.rows(_RESUMED, seconds, int(campaign))

    def launched_ago(self, key: str, seconds: float) -> None:
        """The launch as the row tells it."""
        self.stack.rows(_LAUNCHED, seconds, messages.find(self.stack, key).campaign_id)

    def launch_and_pause(self) -> tuple[Sequence[str], Sequence[str]]:
        """Twice as many contacts as the worker has children, each of which holds one when the campaign is paused."""
        # The senders' patience with the gateway is short.
        self.administration.prepare()
        self.gateway.hold("before")
        children = len(self.processes.child_pids("worker"))
        keys = sorted(self.launches.launch(2 * children))
        too_few = "la passerelle ne retient pas assez d'envois pour mettre la campagne en pause"
        require(lambda: self.gateway.held() >= children, _PAUSE_SECONDS, too_few)
        self.pause(str(messages.find(self.stack, keys[0]).campaign_id))
        self.gateway.release()
        statuses: dict[str, str] = {}

        def halved() -> bool:
            statuses.update({m.key: m.status for m in messages.of_phones(self.stack, keys)})
            return set(statuses.values()) == {"sent", "pending"}

        if not wait_until(halved, _PAUSE_SECONDS):
            seen = sorted(set(statuses.values()))
            msg = f"la campagne en pause n'a pas une part envoyée et une part en attente : {seen}"
            raise DriverError(msg)
        return [k for k in keys if statuses[k] == "sent"], [k for k in keys if statuses[k] == "pending"]

    def periodic_runs(self) -> Mapping[str, int]:
        """Runs of periodic tasks that the stack recorded."""
        rows = self.stack.rows("SELECT task, count(*) FROM task_runs GROUP BY task")
        return {str(task).rpartition(".")[2]: int(runs) for task, runs in rows}

    @contextmanager
    def without_periodic_tasks(self) -> Iterator[None]:
        """Beat is suspended; what it had published has run."""
        pid = self.processes.main_pid("beat")
        beat = None if pid is None else psutil.Process(pid)
        if beat is not None:
            beat.suspend()
        try:
            wait_stable(self.periodic_runs, _QUIET_SECONDS, _EXPIRY_SECONDS)
            yield
        finally:
            if beat is not None:
                beat.resume()

    def run_expiry(self) -> None:
        """Publish the hourly task as beat does, and wait until its run is recorded."""
        name = _EXPIRY.rpartition(".")[2]
        before = self.periodic_runs().get(name, 0)
        self.stack.publish(_EXPIRY, "default")
        nobody = "aucun worker n'a exécuté la tâche horaire"
        require(lambda: self.periodic_runs().get(name, 0) > before, _EXPIRY_SECONDS, nobody)

    def closing_traces(self, campaign: str) -> Sequence[Mapping[str, float]]:
        """Structured records of the closing that carry statistics, whatever they say."""
        return [
            _numbers(record["statistics"])
            for record in self.stack.log.records()
            if record.get("event") == "campaign_closed"
            and record.get("campaign_id") == int(campaign)
            and isinstance(record.get("statistics"), dict)
        ]


@dataclass
class CampaignStatistics:
    """One large campaign, one request, and the rows that PostgreSQL read."""

    stack: Stack
    administration: Administration

    def load(self, contacts: int) -> str:
        """One statement; its phone numbers belong to no country."""
        ((campaign, _),) = self.stack.rows(_LOAD, contacts)
        return str(campaign)

    def statistics(self, campaign: str) -> Statistics:
        """The route that shows a campaign."""
        started = time.perf_counter()
        told = json.loads(self.administration.ask("GET", f"/campaigns/{campaign}").content)["statistics"]
        seconds = time.perf_counter() - started
        rates = {name: float(value) for name, value in told.items() if name.endswith("_rate") and value is not None}
        return Statistics(_numbers(told), seconds, rates)

    def rows_read(self) -> int:
        """PostgreSQL's own counters of the tables that grow with contacts."""
        ((rows,),) = self.stack.rows(_ROWS_READ)
        return int(rows)


def _numbers(told: Mapping[str, float]) -> dict[str, float]:
    return {name: float(told[name]) for name in STATISTICS if name in told}
