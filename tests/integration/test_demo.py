"""`python -m system demo`, as somebody types it."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from system.sandbox.stack import REPOSITORY

pytestmark = pytest.mark.real


def run_demo(*options: str, **env: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "system", "demo", *options]
    environment = {**os.environ, "COLUMNS": "100", **env}
    return subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False)


def row(output: str, label: str) -> str:
    found = re.search(rf"{label}\s*│\s*(.*?)\s*│", output)
    assert found, output
    return found[1]


def test_a_hundred_contacts() -> None:
    done = run_demo()
    assert done.returncode == 0, done.stdout + done.stderr
    labels = ("contacts asked", "sends accepted", "distinct contacts", "accepted twice or more", "missing")
    assert [row(done.stdout, label) for label in labels] == ["100", "100", "100", "0", "0"]
    assert row(done.stdout, "states in the database") == "100 sent"
    assert "OK: 100 contacts, each accepted exactly once" in done.stdout


def test_a_killed_worker_loses_and_doubles_nobody_and_kept_data_serve_again(tmp_path: Path) -> None:
    for _ in range(2):
        done = run_demo("--contacts", "200", "--kill-worker", "--data-dir", str(tmp_path))
        assert done.returncode == 0, done.stdout + done.stderr
        assert re.search(r"worker process \d+ killed", done.stdout)
        assert float(row(done.stdout, "killed worker started again after").removesuffix(" s")) > 0
        assert row(done.stdout, "distinct contacts") == "200"
    assert len((tmp_path / "ledger.jsonl").read_text().splitlines()) == 400


def test_a_stack_that_cannot_start_is_code_3() -> None:
    done = run_demo(DATABASE_URL="postgresql://nobody@127.0.0.1:1/none", REDIS_URL="redis://127.0.0.1:1/0")
    assert done.returncode == 3
    assert "the demonstration could not run: DATABASE_URL: connection failed" in done.stderr
