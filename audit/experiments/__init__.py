"""Scenarios on real processes, the counterpart of rules at level execution."""

from functools import cache

from audit.experiments.experiment import Appraisal, Experiment
from audit.requirements.discovery import discovered

# The order in which they are played and told; a module that is not named here comes after them.
_FIRST = (
    "autonomous_sending",
    "webhook_processing",
    "follow_up_sending",
    "worker_answers",
    "worker_restart",
    "beat_firing",
    "message_1_sending",
    "reply_window",
    "daily_limit",
    "retry_schedule",
    "gateway_outage",
    "one_person",
    "worker_alert",
    "interaction_types",
    "opting_out",
    "reply_delay",
    "duplicate_replies",
    "lock_ownership",
    "campaign_closing",
    "campaign_age",
    "statistics_content",
    "statistics_freezing",
    "statistics_speed",
)


@cache
def every_experiment() -> tuple[Experiment, ...]:
    """The scenarios of this package, in the order in which they are played."""
    return discovered(__name__, Experiment, _FIRST)


@cache
def every_appraisal() -> tuple[Appraisal, ...]:
    """The judgements of evidence measured elsewhere."""
    return discovered(__name__, Appraisal, _FIRST)


__all__ = ["Appraisal", "Experiment", "every_appraisal", "every_experiment"]
