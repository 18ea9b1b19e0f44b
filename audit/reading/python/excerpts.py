"""The lines of the target that a value comes from."""

from audit.model.findings import Excerpt
from audit.reading.python.abstract_values import Origin
from audit.reading.python.interpreter import Machine


def excerpt_of(machine: Machine, origin: Origin | None) -> Excerpt | None:
    """The lines of an origin, verbatim."""
    if origin is None:
        return None
    source = machine.sources.get(origin.path)
    return source.excerpt(origin.first, origin.last) if source else None
