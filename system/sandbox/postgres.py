"""An embedded PostgreSQL."""

import os
import shutil
from pathlib import Path

import psycopg

from system.sandbox.binaries import postgres_bin
from system.sandbox.processes import GuardedProcess, SandboxError, log_tail
from system.sandbox.server import Server

SUPERUSER = "system"


class PostgresServer(Server):
    """PostgreSQL for one superuser trusted from the loopback interface; as root it runs as `nobody`, which it demands."""

    name = "postgres"
    # None: the embedded ones.
    programs: Path | None = None

    @property
    def _programs(self) -> Path:
        return self.programs or postgres_bin()

    @property
    def url(self) -> str:
        return f"postgresql://{SUPERUSER}@127.0.0.1:{self.port}/postgres"

    @property
    def _user(self) -> str | None:
        return "nobody" if os.geteuid() == 0 else None

    @property
    def _data(self) -> Path:
        return self.directory / "postgres"

    def _initialise(self) -> None:
        if (self._data / "PG_VERSION").exists():
            return
        self._data.mkdir(mode=0o700, exist_ok=True)
        if self._user:
            shutil.chown(self._data, self._user)
        options = ["--auth=trust", f"--username={SUPERUSER}", "--encoding=UTF8", "--locale=C"]
        command = [str(self._programs / "initdb"), "-D", str(self._data), *options]
        if not self.durable:
            command.append("--no-sync")
        with GuardedProcess("initdb", command, log=self.log, user=self._user) as process:
            code = process.wait(60)
        if code != 0:
            raise SandboxError(f"initdb failed with code {code}:\n{log_tail(self.log)}")

    def _spawn(self) -> GuardedProcess:
        self._initialise()
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            "max_connections": "200",
            "timezone": "UTC",
        }
        if not self.durable:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        command = [str(self._programs / "postgres"), "-D", str(self._data)]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        return GuardedProcess(self.name, command, log=self.log, user=self._user, stop_signal="INT")

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True
