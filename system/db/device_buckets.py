"""The device's bucket of tokens in PostgreSQL, for when Redis is away."""

from system.db.connection import Db
from system.domain.pacing import Rate


def take(db: Db, device: str, rate: Rate, wanted: int, *, owed: int = 0) -> int:
    """As `RedisBucket.take`; on the database's clock. A bucket nobody knows starts empty."""
    db.execute(
        "INSERT INTO device_buckets (device, tokens, refilled_at) VALUES (%s, 0, clock_timestamp()) ON CONFLICT DO NOTHING",
        [device],
    )
    row = db.execute("SELECT tokens FROM device_buckets WHERE device = %s FOR UPDATE", [device]).fetchone()
    # Read after the lock was given: the time spent waiting for it has refilled the bucket too.
    elapsed = db.execute(
        "SELECT extract(epoch FROM clock_timestamp() - refilled_at)::float8 AS seconds FROM device_buckets WHERE device = %s",
        [device],
    ).fetchone()
    assert row is not None  # noqa: S101 (inserted above)
    assert elapsed is not None  # noqa: S101
    tokens = rate.refill(row["tokens"], elapsed["seconds"])
    granted = rate.granted(tokens, wanted)
    db.execute(
        "UPDATE device_buckets SET tokens = %s, refilled_at = refilled_at + make_interval(secs => %s) WHERE device = %s",
        [min(rate.burst, tokens - granted - owed), max(0.0, elapsed["seconds"]), device],
    )
    return granted
