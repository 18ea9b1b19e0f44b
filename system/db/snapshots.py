"""Where the daily counters are persisted: through Supabase's API when there is a project, else in PostgreSQL directly."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from system.db import monitoring
from system.db.database import Database
from system.domain.counters import DayCounters

if TYPE_CHECKING:
    from postgrest.types import JSON
    from supabase import Client

TABLE = "monitoring_snapshots"


class PostgresSnapshots:
    """Snapshots in the table of the migrations."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def upsert(self, days: Sequence[DayCounters], *, taken_at: datetime) -> None:
        """Keeps these days' counters, all or none.

        Raises:
            psycopg.Error: when the database fails.

        """
        with self._db.transaction() as connection:
            monitoring.keep_snapshots(connection, days, taken_at=taken_at)


class SupabaseSnapshots:
    """Snapshots in the same table, by one request to the project's API."""

    def __init__(self, client: "Client") -> None:
        self._client = client

    def upsert(self, days: Sequence[DayCounters], *, taken_at: datetime) -> None:
        """Keeps these days' counters, all or none; repeating it changes nothing.

        Raises:
            httpx.HTTPError: when the project cannot be reached within 10 s.
            postgrest.APIError: when it refuses.

        """
        from postgrest.types import ReturnMethod  # noqa: PLC0415 (slow, and needed with a project only)

        rows: list[JSON] = [
            {"day": counted.day.isoformat(), "counters": dict(counted.values), "taken_at": taken_at.isoformat()}
            for counted in days
        ]
        if rows:
            upsert = self._client.table(TABLE).upsert(rows, on_conflict="day", returning=ReturnMethod.minimal)
            upsert.execute()
