"""Scenarios on real processes, the counterpart of rules at level execution."""

from audit.experiments import (
    autonomous_sending,
    beat_firing,
    follow_up_sending,
    retry_schedule,
    webhook_processing,
    worker_alert,
    worker_restart,
)
from audit.experiments.experiment import Experiment

EXPERIMENTS: tuple[Experiment, ...] = (
    autonomous_sending.EXPERIMENT,
    webhook_processing.EXPERIMENT,
    follow_up_sending.EXPERIMENT,
    retry_schedule.EXPERIMENT,
    worker_restart.EXPERIMENT,
    beat_firing.EXPERIMENT,
    worker_alert.EXPERIMENT,
)

__all__ = ["EXPERIMENTS", "Experiment"]
