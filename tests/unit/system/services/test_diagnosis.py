import pytest

from system.db import heartbeats
from system.services.diagnosis import Finding, diagnose
from tests.unit.system.bench import Bench

pytestmark = pytest.mark.real
AWAY = "postgresql://nobody@127.0.0.1:1/none"


def findings(bench: Bench, url: str, *, redis: bool = True, queues: dict[str, int] | None = None) -> dict[str, Finding]:
    found = diagnose(url, lambda: redis, bench.gateway, lambda: queues, silence_seconds=60)
    return {finding.part: finding for finding in found}


def beat(bench: Bench, component: str, seconds_ago: float = 0) -> None:
    with bench.db.transaction() as connection:
        heartbeats.record(connection, component, "host", seconds_ago=seconds_ago, beat_seconds=15)


def test_nothing_is_wrong(bench: Bench, postgres_url: str) -> None:
    beat(bench, "worker")
    beat(bench, "beat", 30)
    found = findings(bench, postgres_url, queues={"messages": 3})
    assert all(finding.ok and not finding.remedy for finding in found.values()), found
    assert list(found) == ["database", "writes", "redis", "gateway", "sending", "queues", "beat", "worker"]
    assert str(found["queues"]) == "ok    queues: messages 3"


def test_everything_is_wrong(bench: Bench) -> None:
    bench.gateway.reachable = False
    found = findings(bench, AWAY, redis=False)
    assert [finding.part for finding in found.values() if finding.ok] == []
    assert all(finding.remedy and "\n" not in str(finding) for finding in found.values())
    assert str(found["database"]).startswith("WRONG database: connection")


def test_silence_is_told_from_a_sign_of_life(bench: Bench, postgres_url: str) -> None:
    beat(bench, "worker", 61)
    found = findings(bench, postgres_url)
    assert found["worker"].seen == "last sign of life 61 s ago"
    assert not found["worker"].ok
    assert found["beat"].seen == "no sign of life was ever recorded"


def test_a_read_only_database_is_told(bench: Bench, postgres_url: str) -> None:
    read_only = findings(bench, f"{postgres_url}?options=-cdefault_transaction_read_only%3Don")["writes"]
    assert (read_only.ok, read_only.seen) == (False, "the database is read-only")


def test_missing_migrations_are_named(bench: Bench, postgres_url: str, empty_postgres_url: str) -> None:
    bench.execute("DELETE FROM schema_migrations WHERE name = '0002_alarms.sql'")
    assert findings(bench, postgres_url)["database"].seen == "migrations missing: 0002_alarms.sql"
    empty = findings(bench, empty_postgres_url)["database"]
    assert empty.seen.startswith("migrations missing: 0001_initial.sql")
