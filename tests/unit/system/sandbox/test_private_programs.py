"""PostgreSQL starts from programs below a directory that only their owner may enter, as a clone made with mktemp is."""

import shutil
from pathlib import Path

import psycopg
import pytest

from system.sandbox.binaries import postgres_bin
from system.sandbox.postgres import PostgresServer

pytestmark = pytest.mark.real


class FromElsewhere(PostgresServer):
    """The embedded server, its programs copied."""


def test_programs_in_a_private_directory(tmp_path: Path) -> None:
    package = postgres_bin().parents[1]
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    for part in (package, package.with_name(f"{package.name}.libs")):
        if part.exists():
            shutil.copytree(part, private / part.name, symlinks=True)
    FromElsewhere.programs = private / package.name / "pginstall" / "bin"
    data = tmp_path / "data"
    data.mkdir()
    server = FromElsewhere(data, durable=False)
    try:
        server.start()
        with psycopg.connect(server.url) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
    finally:
        server.stop()
