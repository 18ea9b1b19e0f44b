"""The reference stack's own worker on nodes of pytest-celery that are processes: five scenarios, and their observation file."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.reference_copy import Edit, copy_reference

pytestmark = pytest.mark.integration
CONFTEST = """
import pytest

pytest_plugins = ["audit.experiments.cluster.process_nodes"]


@pytest.fixture
def celery_canary_app():
    return "system.tasks.celery_app"


@pytest.fixture
def celery_canary_options():
    # As `system/deploy/supervisord.conf`, on fewer children.
    return ["--without-mingle", "--without-gossip", "--concurrency=2"]
"""
TEST = """
def test_the_worker(celery_canary):
    celery_canary.play()
    celery_canary.write("reports/canary.json")
"""
# Never reached: the canary's queue is the only one that is consumed.
NOWHERE = {
    "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
    "REDIS_URL": "redis://127.0.0.1:1/0",
    "WASSENGER_API_KEY": "sandbox",
    "WASSENGER_DEVICE": "0" * 24,
}
EARLY = Edit("system/tasks/celery_config.py", "task_acks_late = True", "task_acks_late = False")
FIVE = ["canary-ordinary", "canary-child-killed", "canary-sigterm", "canary-broker-restarted", "canary-main-killed"]


def observed(folder: Path, *edits: Edit) -> dict[str, dict[str, Any]]:
    """What the fixture saw of a copy of the reference stack, by scenario."""
    root = copy_reference(folder, *edits)
    (root / "conftest.py").write_text(CONFTEST, encoding="utf-8")
    (root / "test_worker.py").write_text(TEST, encoding="utf-8")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PYTEST", "COV"))}
    command = [sys.executable, "-m", "pytest", "-q", "-c", os.devnull, "--rootdir", ".", "-p", "no:cacheprovider"]
    done = subprocess.run(
        command, cwd=root, env={**kept, **NOWHERE}, capture_output=True, text=True, check=False, timeout=280
    )
    assert done.returncode == 0, done.stdout + done.stderr
    document = json.loads((root / "reports" / "canary.json").read_text(encoding="utf-8"))
    assert "system.tasks.celery_app:celery_app" in document["applications"]
    return {seen["scenario"]: seen for seen in document["observations"]}


def test_the_reference_worker_loses_nothing_on_nodes_of_pytest_celery(tmp_path: Path) -> None:
    seen = observed(tmp_path)
    assert list(seen) == FIVE
    assert {name: (s["not_played"], s["lost"], s["unsettled"]) for name, s in seen.items()} == dict.fromkeys(
        FIVE, ("", [], [])
    )
    assert seen["canary-ordinary"]["sent"] == seen["canary-ordinary"]["executed"] == 12


def test_a_copy_that_acknowledges_early_loses_what_ran(tmp_path: Path) -> None:
    seen = observed(tmp_path, EARLY)
    assert len(seen["canary-child-killed"]["lost"]) == 1
    assert len(seen["canary-main-killed"]["lost"]) == 2
