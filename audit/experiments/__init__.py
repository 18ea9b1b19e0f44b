"""Scenarios on real processes, the counterpart of rules at level execution."""

from audit.experiments import autonomous_sending, beat_firing, retry_schedule, worker_restart
from audit.experiments.experiment import Experiment

EXPERIMENTS: tuple[Experiment, ...] = (
    autonomous_sending.EXPERIMENT,
    retry_schedule.EXPERIMENT,
    worker_restart.EXPERIMENT,
    beat_firing.EXPERIMENT,
)

__all__ = ["EXPERIMENTS", "Experiment"]
