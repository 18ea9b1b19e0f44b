"""The reference stack in one process, on embedded servers: its web application and one solo worker as threads, the double beside."""

import contextlib
import logging
import os
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest
import uvicorn
from celery.contrib.testing.worker import start_worker

from checks.full_driver import FullDriver
from checks.webhook_sender import SECRET
from system import logs as stack_logs
from system.config import get_settings
from system.db.database import get_db
from system.main import create_app
from system.sandbox.gateway_control import GatewayControl
from system.sandbox.processes import GuardedProcess, free_port, wait_until
from system.sandbox.stack import RunningStack
from system.services.campaigns import create_campaign, launch_campaign
from system.tasks.celery_app import celery_app
from system.tasks.publishing import publish
from tests.acceptance.reference_copy import REPOSITORY
from tests.unit.system.administration import TOKEN_SECRET
from tests.unit.system.environment import stack_environment

QUEUES = ("default", "messages", "messages_high", "retry", "verification")


@dataclass
class LightStack:
    """As much of a running stack as the driver of families 4 to 9 asks for."""

    database_url: str
    redis_url: str
    gateway: GatewayControl
    web_url: str
    env: dict[str, str]
    logs: Path

    @property
    def programs(self) -> "LightStack":
        return self

    def child_pids(self, program: str) -> list[int]:
        """The one thread of the solo pool sends."""
        return [os.getpid()]

    def works(self, program: str) -> bool:
        return True

    def launch_campaign(self, name: str, body: str, phones: Sequence[str]) -> int:
        campaign_id = create_campaign(get_db(), name, body, phones)
        publish(launch_campaign(get_db(), campaign_id))
        return campaign_id


@contextlib.contextmanager
def light_driver(
    monkeypatch: pytest.MonkeyPatch, database_url: str, redis_url: str, folder: Path
) -> Iterator[FullDriver]:
    """A driver whose stack works while the block lasts."""
    port, web_port = free_port(), free_port()
    command = [sys.executable, "-m", "system.sandbox.gateway", "--port", str(port), "--ledger", str(folder / "ledger")]
    with contextlib.ExitStack() as parts:
        parts.enter_context(stack_environment(monkeypatch, database_url, redis_url))
        for name, value in {
            "WASSENGER_BASE_URL": f"http://127.0.0.1:{port}/v1",
            "WASSENGER_WEBHOOK_SECRET": SECRET,
            "WASSENGER_WEBHOOK_PROOF": "signature",
            "ADMIN_TOKEN_SECRET": TOKEN_SECRET,
        }.items():
            monkeypatch.setenv(name, value)
        get_settings.cache_clear()
        process = parts.enter_context(GuardedProcess("gateway", command, log=folder / "gateway.txt", cwd=REPOSITORY))
        gateway = parts.enter_context(GatewayControl(f"http://127.0.0.1:{port}"))
        process.wait_ready(lambda: process.listens_on(port))
        parts.enter_context(_told(folder))
        parts.enter_context(_web(web_port))
        worker = start_worker(celery_app, pool="solo", perform_ping_check=False, queues=QUEUES, loglevel="INFO")
        parts.enter_context(worker)
        paused = parts.enter_context(_sweeping())
        light = LightStack(database_url, redis_url, gateway, f"http://127.0.0.1:{web_port}", {**os.environ}, folder)
        driver = FullDriver(REPOSITORY, lambda: contextlib.nullcontext(cast("RunningStack", light)))
        driver.start()
        driver.without_periodic_tasks = lambda: _pausing(paused)
        yield driver
        driver.stop()


@contextlib.contextmanager
def _told(folder: Path) -> Iterator[None]:
    """The stack's records in a file of `folder`; Celery's own setting up of logs is undone."""
    root, system = logging.getLogger(), logging.getLogger("system")
    kept, levels = [*root.handlers], (root.level, system.level)
    settings = get_settings()
    handler = logging.FileHandler(folder / "stack.log")
    handler.setFormatter(stack_logs.formatter(stack_logs.secrets_of(settings), terminal=False))
    system.addHandler(handler)
    system.setLevel(logging.INFO)
    try:
        yield
    finally:
        system.removeHandler(handler)
        handler.close()
        root.handlers[:] = kept
        root.setLevel(levels[0])
        system.setLevel(levels[1])


@contextlib.contextmanager
def _web(port: int) -> Iterator[None]:
    server = uvicorn.Server(uvicorn.Config(create_app(), port=port, log_config=None, timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    wait_until(lambda: server.started, seconds=30, what="the web application")
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(10)


@contextlib.contextmanager
def _pausing(paused: threading.Event) -> Iterator[None]:
    paused.set()
    try:
        yield
    finally:
        paused.clear()


@contextlib.contextmanager
def _sweeping() -> Iterator[threading.Event]:
    """Tasks every 2 s until the block ends, except while the event is set."""
    over, paused = threading.Event(), threading.Event()

    def sweep() -> None:
        while not over.wait(2.0):
            if paused.is_set():
                continue
            for task in ("sweep_expired_leases", "close_overdue_campaigns"):
                celery_app.send_task(f"system.tasks.periodic_tasks.{task}", queue="default")

    thread = threading.Thread(target=sweep, daemon=True)
    thread.start()
    try:
        yield paused
    finally:
        over.set()
        thread.join(5)
