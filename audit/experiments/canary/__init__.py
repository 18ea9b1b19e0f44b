"""The canary: any Celery project's own worker, killed and counted with tasks of ours, without touching its code."""

from audit.experiments.canary.canary_run import Canary
from audit.experiments.canary.questions import CanaryQuestion

__all__ = ["Canary", "CanaryQuestion"]
