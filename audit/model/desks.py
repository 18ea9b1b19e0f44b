"""The words by which a file, a profile or a value says that it serves a developer, tests or a rehearsal, not production."""

import re

_DESK = re.compile(r"(?i)(^|[^a-z])(dev|devel|development|local|debug|tests?|testing|ci)([^a-z]|$)")
_REHEARSAL = re.compile(r"(?i)(^|[^a-z])(staging|stage|preview|minikube|kind|molecule|vagrant)([^a-z]|$)")


def is_for_a_desk(told: str) -> bool:
    """Whether a path or a word says that it serves a developer or tests."""
    return _DESK.search(told) is not None


def is_not_served(told: str) -> bool:
    """Whether it says so, or that it serves another environment than production."""
    return is_for_a_desk(told) or _REHEARSAL.search(told) is not None
