"""What a function waits for: sleeps, results, loops without end, requests."""

from dataclasses import dataclass

from audit.model.observations.observation import Observation, TaskObservation
from audit.model.unknown import UNKNOWN, Unknown


@dataclass(frozen=True)
class Sleep(TaskObservation):
    """A function that sleeps; `seconds`: the longest sum on one path through it. `at_most`: what it waits for may come before. `guessed`: nobody knows what it asks to wait."""

    seconds: float | Unknown
    at_most: bool = False
    guessed: bool = False


@dataclass(frozen=True)
class ResultWait(TaskObservation):
    """A function that waits for the result of a task it published; `through` tells in French by what other way, `perhaps` another's."""

    through: str = ""
    perhaps: bool = False


@dataclass(frozen=True)
class EndlessLoop(TaskObservation):
    """A loop that nothing leaves, but perhaps an exception of the function that it calls, `left_by`; or only the answer of what it `awaited`."""

    left_by: str = ""
    awaited: str = ""
    doubt: str = ""


@dataclass(frozen=True)
class RequestWithoutTimeout(TaskObservation):
    """A request that may wait for ever; `library` sends it (`requests`, `httpx` …).

    `spread`: the options, as written, that were not read and may give it a timeout. `perhaps`: the timeout that is none
    only in some cases. `by_session`: an object sends it, to which an adapter of the project's may give one.
    """

    library: str
    spread: str = ""
    perhaps: str = ""
    by_session: bool = True


@dataclass(frozen=True)
class RequestWithTimeout(TaskObservation):
    """A request that ends by itself when nobody answers, after `seconds` at most; `turns`: how often a loop may send it."""

    seconds: float | Unknown = UNKNOWN
    turns: int | Unknown = 1


@dataclass(frozen=True)
class DefaultTimeoutSource(Observation):
    """What may give every request a timeout: `name` is the function that the project calls or replaces."""

    name: str
