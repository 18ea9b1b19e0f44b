import subprocess
import sys

import pytest

from system.tasks import celery_config, periodic_tasks
from tests.unit.system.environment import stack_environment

MODULES = "system.tasks.celery_app, system.tasks.message_tasks, system.tasks.periodic_tasks, system.main"


def test_importing_needs_no_environment() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", f"import {MODULES}"], env={}, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_every_beat_entry_names_a_task_and_expires_before_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    with stack_environment(monkeypatch, "postgresql://nobody@127.0.0.1:9/none", "redis://127.0.0.1:9/0"):
        for name, entry in celery_config.beat_schedule.items():
            assert getattr(periodic_tasks, name).name == entry["task"]
            schedule, options = entry["schedule"], entry["options"]
            assert isinstance(options, dict)
            assert options["expires"] < (schedule if isinstance(schedule, float) else 86400)
