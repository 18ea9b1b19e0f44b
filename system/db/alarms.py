"""What watchdogs share: the state of each alarm, and the incidents with the delivery of their alerts."""

from dataclasses import dataclass
from datetime import datetime

from system.db.connection import Db
from system.domain.alarm import Watch


@dataclass(frozen=True)
class Sighting:
    """One look at a component: what was remembered, the database's time, and the last sign of life of any instance."""

    watch: Watch | None
    now: datetime
    beat_at: datetime | None


@dataclass(frozen=True)
class Incident:
    """A silence that has to be told to somebody."""

    id: int
    component: str
    silent_since: datetime
    raised_at: datetime
    recovered_at: datetime | None


def look(db: Db, component: str) -> Sighting:
    """Reads all that is known of the component, and keeps other watchdogs waiting until the transaction ends."""
    # Locked before it is read: the second of two watchdogs sees what the first decided.
    db.execute("SELECT pg_advisory_xact_lock(hashtext('alarm:' || %s))", [component])
    row = db.execute(
        """SELECT clock_timestamp() AS now, a.attended_since, a.looked_at, a.raised, a.steady_since, a.raised_at,
               (SELECT max(beat_at) FROM heartbeats WHERE component = %(component)s) AS beat_at
           FROM (SELECT 1) AS one LEFT JOIN alarms AS a ON a.component = %(component)s""",
        {"component": component},
    ).fetchone()
    assert row is not None  # noqa: S101 (the left side of the join always gives one)
    known = row["attended_since"] is not None
    columns = ("attended_since", "looked_at", "raised", "steady_since", "raised_at")
    watch = Watch(*(row[column] for column in columns)) if known else None
    return Sighting(watch, row["now"], row["beat_at"])


def remember(db: Db, component: str, watch: Watch) -> None:
    """Keeps what the next look has to know."""
    db.execute(
        """INSERT INTO alarms (component, attended_since, looked_at, raised, steady_since, raised_at)
           VALUES (%s, %s, %s, %s, %s, %s)
           ON CONFLICT (component) DO UPDATE SET attended_since = excluded.attended_since,
               looked_at = excluded.looked_at, raised = excluded.raised, steady_since = excluded.steady_since, raised_at = excluded.raised_at""",
        [component, watch.attended_since, watch.looked_at, watch.raised, watch.steady_since, watch.raised_at],
    )


def open_incident(db: Db, component: str, *, silent_since: datetime) -> bool:
    """Records a silence that is to be alerted; False, and nothing happens, when the component has an open incident."""
    cursor = db.execute(
        """INSERT INTO incidents (component, silent_since) VALUES (%s, %s)
           ON CONFLICT (component) WHERE recovered_at IS NULL DO NOTHING""",
        [component, silent_since],
    )
    return cursor.rowcount == 1


def close_incident(db: Db, component: str) -> bool:
    """The component works again; False when it had no open incident."""
    closed = "UPDATE incidents SET recovered_at = now() WHERE component = %s AND recovered_at IS NULL"
    return db.execute(closed, [component]).rowcount == 1


def claim_alert(db: Db, *, seconds: float) -> Incident | None:
    """The oldest incident of the day nobody was told of, for this caller alone during `seconds`; None when there is none."""
    row = db.execute(
        """UPDATE incidents SET claimed_until = now() + make_interval(secs => %s), attempts = attempts + 1
           WHERE id = (SELECT id FROM incidents
               WHERE notified_at IS NULL AND coalesce(claimed_until, '-infinity') <= now()
                 AND raised_at > now() - interval '1 day'
               ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)
           RETURNING id, component, silent_since, raised_at, recovered_at""",
        [seconds],
    ).fetchone()
    return Incident(**row) if row else None


def mark_notified(db: Db, incident_id: int) -> None:
    """Somebody was told."""
    db.execute("UPDATE incidents SET notified_at = now() WHERE id = %s", [incident_id])
