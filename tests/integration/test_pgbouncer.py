"""The whole stack behind PgBouncer in transaction mode: a connection of PostgreSQL is another program's after each transaction."""

import os
import shutil
import signal
import tempfile
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import psycopg
import pytest

from system.gateway import simulated
from system.sandbox.processes import GuardedProcess, free_port, wait_until
from system.sandbox.servers import embedded_servers
from system.sandbox.stack import RunningStack, running_stack

pytestmark = pytest.mark.real
# Fewer than the programs' own pools hold: they have to share.
SERVER_CONNECTIONS = 6
PHONES = [f"+3363998{number:04}" for number in range(60)]
SETTINGS = """
[databases]
* = host={host} port={port} user={user}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {listen}
unix_socket_dir =
auth_type = any
admin_users = {user}
pool_mode = transaction
default_pool_size = {size}
max_client_conn = 500
"""


@contextmanager
def pgbouncer(database_url: str) -> Iterator[str]:
    """Runs it in front of this database; gives its URL."""
    program = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin")
    if program is None:
        pytest.skip("pgbouncer is not installed")
    server, listen = urllib.parse.urlsplit(database_url), free_port()
    names = {"host": server.hostname, "port": server.port, "user": server.username}
    with tempfile.TemporaryDirectory(prefix="pgbouncer-") as folder:
        # It does not run as root, and whoever it runs as has to read this.
        Path(folder).chmod(0o755)
        file, log = Path(folder, "pgbouncer.ini"), Path(folder, "pgbouncer.log")
        file.write_text(SETTINGS.format(**names, listen=listen, size=SERVER_CONNECTIONS))
        user = "nobody" if os.geteuid() == 0 else None
        with GuardedProcess("pgbouncer", [program, str(file)], log=log, user=user) as process:
            process.wait_ready(lambda: process.listens_on(listen))
            yield f"postgresql://{server.username}@127.0.0.1:{listen}{server.path}"


def accepted(stack: RunningStack) -> list[str]:
    return sorted(entry.phone for entry in stack.gateway.ledger() if (entry.message or "") == "Bonjour")


def test_a_campaign_and_a_reply_through_shared_connections(tmp_path: Path) -> None:
    with (
        embedded_servers(environ={}) as servers,
        pgbouncer(servers.database_url) as url,
        running_stack(data_dir=tmp_path, environ={"DATABASE_URL": url, "REDIS_URL": servers.redis_url}) as stack,
        psycopg.connect(servers.database_url, autocommit=True) as direct,
    ):
        campaign_id = stack.launch_campaign("Salon", "Bonjour", PHONES)
        wait_until(lambda: len(accepted(stack)) >= 10, seconds=60, what="ten messages")
        os.kill(killed := stack.main_pid("worker"), signal.SIGKILL)
        stack.wait_back("worker", killed, seconds=90)
        wait_until(lambda: len(set(accepted(stack))) == len(PHONES), seconds=120, what="every message")
        sent = "SELECT count(*) FROM messages WHERE campaign_id = %s AND status = 'sent'"
        wait_until(lambda: direct.execute(sent, [campaign_id]).fetchone() == (len(PHONES),), seconds=60, what="records")
        posted = httpx.post(
            f"{stack.web_url}/webhooks/wassenger",
            content=simulated.reply(PHONES[3], "oui"),
            headers={"Content-Type": "application/json"},
            timeout=30,
            trust_env=False,
        )
        assert posted.is_success
        wait_until(lambda: len(stack.gateway.ledger()) == len(PHONES) + 1, seconds=60, what="Message 2")
        # Nobody twice, and all of it over the few connections that were shared.
        assert accepted(stack) == PHONES
        clients = sum(
            each.status == psutil.CONN_ESTABLISHED and each.raddr.port == urllib.parse.urlsplit(url).port
            for each in psutil.net_connections("tcp")
            if each.raddr
        )
        assert clients > SERVER_CONNECTIONS
        backends = direct.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
        ).fetchone()
        assert backends is not None
        assert 0 < backends[0] <= SERVER_CONNECTIONS
