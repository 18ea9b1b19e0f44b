"""Shipped scripts, played with stubs: what they keep, what they lose, and what a real shell makes of them."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from audit.experiments.canary.entry_files import private_text, write_entry
from audit.experiments.canary.entry_process import below
from audit.experiments.waiting import wait_until

WORKER = "/bin/echo the worker"
ENTRY = """#!/bin/bash
set -euo pipefail
. /venv/bin/activate
until nc -z redis 6379; do sleep 1; done
cd /app
/app/manage.py migrate --noinput > /var/log/migrations.log
exec "$@"
"""


def _run(tmp_path: Path, words: list[str], scripts: dict[str, str]) -> str:
    own = write_entry(tmp_path / "entry", words, scripts, WORKER)
    environ = {"PATH": str(tmp_path / "entry" / "bin")}
    done = subprocess.run(own, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False, timeout=20)
    return done.stdout + done.stderr


@pytest.mark.parametrize(
    "line",
    [
        "celery -A shop worker",
        "exec gosu app /venv/bin/celery --app=shop worker --concurrency=2",
        'VENV=/venv/bin\nexec "$VENV/celery" -A shop worker',
        "exec ${VENV:-/venv}/bin/python -m celery -A shop worker",
        "poetry run celery -A shop worker",
        'bash -c "celery -A shop worker"',
        'if [ -z "${ROLE:-}" ]; then celery -A shop beat & celery -A shop worker; fi',
    ],
)
def test_each_way_of_starting_the_worker_starts_the_canary_s(line: str, tmp_path: Path) -> None:
    assert _run(tmp_path, ["/srv/start.sh"], {"start.sh": f"#!/bin/sh\nset -e\n{line}\n"}) == "the worker\n"


def test_scripts_that_start_one_another_are_found_where_they_were_copied(tmp_path: Path) -> None:
    scripts = {"docker/entrypoint.sh": ENTRY, "docker/start.sh": "#!/bin/sh\nexec celery -A shop worker\n"}
    assert _run(tmp_path, ["/entrypoint.sh", "/usr/local/bin/start.sh"], scripts) == "the worker\n"


def test_nothing_but_the_worker_is_executed_nor_written_elsewhere(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.touch()
    text = (
        f"#!/bin/sh\nrm -rf {victim}\necho lost > {tmp_path}/elsewhere/{victim.name}.log\ncelery -A shop inspect ping\n"
    )
    assert _run(tmp_path, ["./start.sh"], {"start.sh": text}) == ""
    assert victim.exists()
    assert (tmp_path / "victim.log").exists()


def test_a_wrapper_of_which_nothing_is_known_starts_nothing_and_is_named(tmp_path: Path) -> None:
    assert _run(tmp_path, ["./start.sh"], {"start.sh": "#!/bin/sh\nwatchdog -- celery -A shop worker\n"}) == ""
    assert (tmp_path / "entry" / "unknown").read_text(encoding="utf-8") == "watchdog\n"


@pytest.mark.parametrize(
    "text", ["redis://redis:6379/0", "> /dev/stdout", 'exec "$@"', "FOO=/app/bin", "kill -TERM $PID"]
)
def test_what_is_no_place_of_a_program_is_kept(text: str) -> None:
    assert private_text(text, {}) == text


def test_the_descendants_of_a_process_are_found() -> None:
    with subprocess.Popen(["/bin/sh", "-c", "sleep 30 & sleep 30; wait"]) as shell:
        assert wait_until(lambda: len(below(shell.pid)) == 2, 10.0)
        for pid in [*below(shell.pid), shell.pid]:
            os.kill(pid, signal.SIGKILL)
