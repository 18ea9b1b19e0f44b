"""What is wrong with an installation, and what to do about it: one finding a part."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import psycopg

from system.db import disk, gateway_breaker, heartbeats
from system.db.impatient import impatient_connection
from system.db.migrate import migrations
from system.gateway.outcomes import Uncertain
from system.services.health import HEALTH_REFERENCE
from system.services.ports import Gateway

PATIENCE_SECONDS = 5.0
# As many missed signs of life as nobody misses by chance.
MISSED_BEATS = 4


@dataclass(frozen=True)
class Finding:
    """One part: whether it does its work, what was seen, and what to do when it does not."""

    part: str
    ok: bool
    seen: str
    remedy: str = ""

    def __str__(self) -> str:
        return f"{'ok   ' if self.ok else 'WRONG'} {self.part}: {self.seen}" + (
            f" -> {self.remedy}" if self.remedy else ""
        )


def _database_part(url: str) -> Finding:
    try:
        with impatient_connection(url, seconds=PATIENCE_SECONDS) as connection:
            version = connection.info.server_version // 10_000
            if connection.execute("SELECT to_regclass('schema_migrations') AS found").fetchone() != {"found": None}:
                rows = connection.execute("SELECT name FROM schema_migrations").fetchall()
            else:
                rows = []
    except psycopg.Error as error:
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        return Finding("database", False, reason, "check DATABASE_URL, and that PostgreSQL runs and can be reached")
    missing = [name for name, _ in migrations() if name not in {row["name"] for row in rows}]
    if missing:
        return Finding("database", False, f"migrations missing: {', '.join(missing)}", "run python -m system migrate")
    return Finding("database", True, f"PostgreSQL {version}, the schema is up to date")


def _writes_part(url: str) -> Finding:
    try:
        with impatient_connection(url, seconds=PATIENCE_SECONDS) as connection:
            if disk.writes(connection):
                return Finding("writes", True, "the database takes what is written")
    except psycopg.errors.DiskFull as error:
        reason = str(error).strip().partition("\n")[0]
        return Finding("writes", False, reason, "free or add space on the database's disk; nothing is lost meanwhile")
    except psycopg.Error:
        return Finding("writes", False, "cannot be known without the database", "mend the database first")
    return Finding(
        "writes", False, "the database is read-only", "see why at its provider: a full disk is the usual reason"
    )


def _heartbeat_part(url: str, component: str, *, most_seconds: float) -> Finding:
    remedy = f"start {component}, or look at its log (see the README, deployment files)"
    try:
        with impatient_connection(url, seconds=PATIENCE_SECONDS) as connection:
            age = heartbeats.youngest_seconds(connection, component)
    except psycopg.Error:
        return Finding(component, False, "cannot be known without the database", "mend the database first")
    if age is None:
        return Finding(component, False, "no sign of life was ever recorded", remedy)
    return Finding(
        component, age <= most_seconds, f"last sign of life {age:.0f} s ago", "" if age <= most_seconds else remedy
    )


def _queues_part(lengths: Mapping[str, int] | None) -> Finding:
    if lengths is None:
        return Finding("queues", False, "the broker does not answer", "check REDIS_URL, or BROKER_URL where it is set")
    return Finding("queues", True, ", ".join(f"{name} {length}" for name, length in lengths.items()))


def _gateway_part(gateway: Gateway) -> Finding:
    answer = gateway.find_by_reference(HEALTH_REFERENCE)
    if isinstance(answer, Uncertain):
        return Finding("gateway", False, answer.reason, "check WASSENGER_BASE_URL, WASSENGER_API_KEY and the network")
    return Finding("gateway", True, "answers, and knows the key")


def _sending_part(url: str) -> Finding:
    try:
        with impatient_connection(url, seconds=PATIENCE_SECONDS) as connection:
            held = gateway_breaker.hold(connection)
    except psycopg.Error:
        return Finding("sending", False, "cannot be known without the database", "mend the database first")
    if held is None:
        return Finding("sending", True, "not held")
    seen = f"held since {held.open_since:%Y-%m-%d %H:%M} UTC: the gateway refuses everything ({held.reason})"
    remedy = "look at the account and its limits at Wassenger; sending goes on by itself once a message is accepted"
    return Finding("sending", False, seen, remedy)


def _redis_part(*, answers: bool) -> Finding:
    if answers:
        return Finding("redis", True, "answers")
    return Finding("redis", False, "does not answer", "check REDIS_URL, and that Redis runs and can be reached")


def diagnose(
    database_url: str,
    redis_answers: Callable[[], bool],
    gateway: Gateway,
    queue_lengths: Callable[[], Mapping[str, int] | None],
    *,
    silence_seconds: float,
) -> list[Finding]:
    """Every part, in the order in which they need each other; a component may be silent for `silence_seconds`."""
    return [
        _database_part(database_url),
        _writes_part(database_url),
        _redis_part(answers=redis_answers()),
        _gateway_part(gateway),
        _sending_part(database_url),
        _queues_part(queue_lengths()),
        _heartbeat_part(database_url, heartbeats.BEAT, most_seconds=silence_seconds),
        _heartbeat_part(database_url, heartbeats.WORKER, most_seconds=silence_seconds),
    ]
