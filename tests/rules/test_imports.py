"""The one rule that needs the configuration probe, on small real targets: what a worker would import is imported."""

import sys
from pathlib import Path

import pytest

from audit import reading as source
from audit.importing import configuration_probe as configuration
from audit.judging.examination import Examination, Probes
from audit.judging.verdict import Status
from audit.model.facts import Facts, Setting
from audit.model.findings import Finding, Level, Outcome
from audit.model.target_facts import TargetFacts
from audit.requirements.profiles import STRICT
from audit.rules import every_rule
from audit.target.target_file import Target

RULE = next(rule for rule in every_rule() if rule.id == "imports")
APP = 'from celery import Celery\ncelery_app = Celery("small", include=["jobs"])\n'


def target(root: Path, jobs: str, app: str = APP, **fields: str) -> Target:
    for name, text in {"app.py": app, "jobs.py": jobs, "web.py": "import absent_framework\n"}.items():
        (root / name).write_text(text, encoding="utf-8")
    return Target("small", root, celery_app="app:celery_app", **fields)  # type: ignore[arg-type]


def answer(audited: Target) -> Finding:
    (finding,) = RULE.evaluate(TargetFacts(audited, source.collect(audited), configuration.collect(audited)))
    return finding


@pytest.mark.parametrize("web", ["", "web:app"])
def test_everything_imports(web: str, tmp_path: Path) -> None:
    finding = answer(target(tmp_path, "x = 1\n", asgi_app=web))
    assert (finding.outcome, finding.level) == (Outcome.ESTABLISHED, Level.CONFIGURATION)


@pytest.mark.parametrize(
    ("jobs", "python"),
    [
        ("def broken(:\n", ""),
        ("nothing_so_called\n", ""),
        ("import pages.gone\n", ""),
        ("import absent_module\n", sys.executable),
    ],
)
def test_a_module_that_no_worker_can_import_is_critical(jobs: str, python: str, tmp_path: Path) -> None:
    (tmp_path / "pages").mkdir()
    finding = answer(target(tmp_path, jobs, python=python))
    assert finding.outcome is Outcome.DEFECT
    assert finding.problem is not None
    assert "« jobs »" in finding.problem.situation_text


@pytest.mark.parametrize(
    ("jobs", "words"),
    [
        ("import absent_module\n", "absent_module"),
        ("import os\nos.environ['NOT_GIVEN']\n", "NOT_GIVEN"),
        ("raise RuntimeError('no settings')\n", "no settings"),
    ],
)
def test_what_another_environment_may_mend_is_not_decided(jobs: str, words: str, tmp_path: Path) -> None:
    finding = answer(target(tmp_path, jobs))
    assert (finding.outcome, words in finding.missing) == (Outcome.UNDETERMINED, True)


@pytest.mark.parametrize("app", ["import absent_module\n", "x = 1\n"])
def test_an_application_that_does_not_load_leaves_it_open(app: str, tmp_path: Path) -> None:
    assert answer(target(tmp_path, "x = 1\n", app)).outcome is Outcome.UNDETERMINED


def test_a_discovery_that_fails_leaves_it_open() -> None:
    failed = "La découverte des modules de tâches a échoué : RuntimeError."
    facts = Facts(Level.CONFIGURATION, "configuration", failures=(failed,), settings={"a": Setting("a", 1)})
    known = TargetFacts(Target("x", Path("/nowhere")), Facts(Level.SOURCE, "source"), facts)
    (finding,) = RULE.evaluate(known)
    assert (finding.outcome, failed in finding.missing) == (Outcome.UNDETERMINED, True)


def test_a_broken_task_module_refuses_availability_and_restart(tmp_path: Path) -> None:
    probes = Probes(source.collect, configuration.collect)
    done = Examination(target(tmp_path, "def broken(:\n"), STRICT, Level.CONFIGURATION, probes)
    refused = {r for r, verdict in done.verdicts().items() if verdict.status is Status.NON_COMPLIANT}
    assert {"8.4", "8.5"} <= refused
    assert RULE.id in {i for _, i in done.tests()}
