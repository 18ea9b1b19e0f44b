"""The reference stack while it runs, and the ways to it: its database, its tasks, its own code, its logs."""

import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import psycopg
from celery import Celery

from audit.experiments.driver import DriverError
from checks.stack_log import StackLog
from system.sandbox.server import Server
from system.sandbox.stack import RunningStack, run_python
from system.sandbox.valkey import RedisServer

S = TypeVar("S", bound=Server)
Opening = Callable[[], AbstractContextManager[RunningStack]]


class Stack:
    """Runs the tree at `root` from `start` to `stop`; `opening` gives the block in which it runs."""

    def __init__(self, root: Path, opening: Opening) -> None:
        self.root = root
        self.closing = ExitStack()
        self._opening = opening
        self._running: RunningStack | None = None

    @property
    def running(self) -> RunningStack:
        """Raises DriverError when the stack is not started."""
        if self._running is None:
            msg = "la pile n'est pas démarrée"
            raise DriverError(msg)
        return self._running

    def start(self) -> None:
        """Start servers, double, web, worker and beat."""
        self._running = self.closing.enter_context(self._opening())

    def stop(self) -> None:
        """End everything that was given to `closing`."""
        self._running = None
        self.closing.close()

    def rows(self, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """What one statement returns, in a transaction of its own."""
        with psycopg.connect(self.running.database_url, autocommit=True) as connection:
            cursor = connection.execute(query.encode(), parameters or None)
            return cursor.fetchall() if cursor.description else []

    def publish(self, task: str, queue: str, calls: Iterable[Sequence[object]] = ((),)) -> None:
        """Publish this task to the broker, once for each list of arguments."""
        with Celery(broker=self.running.redis_url, set_as_current=False) as app:
            for arguments in calls:
                app.send_task(task, args=arguments, queue=queue)

    def python(self, code: str, *arguments: str) -> str:
        """What this code prints, run in the tree."""
        return run_python(self.root, self.running.env, self.running.logs, "-c", code, *arguments).strip()

    @cached_property
    def log(self) -> StackLog:
        """The logs of the programs."""
        return StackLog(self.running.logs)

    @property
    def broker(self) -> RedisServer:
        """The broker's server. Raises DriverError when somebody else runs it."""
        return owned(self.running.servers.redis, "le broker")

    @contextmanager
    def frozen_broker(self) -> Iterator[None]:
        """The broker answers nothing while the block lasts."""
        process = self.broker.process
        process.signal(signal.SIGSTOP)
        try:
            yield
        finally:
            process.signal(signal.SIGCONT)


def owned(server: S | None, name: str) -> S:
    """This server. Raises DriverError when somebody else runs it."""
    if server is None:
        msg = f"{name} n'est pas à nous : il ne peut être ni tué ni gelé"
        raise DriverError(msg)
    return server
