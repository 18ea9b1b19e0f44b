import time

import psycopg
import pytest
from psycopg import errors

from system.db.impatient import impatient_connection
from system.sandbox.servers import Servers


def test_what_is_done_in_time_is_committed(postgres_url: str) -> None:
    for count in (1, 2):
        with impatient_connection(postgres_url, seconds=30) as connection:
            connection.execute("INSERT INTO contacts (phone) VALUES (%s)", [f"+3363998000{count}"])
            assert connection.execute("SELECT count(*) AS count FROM contacts").fetchone() == {"count": count}


def test_a_failure_undoes_all(postgres_url: str) -> None:
    with pytest.raises(errors.UniqueViolation), impatient_connection(postgres_url, seconds=30) as connection:
        connection.execute("INSERT INTO contacts (phone) VALUES ('+33639980001'), ('+33639980001')")
    with impatient_connection(postgres_url, seconds=30) as connection:
        assert connection.execute("SELECT 1 FROM contacts").fetchone() is None


def test_an_answer_that_does_not_come_is_not_waited_for(postgres_url: str) -> None:
    started = time.monotonic()
    with (
        pytest.raises(psycopg.OperationalError),
        impatient_connection(postgres_url, seconds=0.1) as connection,
    ):
        connection.execute("SELECT pg_sleep(60)")
    assert 2 <= time.monotonic() - started < 30


def test_nobody_at_the_address(servers: Servers) -> None:
    del servers
    with (
        pytest.raises(psycopg.OperationalError),
        impatient_connection("postgresql://nobody@127.0.0.1:1/none", seconds=2),
    ):
        pytest.fail("connected to nobody")
