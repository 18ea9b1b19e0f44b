"""The driver that scenarios are played with: every protocol of `audit.experiments`."""

from functools import partial
from pathlib import Path

from checks.administration import SETTINGS
from checks.campaigns import CampaignStatistics
from checks.daily_limit import DailyLimit
from checks.driver import Parts, ReferenceDriver
from checks.driver_errors import guard
from checks.known_limits import KNOWN_LIMITS
from checks.stack import Opening, Stack
from checks.webhook_sender import SECRET
from system.sandbox.stack import running_stack

_ALERT_AFTER = 10.0
# Whoever reads a clock without its zone is hours away.
_ZONE = "America/Sao_Paulo"
# Contacts for whom one day might not be enough.
_CROWD = 300
# Four interpreters start at once, on a machine that may have other things to do.
_START_SECONDS = 180.0
CONDITIONS = (
    "limite quotidienne telle que livrée, mais compteurs du jour ramenés à 50 au plus avant chaque campagne, et sans cesse après une campagne de plus de 300 contacts : seuls les essais qui en ont besoin (4.4 et 5.7) l'atteignent",
    "webhooks signés, avec un secret propre à l'essai",
    "adresse d'alerte (`ALERT_WEBHOOK_URL`) réglée pour l'essai, vide dans la livraison",
    f"fuseau des processus : `{_ZONE}` ; dates de la passerelle écrites dans un fuseau en avance de deux heures sur UTC : une date lue sans son fuseau serait fausse",
    "chaque scénario joué une fois",
)


class FullDriver(ReferenceDriver):
    """Runs the tree at `root` with its shipped supervisor configuration, on embedded servers and the double."""

    def __init__(self, root: Path, opening: Opening | None = None) -> None:
        shipped = partial(
            running_stack,
            root,
            alert_after_seconds=_ALERT_AFTER,
            stop_seconds=0.5,
            start_seconds=_START_SECONDS,
            extra_env={"WASSENGER_WEBHOOK_SECRET": SECRET, "TZ": _ZONE, **SETTINGS},
        )
        parts = Parts(Stack(root, opening or shipped))
        super().__init__(parts, CONDITIONS)
        sends, talk, life = parts.sends, parts.conversations, parts.campaigns
        limit, statistics = DailyLimit(parts.stack), CampaignStatistics(parts.stack, parts.administration)
        self.sends, self.traces, self.campaign_of = sends.sends, sends.traces, sends.campaign_of
        self.duplicate_traces, self.second_reply_refusal = sends.duplicate_traces, sends.second_reply_refusal
        self.shipped_daily_limit, self.shipped_share, self.today = (
            limit.shipped_daily_limit,
            limit.shipped_share,
            limit.today,
        )
        self.say, self.say_at_once, self.heard, self.sent_ago = talk.say, talk.say_at_once, talk.heard, talk.sent_ago
        self.acknowledge, self.deliver_later = talk.acknowledge, talk.deliver_later
        self.lock_of, self.usurp, self.wake = parts.locks.lock_of, parts.locks.usurp, parts.locks.wake
        self.lose_wake_ups = parts.locks.lose_wake_ups
        self.absent, self._limit, self._launches = parts.processes.absent, limit, parts.launches
        self.worker_answers = parts.processes.worker_answers
        self.launch_again, self.launch_refusing = parts.launches.launch_again, parts.launches.launch_refusing
        self.refuse, self.refuse_everybody = parts.launches.refuse, parts.launches.refuse_everybody
        self.taken_up = parts.launches.taken_up
        self.launch_both_forms = parts.launches.launch_both_forms
        self.launch_answered, self.hasten = parts.launches.launch_answered, parts.launches.hasten
        self.launch_unanswered = parts.launches.launch_unanswered
        self.launch, self.slow_gateway = self._launch, parts.gateway.slow_gateway
        self.campaign, self.pause, self.launch_and_pause = life.campaign, life.pause, life.launch_and_pause
        self.resume, self.resume_failed = life.resume, life.resume_failed
        self.launch_exhausted = parts.launches.launch_exhausted
        self.resumed_ago, self.launched_ago = life.resumed_ago, life.launched_ago
        self.without_periodic_tasks = life.without_periodic_tasks
        self.run_expiry, self.closing_traces = life.run_expiry, life.closing_traces
        self.load, self.statistics, self.rows_read = statistics.load, statistics.statistics, statistics.rows_read
        self.limits = KNOWN_LIMITS.copy
        guard(self)

    def _launch(self, contacts: int) -> frozenset[str]:
        self._limit.make_room()
        if contacts > _CROWD:
            self._limit.endless_day()
        return self._launches.launch(contacts)
