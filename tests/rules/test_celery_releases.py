"""The table of what each release of Celery declares, and what rules make of it."""

from pathlib import Path

import celery
import pytest
from celery.app.defaults import NAMESPACES, flatten

from audit.model.findings import Outcome
from audit.model.observations.deployment_statements import PinnedCelery
from audit.reading.deployment.deployment_facts import read_deployment
from audit.reading.source_files import walk
from audit.rules.celery_releases import declared_settings, is_boolean, release
from tests.celery_defaults import table
from tests.rules.example_projects import write
from tests.rules.setting_projects import APP, asked


def test_the_table_says_what_the_celery_installed_here_declares() -> None:
    here = release(celery.__version__)
    assert here.told
    assert {name: repr(option.default) for name, option in flatten(NAMESPACES)} == {
        name: here.default_text(name) for name in declared_settings() if here.declares(name)
    }


@pytest.mark.parametrize(
    ("version", "line", "told"),
    [
        ("5.3.6", "5.3", True),
        ("5.6.*", "5.6", True),
        ("9.1", "5.7", True),
        ("4.2", "4.4", True),
        ("5.*", "5.7", False),
        ("4.*", "4.4", True),
    ],
)
def test_a_version_has_the_table_of_its_line(version: str, line: str, told: bool) -> None:
    assert (release(version).name, release(version).told) == (line, told)


@pytest.mark.parametrize(("version", "asked"), [("4.3.0", "4.3"), ("5.6.*", "5.6"), ("5.*", "")])
def test_the_line_that_the_target_names_is_kept(version: str, asked: str) -> None:
    assert release(version).asked == asked


def test_a_setting_is_declared_from_a_release_to_another() -> None:
    assert [release(v).declares("riak_backend_settings") for v in ("4.4.7", "5.0.0")] == [True, False]
    assert [release(v).declares("worker_soft_shutdown_timeout") for v in ("5.4.0", "5.5.0")] == [False, True]
    assert [release(v).default("worker_concurrency") for v in ("5.1.2", "5.2.0")] == [0, None]
    assert is_boolean("task_reject_on_worker_lost")
    assert not is_boolean("visibility_timeout")


def test_only_changes_are_written() -> None:
    found = table({"1.0.2": {"a": ["bool", ["False", False]]}, "1.1.0": {"a": ["bool", ["False", False]]}, "1.2.0": {}})
    assert found["settings"]["a"] == {"type": "bool", "defaults": {"1.0": ["False", False], "1.2": None}}


@pytest.mark.parametrize(
    ("pinned", "setting", "outcome", "words"),
    [
        ("celery==5.3.6", "worker_soft_shutdown_timeout = 9.0", Outcome.DEFECT, "Celery 5.3 ne lit pas encore"),
        ("celery==5.6.3", "worker_soft_shutdown_timeout = 9.0", Outcome.ESTABLISHED, "noms de Celery 5.6"),
        ("celery >= 5, < 5.4", "worker_soft_shutdown_timeout = 9.0", Outcome.DEFECT, "Celery 5.3 ne lit pas encore"),
        ("celery[redis]>=4.3.0,<5.0.0", "worker_soft_shutdown_timeout = 9.0", Outcome.DEFECT, "Celery 4.4 ne lit pas"),
        ("celery ~= 4.4", "worker_soft_shutdown_timeout = 9.0", Outcome.DEFECT, "Celery 4.4 ne lit pas"),
        ("celery>=4.3,<6", "worker_soft_shutdown_timeout = 9.0", Outcome.ESTABLISHED, "faute de version"),
        ("celery-redbeat<2.1", "worker_soft_shutdown_timeout = 9.0", Outcome.ESTABLISHED, "faute de version"),
        ("celery>=5", "worker_soft_shutdown_timeout = 9.0", Outcome.ESTABLISHED, "faute de version"),
        ("celery==5.6.3", "task_queue_ha_policy = 'all'", Outcome.DEFECT, "ne lit plus"),
        ("celery==5.3.6", "beat_dburi = 'sqlite://'", Outcome.ESTABLISHED, "noms de Celery 5.3"),
        ("celery==5.3.6", "task_ack_late = True", Outcome.DEFECT, "au lieu de `task_acks_late`"),
    ],
)
def test_a_name_is_judged_against_the_release_of_the_target(
    pinned: str, setting: str, outcome: Outcome, words: str, tmp_path: Path
) -> None:
    files = {"app.py": APP.format(f"app.conf.{setting}"), "requirements.txt": f"{pinned}\n"}
    found = asked(tmp_path, "known-settings", files)
    assert found.outcome is outcome, (found.sentence, found.missing)
    assert words in found.sentence.replace("\u00a0", " ")


@pytest.mark.parametrize(("asked_for", "outcome"), [("<5.1", Outcome.NOT_APPLICABLE), ("<5.5", Outcome.DEFECT)])
def test_a_setting_that_the_release_does_not_have_is_not_asked_for(
    asked_for: str, outcome: Outcome, tmp_path: Path
) -> None:
    files = {"app.py": APP.format(""), "setup.py": f'setup(install_requires=["celery >= 5, {asked_for}"])\n'}
    assert asked(tmp_path, "startup-retry", files).outcome is outcome


@pytest.mark.parametrize(
    ("path", "text", "told"),
    [
        ("pyproject.toml", '[tool.poetry.dependencies]\ncelery = "^4.3.0"\n', "4.*"),
        (
            "pyproject.toml",
            '[tool.poetry.dependencies]\ncelery = { version = "~5.2.1", extras = ["redis"] }\n',
            "5.2.*",
        ),
        ("pyproject.toml", '[tool.poetry.dependencies.celery]\nextras = ["redis"]\nversion = "^4.4"\n', "4.*"),
        ("setup.py", "needed = ['celery[redis]>=4.3.0,<5.0.0']\nsetup(install_requires=needed)\n", "4.*"),
        ("PKG-INFO", "Requires-Dist: celery[redis] (<5.0.0,>=4.3.0)\n\ncelery==5.6.3\n", "4.*"),
        ("Pipfile", '[packages]\ncelery = "==4.4.7"\n', "4.4.7"),
        ("Pipfile.lock", '"celery": {\n "hashes": ["a"],\n "version": "==5.3.6"\n }', "5.3.6"),
        ("setup.cfg", "install_requires =\n    celery>3,<=5.2.7\n", "5.2.*"),
        ("requirements.txt", "celery<5.2.1\n", "5.2.*"),
        ("pyproject.toml", '[tool.poetry.dependencies]\ncelery = "*"\ncelery-types = "^0.2"\n', ""),
        ("requirements.txt", "celery>=4\n", ""),
    ],
)
def test_the_newest_release_that_a_file_lets_in_is_read(tmp_path: Path, path: str, text: str, told: str) -> None:
    write(tmp_path, {path: text})
    found = read_deployment(walk(tmp_path, ()), ())
    assert [o.version for o in found if isinstance(o, PinnedCelery)] == ([told] if told else [])
