"""The queues that a worker consumes, by its start line and the settings."""

from audit.model.facts import Process
from audit.model.plain_value import PlainValue
from audit.model.unknown import UNKNOWN


def consumed_by(worker: Process, declared: PlainValue, default: PlainValue) -> frozenset[str] | None:
    """Queues a worker consumes; None when they cannot be told."""
    given, left_out = worker.options.get("queues"), worker.options.get("exclude-queues", "")
    excluded = {name.strip() for name in left_out.split(",")}
    if given is not None:
        told = [name.strip() for name in given.split(",")]
        unread = "$" in left_out or any(not n or "$" in n or "%" in n for n in told)
        return None if unread else frozenset(told) - excluded
    if worker.unknown_words:
        return None
    names: list[PlainValue] = list(declared) if isinstance(declared, list | tuple | dict) else [default]
    found = {str(name) for name in names if name is not UNKNOWN} - excluded
    return None if UNKNOWN in names or declared is UNKNOWN else frozenset(found)
