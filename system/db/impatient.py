"""A connection of its own that cannot outlast its deadline, for processes which must not hang with the database."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Timer

import psycopg
from psycopg.rows import DictRow, dict_row

from system.db.connection import Db


@contextmanager
def impatient_connection(url: str, *, seconds: float) -> Iterator[Db]:
    """A transaction, committed when the block ends; connecting and the block may each last `seconds` (2 at least).

    Raises:
        psycopg.Error: when the database cannot be reached, fails, or is not done in time (its process may be frozen).

    """
    seconds = max(2.0, seconds)
    connection: psycopg.Connection[DictRow] = psycopg.connect(
        url, connect_timeout=int(seconds), prepare_threshold=None, row_factory=dict_row
    )
    # A duplicate: the timer must never touch a descriptor that has become somebody else's.
    line = socket.socket(fileno=os.dup(connection.fileno()))
    deadline = Timer(seconds, _cut, [line])
    deadline.start()
    try:
        with connection:
            yield connection
    finally:
        deadline.cancel()
        deadline.join()
        line.close()


def _cut(line: socket.socket) -> None:
    # Whoever waits for the answer gets an end of file.
    with suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)
