"""Access to PostgreSQL: one pool a process."""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from weakref import WeakKeyDictionary

from psycopg.rows import dict_row
from psycopg_pool import ConnectionPool

from system.config import get_settings
from system.db import messages
from system.db.connection import Db
from system.domain.erasure import ErasureKey
from system.process_local import ProcessLocal

WAIT_SECONDS = 10.0
# A connection that was used less long ago is taken without being tried.
IDLE_SECONDS = 1.0


class Database:
    """Transactions over a pool of connections, under the service role: no query is filtered by a user."""

    def __init__(
        self,
        url: str,
        *,
        max_connections: int = 4,
        wait_seconds: float = WAIT_SECONDS,
        erasure_key: ErasureKey | None = None,
    ) -> None:
        # Reads the marks of erased numbers; the database itself must not hold it.
        self.erasure_key = erasure_key
        # No prepared statements: Supabase's pooler shares connections between clients.
        options: dict[str, Any] = {"row_factory": dict_row, "prepare_threshold": None, "connect_timeout": 10}
        self._used_at: WeakKeyDictionary[Db, float] = WeakKeyDictionary()
        self._pool: ConnectionPool[Db] = ConnectionPool(
            url,
            min_size=1,
            max_size=max_connections,
            kwargs=options,
            check=self._check_if_idle,
            timeout=wait_seconds,
            open=True,
        )

    def _check_if_idle(self, connection: Db) -> None:
        # A round trip saved: a server that died in this very second fails the transaction, which the recovery finds.
        now = time.monotonic()
        if now - self._used_at.get(connection, -math.inf) > IDLE_SECONDS:
            ConnectionPool.check_connection(connection)
        self._used_at[connection] = now

    @contextmanager
    def transaction(self) -> Iterator[Db]:
        """A connection whose work is committed when the block ends, rolled back when it raises.

        Raises:
            psycopg.Error: PoolTimeout when no connection comes within `wait_seconds`, among others.

        """
        with self._pool.connection() as connection:
            yield connection

    @contextmanager
    def statement(self) -> Iterator[Db]:
        """A connection for one statement, which is its own transaction: neither BEGIN nor COMMIT has to be waited for.

        Raises:
            psycopg.Error: as `transaction`.

        """
        with self._pool.connection() as connection:
            connection.set_autocommit(True)
            try:
                yield connection
            finally:
                if not connection.closed:
                    connection.set_autocommit(False)

    def get_message_by_id(self, message_id: int) -> messages.Message | None:
        """The message, or None."""
        with self.transaction() as connection:
            return messages.by_id(connection, message_id)

    def close(self) -> None:
        """Closes every connection."""
        self._pool.close()


_database: ProcessLocal[Database] = ProcessLocal(
    lambda: Database(get_settings().database_url.get_secret_value(), erasure_key=get_settings().erasure_key),
    Database.close,
)


def get_db() -> Database:
    """The database of this process, opened at first use.

    Raises:
        SettingsError: when DATABASE_URL is missing or wrong.

    """
    return _database.get()


def close_db() -> None:
    """Closes what `get_db` opened in this process."""
    _database.close()
