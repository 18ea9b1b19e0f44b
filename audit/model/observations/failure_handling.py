"""What becomes of failures: errors that are swallowed, retries."""

from dataclasses import dataclass
from enum import IntEnum

from audit.model.observations.observation import Observation


class Fate(IntEnum):
    """What becomes of an exception on its way out of a task, the worst last."""

    HANDED_ON = 0
    UNCLEAR = 1
    LOST = 2


@dataclass(frozen=True)
class SwallowedError(Observation):
    """A failure that a function turns into an ordinary end.

    `how`: how, in French, empty for an answer that tells of the error; `doubt`: why the failure may not be the task's, in French.
    """

    how: str
    doubt: str


@dataclass(frozen=True)
class RetryOutcome(Observation):
    """What becomes of the exception that a task's `retry()` raises.

    `fate`: handed on to Celery, lost in what catches it, or unclear, for the reason that `why` gives in French.
    `retries`: the task calls its own `retry()`; `otherwise`: what else may retry it, in French, empty when nothing was seen.
    """

    fate: Fate
    why: str
    retries: bool
    otherwise: str


@dataclass(frozen=True)
class RetryFunction(Observation):
    """A function whose name speaks of retries; `tested`: tests call it, `used`: something else does."""

    tested: bool
    used: bool
