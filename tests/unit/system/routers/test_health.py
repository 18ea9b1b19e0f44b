"""Readiness through the application, when the servers let everybody in and say nothing."""

import asyncio
import socket
import time

import httpx
import pytest

from system.main import create_app
from system.routers.health import DEADLINE_SECONDS
from tests.unit.system.environment import stack_environment


async def ask_ready() -> tuple[httpx.Response, float]:
    transport = httpx.ASGITransport(create_app())
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        started = time.monotonic()
        answer = await client.get("/health/ready")
        return answer, time.monotonic() - started


def test_frozen_servers_are_told_within_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=16) as mute:
        port = mute.getsockname()[1]
        urls = f"postgresql://nobody@127.0.0.1:{port}/none", f"redis://127.0.0.1:{port}/0"
        with stack_environment(monkeypatch, *urls):
            answer, seconds = asyncio.run(ask_ready())
    assert (answer.status_code, answer.json()) == (503, {"database": False, "writes": False, "redis": False})
    assert seconds < DEADLINE_SECONDS + 1
