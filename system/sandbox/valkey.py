"""An embedded Redis-protocol server."""

from pathlib import Path

import redis

from system.sandbox.binaries import redis_binary
from system.sandbox.processes import GuardedProcess
from system.sandbox.server import Server


class RedisServer(Server):
    """Valkey (or Redis) with its append-only file on, so that a broker restart keeps the messages."""

    name = "redis"
    # None: the embedded one.
    program: Path | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def _spawn(self) -> GuardedProcess:
        data = self.directory / "redis"
        data.mkdir(mode=0o700, exist_ok=True)
        settings = {
            "port": str(self.port),
            "bind": "127.0.0.1",
            "dir": str(data),
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "",
        }
        command = [str(self.program or redis_binary())]
        for name, value in settings.items():
            command += [f"--{name}", value]
        return GuardedProcess(self.name, command, log=self.log)

    def _answers(self) -> bool:
        client = redis.Redis(port=self.port, socket_timeout=2)
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False  # still loading its data
        finally:
            client.close()
