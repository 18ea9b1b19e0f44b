"""Forward-only SQL migrations."""

from importlib.resources import files

import psycopg

LOCK_KEY = 20251229


def migrations() -> list[tuple[str, str]]:
    """Name and SQL of every migration, in order."""
    folder = files("system.db").joinpath("migrations")
    entries = sorted((entry for entry in folder.iterdir() if entry.name.endswith(".sql")), key=lambda entry: entry.name)
    return [(entry.name, entry.read_text(encoding="utf-8")) for entry in entries]


def migrate(database_url: str) -> list[str]:
    """Applies what is missing, all of it or nothing, and returns the names applied.

    Safe to run twice, and by several processes at once: the later ones wait and find nothing to do.

    Raises:
        psycopg.Error: when the database cannot be reached or a statement fails.

    """
    applied: list[str] = []
    # One transaction, and a lock of that transaction: a pooler in transaction mode keeps no session.
    with psycopg.connect(database_url, connect_timeout=10, prepare_threshold=None) as connection:
        connection.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK_KEY])
        connection.execute(
            "CREATE TABLE IF NOT EXISTS schema_migrations (name text PRIMARY KEY, applied_at timestamptz DEFAULT now())"
        )
        known = {name for (name,) in connection.execute("SELECT name FROM schema_migrations").fetchall()}
        for name, statements in migrations():
            if name not in known:
                connection.execute(statements.encode())
                connection.execute("INSERT INTO schema_migrations (name) VALUES (%s)", [name])
                applied.append(name)
    return applied
