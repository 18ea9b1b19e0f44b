"""A worker that starts before its broker waits for it; with the setting turned off, it gives up."""

import sys
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from system.sandbox.processes import GuardedProcess, wait_until
from system.sandbox.stack import DEVICE
from system.sandbox.valkey import RedisServer
from tests.acceptance.reference_copy import Edit, copy_reference

pytestmark = pytest.mark.real
IMPATIENT = Edit(
    "system/tasks/celery_config.py",
    "broker_connection_retry_on_startup = True\n",
    "broker_connection_retry_on_startup = False\nbroker_connection_retry = False\n",
)


def worker(root: Path, redis_url: str, log: Path) -> AbstractContextManager[GuardedProcess]:
    command = [
        sys.executable,
        "-m",
        "celery",
        "-A",
        "system.tasks.celery_app",
        "worker",
        "--concurrency=1",
        "-l",
        "info",
    ]
    env = {
        "PYTHONPATH": str(root),
        # The database is never reached: the worker has nothing to execute.
        "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
        "REDIS_URL": redis_url,
        "WASSENGER_API_KEY": "sandbox",
        "WASSENGER_DEVICE": DEVICE,
    }
    return GuardedProcess("worker", command, log=log, env=env, cwd=root, grace=1.0)


def test_the_worker_waits_for_its_broker(tmp_path: Path) -> None:
    broker, log = RedisServer(tmp_path, durable=False), tmp_path / "worker.log"
    with worker(copy_reference(tmp_path), broker.url, log) as process:
        process.wait_ready(lambda: "Trying again in" in log.read_text(errors="replace"), seconds=60)
        broker.start()
        try:
            process.wait_ready(lambda: " ready." in log.read_text(errors="replace"), seconds=60)
        finally:
            process.stop()
            broker.stop()


def test_the_setting_turned_off_ends_it(tmp_path: Path) -> None:
    broker, log = RedisServer(tmp_path, durable=False), tmp_path / "worker.log"
    with worker(copy_reference(tmp_path, IMPATIENT), broker.url, log) as process:
        wait_until(lambda: not process.running, seconds=60, what="the worker gives up")
    assert " ready." not in log.read_text(errors="replace")
