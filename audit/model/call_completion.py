"""Which calls of a function complete before it returns."""

from dataclasses import dataclass

_NOT_AWAITED = ("add_task", "create_task", "ensure_future", "run_in_executor", "run_coroutine_threadsafe", "call_soon")
# Last names of calls that start what they are given, without waiting for it.
DEFERRING = frozenset(
    (*_NOT_AWAITED, "BackgroundTask", "Thread", "submit", "call_later", "start_soon", "spawn", "start_new_thread")
)


@dataclass(frozen=True, slots=True)
class CallCompletion:
    """Names, as written, of a function's calls that may not complete before it returns; its other calls do.

    `deferred`: made only inside what is started for later. `awaited`: those that start something for later, and wait for it.
    `failing_silently`: made only where an outage is passed over. `awaits_result`: it returns only once somebody gives a result
    to a future that it made. `gives_result`: it gives one. `first`: calls surely made before; `runs`: attributes of its object that
    it surely calls before. `keeps`: attributes of its object that hold one of its parameters. `on_one_side`: made only on one side
    of a condition, whose other side does something else and lets the function answer.
    """

    deferred: frozenset[str] = frozenset()
    awaited: frozenset[str] = frozenset()
    failing_silently: frozenset[str] = frozenset()
    on_one_side: frozenset[str] = frozenset()
    awaits_result: bool = False
    gives_result: bool = False
    first: frozenset[str] = frozenset()
    runs: frozenset[str] = frozenset()
    keeps: frozenset[str] = frozenset()
