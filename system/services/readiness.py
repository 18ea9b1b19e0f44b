"""Whether the servers this process needs answer, told within a deadline even when one of them is frozen."""

import asyncio
from collections.abc import Callable, Mapping

import psycopg

from system.db import disk
from system.db.impatient import impatient_connection

DATABASE_SECONDS = 2.0


def database_answers(url: str) -> bool:
    """Whether the database answers a query on a new connection; returns within twice `DATABASE_SECONDS`."""
    try:
        with impatient_connection(url, seconds=DATABASE_SECONDS) as connection:
            connection.execute("SELECT 1")
    except psycopg.Error:
        return False
    return True


def database_writes(url: str) -> bool:
    """Whether the database has room for what is written and takes it; returns as `database_answers`."""
    try:
        with impatient_connection(url, seconds=DATABASE_SECONDS) as connection:
            return disk.writes(connection)
    except psycopg.Error:
        return False


async def answers(questions: Mapping[str, Callable[[], bool]], *, seconds: float) -> dict[str, bool]:
    """Asks all at once, each in a thread; what has not answered after `seconds` counts as no.

    A question must end by itself soon after: its thread cannot be stopped. Raises what a question raises in time.
    """
    asked = {name: asyncio.create_task(asyncio.to_thread(question)) for name, question in questions.items()}
    answered, _ = await asyncio.wait(asked.values(), timeout=seconds)
    return {name: task in answered and task.result() for name, task in asked.items()}
