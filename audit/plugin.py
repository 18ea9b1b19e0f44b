"""pytest plugin: every rule and experiment of a profile becomes a test item.

Inert unless `--audit-target` is given, so that it costs nothing to the sessions of projects that merely have it installed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from audit.command.pytest_items import audit_items

if TYPE_CHECKING:
    from typing import Any

    from audit.experiments.cluster.celery_canary import CeleryCanary
    from audit.judging.examination import Examination  # noqa: F401  named in the key below, as text

EXAMINATION = pytest.StashKey["Examination"]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of the plugin; `audit run` gives them."""
    group = parser.getgroup("audit", "audit of a Celery project")
    group.addoption("--audit-target", metavar="PATH", help="audit.toml, pyproject.toml, or a directory that holds one")
    group.addoption("--audit-profile", metavar="NAME", help="celery, checkpoint-2025 or strict")
    group.addoption("--audit-family", metavar="N", help="family of criteria of profile strict: 4 to 10, 8 by default")
    group.addoption("--audit-level", metavar="LEVEL", help="source, configuration or execution: up to which evidence")
    group.addoption("--audit-yes", action="store_true", help="allow the start of the target's own worker (canary)")


def pytest_configure(config: pytest.Config) -> None:
    """Prepare the examination when a target is given."""
    path = config.getoption("--audit-target", default=None)
    if path is None:
        return
    from audit.command.run_setup import prepare  # noqa: PLC0415  keeps the plugin free for sessions that do not audit
    from audit.target.target_file import TargetError  # noqa: PLC0415

    try:
        examination = prepare(
            path,
            config.getoption("--audit-profile"),
            config.getoption("--audit-level"),
            family=config.getoption("--audit-family"),
        )
    except TargetError as error:
        raise pytest.UsageError(str(error)) from error
    examination.may_start_worker = config.getoption("--audit-yes")
    config.stash[EXAMINATION] = examination


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop what the experiments started."""
    examination = config.stash.get(EXAMINATION, None)
    if examination is not None:
        examination.close()


def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    """Add one item per test of the profile."""
    examination = config.stash.get(EXAMINATION, None)
    if examination is not None:
        items += audit_items(session, examination)


@pytest.fixture
def celery_canary(celery_setup: Any, request: pytest.FixtureRequest) -> CeleryCanary:
    """Plays the canary's scenarios on this project's `celery_setup` of pytest-celery (extra `cluster`)."""
    from audit.experiments.cluster.celery_canary import CeleryCanary  # noqa: PLC0415  keeps the plugin free

    return CeleryCanary(celery_setup, request.config.rootpath)
