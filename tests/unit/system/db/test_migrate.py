from concurrent.futures import ThreadPoolExecutor

import psycopg

from system.db.migrate import migrate, migrations


def test_migrating_twice_and_at_once_is_harmless(empty_postgres_url: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        applied = list(pool.map(migrate, [empty_postgres_url] * 4))
    assert sorted(map(len, applied)) == [0, 0, 0, len(migrations())]
    with psycopg.connect(empty_postgres_url) as connection:
        tables = {name for (name,) in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")}
    assert {"campaigns", "contacts", "messages", "interactions", "webhook_inbox", "heartbeats", "task_runs"} <= tables
    assert "users" not in tables
