"""What becomes of failures: errors that are swallowed, retries."""

from dataclasses import dataclass
from enum import IntEnum

from audit.model.observations.observation import Observation, TaskObservation


class Fate(IntEnum):
    """What becomes of an exception on its way out of a task, the worst last."""

    HANDED_ON = 0
    UNCLEAR = 1
    LOST = 2


@dataclass(frozen=True)
class SwallowedError(TaskObservation):
    """A failure that a function turns into an ordinary end.

    `how`: how, in French, empty for an answer that tells of the error; `doubt`: why the failure may not be the task's, in French.
    `answers`: a value is answered in the place of another, which the caller may test.
    `ends`: the failure is logged, and nothing is done after it.
    """

    how: str
    doubt: str
    answers: bool = False
    ends: bool = False


@dataclass(frozen=True)
class NotedError(SwallowedError):
    """A failure that a function notes by more than a log, before it ends as any other: of weight in a task only."""


@dataclass(frozen=True)
class RetryFunction(Observation):
    """A function whose name speaks of retries; `tested`: tests call it, `used`: something else does."""

    tested: bool
    used: bool


@dataclass(frozen=True)
class RetriedClass(Observation):
    """A class of exceptions of the target, `name`, that some `autoretry_for` names.

    `ancestors`: dotted names of all it derives from; `heirs`: symbols of the classes of the target that derive from it.
    `wraps`: the place where it is raised in the stead of any error at all, empty where there is none. `instead`: the dotted name of
    what stands for one of a library where that is not installed.
    """

    name: str
    ancestors: tuple[str, ...]
    heirs: tuple[str, ...]
    wraps: str = ""
    instead: str = ""
