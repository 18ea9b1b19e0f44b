"""The driver that scenarios are played with: every protocol of `audit.experiments`."""

from functools import partial
from pathlib import Path

from audit.french.typography import french_integer
from checks.administration import SETTINGS
from checks.campaigns import CampaignStatistics
from checks.daily_limit import DailyLimit
from checks.driver import Parts, ReferenceDriver
from checks.driver_errors import guard
from checks.stack import Opening, Stack
from system.sandbox.stack import running_stack

# It is not what is tried here.
_DAILY_LIMIT = 1_000_000
_ALERT_AFTER = 10.0
# Four interpreters start at once, on a machine that may have other things to do.
_START_SECONDS = 180.0
_CONDITIONS = (
    f"limite quotidienne portée à {french_integer(_DAILY_LIMIT)} messages ; aucun secret de webhook configuré",
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
            extra_env={"DAILY_MESSAGE_LIMIT": str(_DAILY_LIMIT), **SETTINGS},
        )
        parts = Parts(Stack(root, opening or shipped))
        super().__init__(parts, _CONDITIONS)
        sends, talk, life = parts.sends, parts.conversations, parts.campaigns
        limit, statistics = DailyLimit(parts.stack), CampaignStatistics(parts.stack, parts.administration)
        self.sends, self.traces, self.campaign_of = sends.sends, sends.traces, sends.campaign_of
        self.duplicate_traces, self.second_reply_refusal = sends.duplicate_traces, sends.second_reply_refusal
        self.shipped_daily_limit, self.leave_today = limit.shipped_daily_limit, limit.leave_today
        self.say, self.say_at_once, self.heard, self.sent_ago = talk.say, talk.say_at_once, talk.heard, talk.sent_ago
        self.acknowledge = talk.acknowledge
        self.lock_of, self.usurp = parts.locks.lock_of, parts.locks.usurp
        self.slow_gateway = parts.gateway.slow_gateway
        self.launch_again, self.launch_refusing = parts.launches.launch_again, parts.launches.launch_refusing
        self.campaign, self.pause, self.launch_and_pause = life.campaign, life.pause, life.launch_and_pause
        self.run_expiry, self.closing_traces = life.run_expiry, life.closing_traces
        self.load, self.statistics, self.rows_read = statistics.load, statistics.statistics, statistics.rows_read
        guard(self)
