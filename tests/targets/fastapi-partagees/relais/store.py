import os

import psycopg
from redis import Redis

counters = Redis.from_url(os.environ["COUNTERS_URL"], socket_timeout=5)


def connect() -> psycopg.Connection:
    return psycopg.connect(os.environ["DATABASE_URL"])


def claim(letter_id: int) -> bool:
    with connect() as connection:
        taken = connection.execute(
            "update letters set state = 'sending' where id = %s and state = 'waiting' returning id", [letter_id]
        ).fetchone()
    counters.incr("letters")
    return taken is not None


def release(letter_id: int) -> None:
    with connect() as connection:
        connection.execute("update letters set state = 'waiting' where id = %s", [letter_id])


def forgotten(limit: int) -> list[int]:
    with connect() as connection:
        rows = connection.execute(
            "select id from letters where state = 'waiting' order by id limit %s", [limit]
        ).fetchall()
    return [row[0] for row in rows]


def keep(body: bytes) -> None:
    with connect() as connection:
        connection.execute("insert into inbox (body) values (%s) on conflict do nothing", [body])
