"""Scenarios on real processes, the counterpart of rules at level execution."""

from audit.experiments import (
    autonomous_sending,
    availability,
    beat_firing,
    campaign_age,
    campaign_closing,
    daily_limit,
    duplicate_replies,
    follow_up_sending,
    interaction_types,
    lock_ownership,
    message_1_sending,
    reply_delay,
    reply_window,
    retry_schedule,
    statistics_content,
    statistics_freezing,
    statistics_speed,
    webhook_processing,
    worker_alert,
    worker_restart,
)
from audit.experiments.experiment import Appraisal, Experiment

EXPERIMENTS: tuple[Experiment, ...] = (
    autonomous_sending.EXPERIMENT,
    webhook_processing.EXPERIMENT,
    follow_up_sending.EXPERIMENT,
    retry_schedule.EXPERIMENT,
    worker_restart.EXPERIMENT,
    beat_firing.EXPERIMENT,
    worker_alert.EXPERIMENT,
    message_1_sending.EXPERIMENT,
    reply_window.EXPERIMENT,
    daily_limit.EXPERIMENT,
    interaction_types.EXPERIMENT,
    reply_delay.EXPERIMENT,
    duplicate_replies.EXPERIMENT,
    lock_ownership.EXPERIMENT,
    campaign_closing.EXPERIMENT,
    campaign_age.EXPERIMENT,
    statistics_speed.EXPERIMENT,
    statistics_content.EXPERIMENT,
    statistics_freezing.EXPERIMENT,
)

APPRAISALS: tuple[Appraisal, ...] = (availability.EXPERIMENT,)

__all__ = ["APPRAISALS", "EXPERIMENTS", "Appraisal", "Experiment"]
