"""What a task, or a call that publishes it, sets over the settings of its application."""

from audit.model.facts import Facts, Task
from audit.model.observations.messages import PublishedMessage
from audit.model.target_facts import TargetFacts
from audit.model.unknown import UNKNOWN, Unknown


def own_option(task: Task, option: str, facts: Facts) -> object:
    """The value a task has for itself: a boolean, None when it follows the application, else what could not be read."""
    value = task.options.get(option)
    if facts.level > facts.level.SOURCE:
        # The effective value, annotations included. The application's own None is told by its setting.
        return value
    if value is UNKNOWN:
        return option
    if value is None:
        return _inherited(task)
    return bool(value) if isinstance(value, int) else value


def _inherited(task: Task) -> object:
    """What may give a task an option that nothing read gives it: `**` that was not read, or a base class."""
    if "**" in task.options:
        return task.options["**"]
    return f"base={task.options['base']}" if "base" in task.options else None


def is_unread(value: object) -> bool:
    """Whether an own option could not be told; a base class, read by itself, is no reason to doubt."""
    return value is not None and not isinstance(value, bool) and not str(value).startswith("base=")


def published_limits(known: TargetFacts, symbol: str) -> list[tuple[float | Unknown | None, float | Unknown | None]]:
    """The soft and the hard limits that calls give the messages of a task, in seconds; None for what they leave as it is."""
    seen = known.source.observations_of(PublishedMessage)
    names = {symbol, *(task.name for task in known.source.tasks if task.symbol == symbol)}
    of_it = (m for m in seen if (m.task or (m.symbol if m.method == "retry" else "")) in names)
    given = dict.fromkeys((m.soft_limit, m.hard_limit) for m in of_it)
    return [pair for pair in given if pair != (None, None)]
