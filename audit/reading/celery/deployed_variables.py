"""The variables that a deployment gives to the processes of Celery, where it gives one value."""

import re
from collections.abc import Sequence

from audit.model.facts import Process

# The words of a deployment that is for a desk, where others are not.
_OF_A_DESK = re.compile(r"(?i)(^|[^a-z])(dev|devel|development|local|debug|test|tests|testing|ci)([^a-z]|$)")


def given_to_all(processes: Sequence[Process]) -> dict[str, str]:
    """Each variable with the text that all the workers and beats which are given it have; a desk's set aside."""
    found: dict[str, dict[str, None]] = {}
    for process in processes:
        if {"worker", "beat"} & {*process.role.split("+")}:
            for name, text in process.environment.items():
                found.setdefault(name, {})[text] = None
    told = {name: [text for text in texts if not _OF_A_DESK.search(text)] or [*texts] for name, texts in found.items()}
    return {name: texts[0] for name, texts in told.items() if len(texts) == 1 and "$" not in texts[0]}
