"""pytest plugin: every rule and experiment of a profile becomes a test item, and the session writes the checkpoint.

Inert unless `--audit-target` or `audit_target` is given, so that it costs nothing to the sessions of projects that merely have
it installed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from typing import Any

    from audit.experiments.cluster.celery_canary import CeleryCanary

# The options of `audit run`: `--audit-fail-on` on the command line, `audit_fail_on` in the configuration of pytest.
TEXTS = {
    "target": ("PATH", "audit.toml, pyproject.toml, or a directory that holds one; nothing is audited without it"),
    "profile": ("NAME", "celery, checkpoint-2025 or strict"),
    "family": ("N", "family of criteria of profile strict: 4 to 10, 8 by default"),
    "level": ("LEVEL", "source, configuration or execution: up to which evidence"),
    "python": ("PATH", "interpreter that can import the project, for level configuration"),
    "out": ("DIRECTORY", "directory of the report and its journal: reports by default"),
    "fail-on": (
        "SEVERITY",
        "from which severity on the session fails: critique by default, majeur, mineur, indéterminé",
    ),
    "baseline": ("JOURNAL", "only what this journal did not hold fails the session"),
}
LISTS = {
    "evidence": ("FILE", "a soak's journal, or an export of production heartbeats; repeatable"),
    "also": ("FORMAT", "write the report in one more format beside the others; repeatable"),
}
FLAGS = {
    "yes": "allow the start of the target's own worker (canary)",
    "no-report": "write nothing",
}


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of `audit run`, and a key of the configuration for each."""
    group = parser.getgroup("audit", "audit of a Celery project")
    for name, (metavar, told) in TEXTS.items():
        group.addoption(f"--audit-{name}", metavar=metavar, help=told)
        parser.addini(_key(name), f"the same as --audit-{name}", default="")
    for name, (metavar, told) in LISTS.items():
        group.addoption(f"--audit-{name}", metavar=metavar, action="append", help=told)
        parser.addini(_key(name), f"the same as --audit-{name}", type="linelist", default=[])
    for name, told in FLAGS.items():
        group.addoption(f"--audit-{name}", action="store_true", default=None, help=told)
        parser.addini(_key(name), f"the same as --audit-{name}", type="bool", default=False)


def _key(name: str) -> str:
    return f"audit_{name.replace('-', '_')}"


def pytest_configure(config: pytest.Config) -> None:
    """Prepare the examination when a target is given."""
    given: dict[str, Any] = {}
    for name in (*TEXTS, *LISTS, *FLAGS):
        option = config.getoption(f"--audit-{name}", default=None)
        given[_key(name)] = config.getini(_key(name)) if option is None else option
    if given["audit_target"]:
        from audit.command.plugin_session import start  # noqa: PLC0415  keeps the plugin free for sessions that do not audit

        start(config, given)


@pytest.fixture
def celery_canary(celery_setup: Any, request: pytest.FixtureRequest) -> CeleryCanary:
    """Plays the canary's scenarios on this project's `celery_setup` of pytest-celery (extra `cluster`)."""
    from audit.experiments.cluster.celery_canary import CeleryCanary  # noqa: PLC0415  keeps the plugin free

    return CeleryCanary(celery_setup, request.config.rootpath)
