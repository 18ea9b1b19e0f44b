"""Small targets with a Celery application, for the configuration probe."""

import textwrap
from collections.abc import Callable

from audit.importing.configuration_probe import collect
from audit.model.facts import Facts
from audit.target.target_file import Target

CELERY = """
    from celery import Celery
    app = Celery("small", broker="redis://user:hunter2@broker.example:6379/0")
"""


Make = Callable[..., Target]


def celery(make: Make, text: str, **others: str) -> Facts:
    return collect(make({"work.py": textwrap.dedent(CELERY) + textwrap.dedent(text), **others}, celery_app="work:app"))
