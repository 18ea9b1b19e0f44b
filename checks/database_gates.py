"""Gates in the database: a process that would write a given change waits inside its statement, and is known by its pid.

A trigger takes, shared, an advisory lock that we hold. The tree is not touched, and nothing is left when the gate is lifted.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

import psutil
import psycopg

_KEY = 815_2026
_INSTALL = """
CREATE SEQUENCE laboratory_passes;
CREATE FUNCTION laboratory_gate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF nextval('laboratory_passes') > TG_ARGV[0]::int THEN PERFORM pg_advisory_xact_lock_shared({key}); END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER laboratory_gate BEFORE {event} ON {table} FOR EACH ROW WHEN ({condition})
    EXECUTE FUNCTION laboratory_gate({passes});
"""
_REMOVE = """
DROP TRIGGER IF EXISTS laboratory_gate ON {table}; DROP FUNCTION IF EXISTS laboratory_gate CASCADE;
DROP SEQUENCE IF EXISTS laboratory_passes;
"""
_ACTIVE = "SELECT client_port FROM pg_stat_activity WHERE state_change > %s AND client_port > 0"
_WAITING = "SELECT client_port FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND wait_event = 'advisory'"


@dataclass(frozen=True)
class Gate:
    """A change that waits: an `event` on `table` under `condition`; the first `passes` of them go through."""

    event: str
    table: str
    condition: str
    passes: int = 0


CLAIM = Gate("UPDATE", "messages", "NEW.status = 'sending' AND OLD.status <> 'sending'", passes=1)
RECORD = Gate("UPDATE", "messages", "NEW.status = 'sent' AND OLD.status <> 'sent'")
INSERT = Gate("INSERT", "webhook_inbox", "true")
FINISH = Gate("UPDATE", "webhook_inbox", "NEW.processed_at IS NOT NULL AND OLD.processed_at IS NULL")


@contextmanager
def closed(database_url: str, gate: Gate) -> Iterator[psycopg.Connection]:
    """The gate is closed while the block lasts; the connection yielded reads what waits before it (`waiting`)."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("SET lock_timeout = '10s'")
        connection.execute("SELECT pg_advisory_lock(%s)", [_KEY])
        remove = _REMOVE.format(table=gate.table).encode()
        try:
            # What a session that was killed left would keep the gate from being made.
            connection.execute(remove)
            connection.execute(_INSTALL.format(key=_KEY, **vars(gate)).encode())
            yield connection
        finally:
            connection.execute("SELECT pg_advisory_unlock(%s)", [_KEY])
            connection.execute(remove)


def waiting(connection: psycopg.Connection, pids: Iterable[int]) -> tuple[int, ...]:
    """Those of these processes that wait before the gate, found by the port of their connection."""
    ports = {port for (port,) in connection.execute(_WAITING).fetchall()}
    return tuple(pid for pid in pids if ports & _ports(pid))


def now(connection: psycopg.Connection) -> datetime:
    """The database's clock."""
    ((moment,),) = connection.execute("SELECT clock_timestamp()").fetchall()
    found: datetime = moment
    return found


def active_since(connection: psycopg.Connection, moment: datetime, pids: Iterable[int]) -> tuple[int, ...]:
    """Those of these processes whose connection has done something since then."""
    rows = connection.execute(_ACTIVE.encode(), [moment]).fetchall()
    ports = {port for (port,) in rows}
    return tuple(pid for pid in pids if ports & _ports(pid))


def count(connection: psycopg.Connection) -> int:
    """How many statements wait before the gate, whoever sent them."""
    return len(connection.execute(_WAITING).fetchall())


def _ports(pid: int) -> set[int]:
    try:
        return {c.laddr.port for c in psutil.Process(pid).net_connections("tcp") if c.laddr}
    except psutil.Error:
        return set()
