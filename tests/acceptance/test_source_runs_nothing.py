"""At level source, not one line of the target runs, even from inside its directory and against traps laid for the tool."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from audit.model.word_tables import word_list

MODULES = word_list("""
    jinja2 typing_extensions markdown_it typer rich pytest yaml babel jsonschema_rs conftest sitecustomize usercustomize
    setup noxfile celeryconfig app.__init__ app.celery_app app.web app.tasks tests.conftest tests.__init__
""")
APPLICATION = """
from celery import Celery
celery_app = Celery("x")
celery_app.conf.update(task_acks_late=True, task_reject_on_worker_lost=True)

@celery_app.task(bind=True)
def send(self, message_id: int):
    return db.get(message_id)
"""
TARGET = """
[target]
name = "piège"
celery_app = "app.celery_app:celery_app"
asgi_app = "app.web:app"
process_files = ["start.sh"]
driver = "app.driver:Driver"
python = "./python"
[roles]
sender = "app.celery_app:send"
"""


@pytest.fixture
def marks(tmp_path: Path) -> Path:
    folder = tmp_path / "marks"
    folder.mkdir()
    return folder


@pytest.fixture
def trapped(tmp_path: Path, marks: Path) -> Path:
    """A target in which whatever is imported, run or loaded leaves a mark."""
    root = tmp_path / "target"
    for name in MODULES:
        path = root / f"{name.replace('.', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        body = APPLICATION if name == "app.celery_app" else ""
        path.write_text(f"import pathlib\npathlib.Path({str(marks / name)!r}).touch()\n{body}", encoding="utf-8")
    (root / "evil_plugin.py").write_text((root / "conftest.py").read_text(encoding="utf-8"), encoding="utf-8")
    for name in ("pytest.ini", ".pytest.ini", "tox.ini"):
        (root / name).write_text("[pytest]\naddopts = -p evil_plugin -p conftest --no-such-option\npythonpath = .\n")
    (root / "pyproject.toml").write_text('[tool.pytest.ini_options]\naddopts = "-p evil_plugin"\n')
    (root / "setup.cfg").write_text("[tool:pytest]\naddopts = -p evil_plugin\n")
    (root / "evil.pth").write_text(f"import pathlib; pathlib.Path({str(marks / 'pth')!r}).touch()\n")
    for name in ("start.sh", "python"):
        (root / name).write_text(f"#!/bin/sh\ntouch '{marks}/{name}'\ncelery -A app.celery_app worker\n")
        (root / name).chmod(0o755)
    (root / "audit.toml").write_text(TARGET, encoding="utf-8")
    return root


def files(root: Path) -> dict[str, bytes]:
    return {str(p.relative_to(root)): p.read_bytes() for p in sorted(root.rglob("*")) if p.is_file()}


def audit(command: list[str], root: Path, out: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    arguments = [*command, "run", ".", "--level", "source", "--out", str(out)]
    environ = {**os.environ, **environment}
    return subprocess.run(arguments, cwd=root, env=environ, capture_output=True, text=True, timeout=60, check=False)


SCRIPT = [str(Path(sys.executable).with_name("audit"))]
MODULE = [sys.executable, "-m", "audit"]
SAFE = [sys.executable, "-P", "-m", "audit"]


@pytest.mark.parametrize("command", [SCRIPT, MODULE, SAFE], ids=["audit", "python -m audit", "python -P -m audit"])
def test_nothing_of_the_target_runs(command: list[str], trapped: Path, marks: Path, tmp_path: Path) -> None:
    before, out = files(trapped), tmp_path / "reports"
    result = audit(command, trapped, out)
    assert result.returncode == 1, result.stdout + result.stderr
    assert not list(marks.iterdir())
    assert files(trapped) == before
    (report,) = out.glob("*.md")
    assert "piège" in report.read_text(encoding="utf-8")
    assert "`task_acks_late=True`" in report.read_text(encoding="utf-8"), "the target was read"


def test_neither_through_pytest_s_variables(trapped: Path, marks: Path, tmp_path: Path) -> None:
    variables = {"PYTEST_PLUGINS": "evil_plugin", "PYTEST_ADDOPTS": "-p evil_plugin", "PYTHONPATH": str(tmp_path)}
    (tmp_path / "evil_plugin.py").write_text((trapped / "evil_plugin.py").read_text(encoding="utf-8"))
    result = audit(SCRIPT, trapped, tmp_path / "reports", **variables)
    assert result.returncode == 1, result.stdout + result.stderr
    assert not list(marks.iterdir())


@pytest.mark.parametrize("name", ["jinja2", "conftest", "app.celery_app"])
def test_the_traps_work(name: str, trapped: Path, marks: Path) -> None:
    """The twin: what the audit does not do would be seen."""
    subprocess.run([sys.executable, "-c", f"import {name}"], cwd=trapped, check=False, capture_output=True)
    assert (marks / name).exists()
