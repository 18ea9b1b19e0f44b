"""Seconds of processor that processes take. Unlike those of the clock, they depend little on what else the machine does."""

from contextlib import suppress
from urllib.parse import urlsplit

import psutil

from system.sandbox.processes import SandboxError
from system.sandbox.stack import RunningStack


def used(*pids: int) -> float:
    """Seconds that these processes and their descendants have taken, those that ended and were waited for too."""
    seconds = 0.0
    for main in map(psutil.Process, pids):
        for process in [main, *main.children(recursive=True)]:
            with suppress(psutil.NoSuchProcess):
                times = process.cpu_times()
                seconds += times.user + times.system + times.children_user + times.children_system
    return seconds


def postgres(stack: RunningStack) -> list[int]:
    """The embedded PostgreSQL, which takes a processor of this machine; none when it is somebody else's."""
    server = stack.servers.postgres
    return [] if server is None else [server.process.pid()]


def servers(stack: RunningStack) -> list[int]:
    """The same with Redis."""
    redis = stack.servers.redis
    return postgres(stack) + ([] if redis is None else [redis.process.pid()])


def double(stack: RunningStack) -> int:
    """The process of the gateway double.

    Raises:
        SandboxError: when none of ours listens on its port.

    """
    port = urlsplit(stack.gateway.api_url).port
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            if any(c.laddr and c.laddr.port == port and c.status == "LISTEN" for c in process.net_connections("tcp")):
                return int(process.pid)
    raise SandboxError(f"nothing of ours listens on {port}")


def each(seconds: float, number: int) -> float:
    """Milliseconds for one of so many."""
    return 1000 * seconds / number
