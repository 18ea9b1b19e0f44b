"""How a task is retried: what its calls of `retry` and its options ask for, what becomes of what it raises."""

from dataclasses import dataclass

from audit.model.findings import Excerpt
from audit.model.observations.failure_handling import Fate


@dataclass(frozen=True)
class RetrySchedule:
    """What one call of `retry`, or the automatic retries of a task, ask for, and the places that decide it.

    Without `why_unknown`, all is known: `delays` are the seconds before each retry, in order, and `max_retries` how
    many there may be; None is Celery's « no limit », and `delays` are then those before the first retries. With it,
    `delays` is empty; `max_retries` is still right when it is a number, and says nothing when it is None. `random`:
    the one thing unknown is what Celery's `retry_jitter` draws, at each retry, between 0 and the back-off.
    `endless`: nothing limits how many there may be, whatever is not known of the delays.
    """

    task: str
    delays: tuple[float, ...]
    max_retries: int | None
    excerpts: tuple[Excerpt, ...] = ()
    why_unknown: str = ""
    random: bool = False
    endless: bool = False


@dataclass(frozen=True)
class RetryPolicy:
    """What the source tells of the retries of one task; each task that was read has one, retried or not.

    `schedules`: one for the automatic retries, one for each call of `retry` that was found: in the task, in a function
    that was followed with `self`, or in one of its module that is given `self.retry`. Nothing tells that there is no
    other, and those of a registered class's `run` are not looked for.
    A delay is known when following the task for each number of retries so far reaches the call with a number; or, where
    the task cannot be followed that far, when the call, or every assignment of the name that it gives, has that number
    as a literal, and neither function looks at how often it was retried. What is asked for is known, not whether the
    call is reached.
    `otherwise`: what else may retry the task, as a French clause. Where there is no schedule either, nothing was seen
    that may retry it: what it calls without handing itself over was not searched. `republishes`: that is only that it
    publishes itself again, which is no `retry()`. `around`: that is only options, or a class of a library, around its code.

    `raised`: the worst that what stands around a `retry()` does of the exception: statements of the task's own body, of
    its decorators, and of the `__call__` of its class. HANDED_ON where all of it was read; UNCLEAR where some was not,
    or depends on the run, as `doubt` says in French; LOST where one of them surely catches it. Where the task does not
    call its own `retry()` (`calls_retry`), its statements are judged only around a call that is given `self`.
    """

    task: str
    schedules: tuple[RetrySchedule, ...] = ()
    calls_retry: bool = False
    otherwise: str = ""
    raised: Fate = Fate.HANDED_ON
    doubt: str = ""
    republishes: bool = False
    around: bool = False
