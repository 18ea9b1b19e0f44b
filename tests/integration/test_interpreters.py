"""The configuration probe under each interpreter of this machine, from 3.9 to 3.14: what is not installed is skipped, by name."""

import re
import shutil
import subprocess
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest

from audit.importing.configuration_probe import collect
from audit.target.target_file import Target

pytestmark = pytest.mark.integration

MINORS = range(9, 15)
WORK = """\
from datetime import timedelta
from celery import Celery
app = Celery("small", broker="redis://broker.example:6379/0")
app.conf.update(task_acks_late=True, beat_schedule={"a": {"task": "work.send", "schedule": timedelta(minutes=2)}})
@app.task(bind=True, max_retries=4, name="work.send")
def send(self, number: int, kind: str = "x"):
    raise self.retry(countdown=60)
"""


def found(minor: int) -> str:
    """An interpreter of this release that starts; empty when there is none."""
    homes = sorted(Path.home().glob(f".pyenv/versions/3.{minor}.*/bin/python"))
    homes += sorted(Path.home().glob(f".local/share/uv/python/cpython-3.{minor}.*/bin/python3"))
    for path in (shutil.which(f"python3.{minor}"), *homes):
        if path and _starts(str(path), minor):
            return str(path)
    return ""


def _starts(path: str, minor: int) -> bool:
    told = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)
    return told.returncode == 0 and told.stdout.startswith(f"Python 3.{minor}.")


def required(name: str, seen: set[str]) -> set[str]:
    """A distribution of this environment and all that it asks for here, extras aside."""
    with suppress(PackageNotFoundError):
        asked = distribution(name).requires or []
        seen.add(name)
        for line in asked:
            other = re.split(r"[^\w.-]", line, maxsplit=1)[0].lower()
            if "extra ==" not in line and other not in seen:
                required(other, seen)
    return seen


def celery(python: str, minor: int, folder: Path) -> None:
    """Celery for this interpreter: what is installed here, which is Python alone, else what its own pip finds."""
    names = required("celery", set())
    lowest = [re.search(r">=\s*3\.(\d+)", distribution(name).metadata["Requires-Python"] or "") for name in names]
    if any(match and int(match.group(1)) > minor for match in lowest):
        command = [python, "-m", "pip", "install", "--quiet", "--target", str(folder), "celery"]
        if subprocess.run(command, capture_output=True, check=False, timeout=300).returncode:
            pytest.skip(f"no Celery for Python 3.{minor} to be had from here")
        return
    folder.mkdir()
    for name in names:
        tops = {file.parts[0] for file in distribution(name).files or ()} - {"..", "__pycache__"}
        for top in tops:
            (folder / top).symlink_to(Path(str(distribution(name).locate_file(top))))


@pytest.mark.parametrize("minor", MINORS)
def test_it_learns_the_same_of_a_target(minor: int, tmp_path: Path) -> None:
    python = found(minor)
    if not python:
        pytest.skip(f"no Python 3.{minor} on this machine")
    root, packages = tmp_path / "target", tmp_path / "packages"
    celery(python, minor, packages)
    root.mkdir()
    (root / "work.py").write_text(WORK, encoding="utf-8")
    environment = (f"PYTHONPATH={packages}", "PYTHONDONTWRITEBYTECODE=1")
    target = Target("small", root, celery_app="work:app", python=python, environment=environment)
    facts = collect(target, deadline_seconds=120)
    assert (facts.failure, facts.failures) == ("", ())
    assert facts.settings["task_acks_late"].value is True
    (task,) = [task for task in facts.tasks if task.name == "work.send"]
    assert (task.symbol, task.options["max_retries"]) == ("work:send", 4)
    assert [(entry.task, entry.seconds) for entry in facts.beat] == [("work.send", 120.0)]
    assert [p.name for p in facts.functions["work:send"].parameters] == ["self", "number", "kind"]
    assert facts.versions["python"].startswith(f"3.{minor}.")
