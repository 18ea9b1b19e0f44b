"""Signs of life: the last of each instance of a component, and the intervals in which it gave them."""

from dataclasses import dataclass
from datetime import datetime

from system.db.connection import Db

WORKER = "worker"
BEAT = "beat"
# After so many beats without a sign, an instance was not alive in between.
SILENT_BEATS = 3
# Somewhat longer than what an export may ask for.
KEPT_DAYS = 35

EXTEND = """
WITH beat AS (SELECT clock_timestamp() - make_interval(secs => %(ago)s) AS at),
extended AS (
    UPDATE heartbeat_intervals AS i SET to_at = greatest(i.to_at, beat.at) FROM beat
    WHERE i.component = %(component)s AND i.instance = %(instance)s
      AND i.from_at = (SELECT max(from_at) FROM heartbeat_intervals
                       WHERE component = %(component)s AND instance = %(instance)s)
      AND beat.at <= i.to_at + make_interval(secs => %(silence)s)
    RETURNING 1)
INSERT INTO heartbeat_intervals (component, instance, from_at, to_at)
SELECT %(component)s, %(instance)s, beat.at, beat.at FROM beat WHERE NOT EXISTS (SELECT FROM extended)
"""


@dataclass(frozen=True)
class Alive:
    """The instance gave signs of life from the first to the last of these instants (UTC), never long apart."""

    instance: str
    from_at: datetime
    to_at: datetime


@dataclass(frozen=True)
class History:
    """What is known of the time between `from_at` and `to_at` (UTC); before `from_at` nothing was kept."""

    from_at: datetime
    to_at: datetime
    alive: tuple[Alive, ...]


def record(db: Db, component: str, instance: str, *, beat_seconds: float, seconds_ago: float = 0.0) -> None:
    """The instance worked so many seconds ago, and gives a sign every `beat_seconds`.

    A sign older than the last one changes nothing. Instances of the component without a sign for a week are forgotten.
    """
    # Its row is locked from here on, so that two children of one worker extend one interval.
    db.execute(
        """INSERT INTO heartbeats AS h (component, instance, beat_at)
           VALUES (%s, %s, clock_timestamp() - make_interval(secs => %s))
           ON CONFLICT (component, instance) DO UPDATE SET beat_at = greatest(h.beat_at, excluded.beat_at)""",
        [component, instance, seconds_ago],
    )
    named = {"component": component, "instance": instance, "ago": seconds_ago, "silence": SILENT_BEATS * beat_seconds}
    db.execute(EXTEND, named)
    db.execute("DELETE FROM heartbeats WHERE component = %s AND beat_at < now() - interval '7 days'", [component])


def history(db: Db, component: str, *, days: float) -> History:
    """When the component's instances were alive in the last `days`, or since signs are kept if that is shorter."""
    bounds = db.execute(
        """SELECT greatest(since, now() - make_interval(secs => %s)) AS from_at, now() AS to_at
           FROM heartbeat_history""",
        [days * 86400],
    ).fetchone()
    assert bounds is not None  # noqa: S101 (one row, by its migration)
    rows = db.execute(
        """SELECT instance, greatest(from_at, %(from_at)s) AS from_at, least(to_at, %(to_at)s) AS to_at
           FROM heartbeat_intervals
           WHERE component = %(component)s AND to_at > %(from_at)s AND from_at < %(to_at)s ORDER BY from_at, instance""",
        bounds | {"component": component},
    ).fetchall()
    return History(bounds["from_at"], bounds["to_at"], tuple(Alive(**row) for row in rows))


def forget_old_intervals(db: Db) -> int:
    """Deletes what no export asks for any more; returns how many intervals."""
    cursor = db.execute("DELETE FROM heartbeat_intervals WHERE to_at < now() - make_interval(days => %s)", [KEPT_DAYS])
    return cursor.rowcount


def youngest_seconds(db: Db, component: str) -> float | None:
    """Age of the component's last sign of life; None when there was none."""
    row = db.execute(
        "SELECT extract(epoch FROM clock_timestamp() - max(beat_at)) AS age FROM heartbeats WHERE component = %s",
        [component],
    ).fetchone()
    return None if row is None or row["age"] is None else float(row["age"])
