"""Signs of life: a row for each instance of a component."""

from system.db.connection import Db

WORKER = "worker"
BEAT = "beat"


def record(db: Db, component: str, instance: str, *, seconds_ago: float = 0.0) -> None:
    """The instance worked so many seconds ago; a sign older than the last one changes nothing.

    Instances of the component without a sign for a week are forgotten.
    """
    db.execute(
        """INSERT INTO heartbeats AS h (component, instance, beat_at)
           VALUES (%s, %s, clock_timestamp() - make_interval(secs => %s))
           ON CONFLICT (component, instance) DO UPDATE SET beat_at = greatest(h.beat_at, excluded.beat_at)""",
        [component, instance, seconds_ago],
    )
    db.execute("DELETE FROM heartbeats WHERE component = %s AND beat_at < now() - interval '7 days'", [component])
