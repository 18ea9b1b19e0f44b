"""Rules of Celery have no member in a project that does not use it, and say what may still bring it into another."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from audit.command.run_setup import prepare
from audit.model.findings import Finding, Outcome
from audit.model.word_tables import word_list
from tests.rules.example_projects import write

APP = "from flask import Flask\n\napp = Flask('shop')\n"
OF_CELERY = word_list("""
    late-acknowledgement campaign-sender-no-user beat-started no-process-state no-purge not-root broker-keeps-queues
    celery-release tasks-included http-timeouts
""")


def answer(root: Path, files: Mapping[str, str], rule: str) -> Finding:
    write(root, {"requirements.txt": "flask==3.1\n", "app.py": APP, **files})
    return prepare(root, "strict", "source").findings(rule)[0]


@pytest.mark.parametrize("rule", OF_CELERY)
def test_without_celery_its_rules_have_no_member(rule: str, tmp_path: Path) -> None:
    finding = answer(tmp_path, {"compose.yaml": "services:\n  redis:\n    image: redis:7\n"}, rule)
    assert finding.outcome is Outcome.NOT_APPLICABLE
    assert "aucun fichier n'importe Celery, et aucune dépendance ne le nomme" in finding.sentence


@pytest.mark.parametrize(
    "files",
    [
        {"app.py": f"# celery was here: @celery.task\n{APP}"},
        {"app.py": f'"""No more Celery."""\n{APP}\ndef tell():\n    """Was a task of celery."""\n'},
        {"requirements.txt": "flask==3.1\n# celery==4.4  removed\n", "CHANGELOG.md": "Replace Celery with Dramatiq\n"},
        {"jobs.py": "import dramatiq\n\n@dramatiq.actor\ndef send(n): ...\n\ndef late():\n    send.delay(1)\n"},
        {"tasks.py": "from invoke import task\n\n@task\ndef lint(c): ...\n"},
        {"old.py": "print 'python 2'\n"},
        {"PKG-INFO": "Name: shop\nRequires-Dist: flask\n\n# Shop\nIt had Celery once.\n"},
    ],
)
def test_words_that_nothing_runs_do_not_name_celery(files: Mapping[str, str], tmp_path: Path) -> None:
    assert answer(tmp_path, files, "no-purge").outcome is Outcome.NOT_APPLICABLE


@pytest.mark.parametrize(
    "files",
    [
        {"jobs.py": "import importlib\n\nmade = importlib.import_module('celery').Celery('shop')\n"},
        {"settings.py": "CELERY_BROKER_URL = 'redis://redis/0'\n"},
        {"uv.lock": '[[package]]\nname = "celery"\nversion = "5.5.0"\n'},
        {"jobs.py": "from django_celery_beat.models import PeriodicTask\n"},
        {"Procfile": "worker: celery -A acme.app worker\n"},
        {"deploy/worker.yaml": "services:\n  worker:\n    image: acme\n    command: celery -A acme worker\n"},
        {"buildout.cfg.in": "[app]\neggs =\n  flask\n  celery\n"},
    ],
)
def test_what_imports_starts_or_configures_celery_names_it(files: Mapping[str, str], tmp_path: Path) -> None:
    finding = answer(tmp_path, files, "late-acknowledgement")
    assert finding.outcome is not Outcome.NOT_APPLICABLE
    assert "n'importe Celery" not in finding.sentence + finding.missing


@pytest.mark.parametrize(
    ("files", "named"),
    [
        ({"jobs.py": "from acme.base import hub\n\n@hub.task\ndef send(n): ...\n"}, "`hub.task`, `jobs.py:3`"),
        ({"jobs.py": "from acme.base import AcmeTask\n\nclass Send(AcmeTask): ...\n"}, "`AcmeTask`, `jobs.py:3`"),
        ({"jobs.py": "from acme import send\n\ndef late():\n    send.delay(1)\n"}, "`send.delay`, `jobs.py:4`"),
        ({"jobs.py": "from superset.app import create_app\n"}, "`superset`, que `jobs.py` importe"),
        ({"shop/__init__.py": "", "shop/web.py": "from shop.jobs import send\n"}, "`shop.jobs`, importé par"),
        ({"jobs.py": "from celery import (\n"}, "`jobs.py` n'a pas été lu"),
    ],
)
def test_what_may_bring_celery_is_named(files: Mapping[str, str], named: str, tmp_path: Path) -> None:
    finding = answer(tmp_path, files, "broker-keeps-queues")
    assert finding.outcome is Outcome.UNDETERMINED
    assert named in finding.missing


def test_what_is_asked_of_any_program_is_still_judged(tmp_path: Path) -> None:
    files = {"client.py": "import requests\n\nrequests.get('https://shop.example', verify=False, timeout=3)\n"}
    assert answer(tmp_path, files, "http-verified").outcome is Outcome.DEFECT
