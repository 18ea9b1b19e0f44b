"""Debian's RabbitMQ on free ports, with its own directory and its own epmd, as its own user."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from celery import Celery
from kombu.exceptions import OperationalError

from system.sandbox.processes import GuardedProcess, free_port
from system.sandbox.server import Server
from system.sandbox.servers import scratch_directory

PROGRAM = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
USER = "rabbitmq"


class RabbitServer(Server):
    """RabbitMQ, its messages kept over a restart."""

    name = "rabbitmq"

    def __init__(self, directory: Path) -> None:
        super().__init__(directory, durable=True)
        self._ports = {"RABBITMQ_DIST_PORT": free_port(), "ERL_EPMD_PORT": free_port()}

    @property
    def url(self) -> str:
        return f"amqp://guest:guest@127.0.0.1:{self.port}//"

    @property
    def _user(self) -> str | None:
        return USER if os.geteuid() == 0 else None

    def _spawn(self) -> GuardedProcess:
        data = self.directory / "rabbitmq"
        data.mkdir(mode=0o700, exist_ok=True)
        if self._user:
            shutil.chown(data, self._user)
            # Mnesia asks access(2), which knows nothing of the capabilities the guardian leaves.
            self.directory.chmod(0o711)
        env = {
            "PATH": os.environ.get("PATH", os.defpath),
            "LANG": "C.UTF-8",
            # Where the cookie is.
            "HOME": str(data),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": f"rabbit-{self.port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_MNESIA_BASE": str(data / "mnesia"),
            "RABBITMQ_LOG_BASE": str(data / "log"),
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_CONFIG_FILE": str(data / "none"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(data / "enabled_plugins"),
            # The script then becomes the server instead of waiting for it.
            "RUNNING_UNDER_SYSTEMD": "true",
            **{name: str(port) for name, port in self._ports.items()},
        }
        return GuardedProcess(self.name, [str(PROGRAM)], log=self.log, env=env, user=self._user, cwd=Path("/"))

    def _answers(self) -> bool:
        try:
            with Celery(broker=self.url, set_as_current=False).connection_for_write(connect_timeout=2) as connection:
                connection.connect()
        except (OperationalError, OSError):
            return False
        return True


@contextmanager
def rabbitmq_server() -> Iterator[RabbitServer]:
    """A RabbitMQ of our own, whose data are thrown away."""
    with scratch_directory(None) as directory:
        server = RabbitServer(directory)
        server.start()
        try:
            yield server
        finally:
            server.stop()
