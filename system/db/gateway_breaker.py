"""The circuit breaker of the gateway: one row, which every sender of every process reads and writes."""

from dataclasses import dataclass
from datetime import datetime

from system.db.connection import Db
from system.domain.gateway_breaker import BreakerPolicy

HELD = "the gateway refuses everything for now"


@dataclass(frozen=True)
class Hold:
    """Sending is held since then, for that reason; the next message is tried at `probe_at` (UTC)."""

    open_since: datetime
    probe_at: datetime
    reason: str


def hold(db: Db) -> Hold | None:
    """The hold that lasts now, if one does."""
    row = db.execute(
        "SELECT open_since, probe_at, coalesce(reason, '') AS reason FROM gateway_breaker WHERE open_since IS NOT NULL"
    ).fetchone()
    return None if row is None else Hold(**row)


def now(db: Db) -> datetime:
    """The database's time, by which a hold is dated."""
    row = db.execute("SELECT clock_timestamp() AS now").fetchone()
    assert row is not None  # noqa: S101 (a SELECT without a table)
    moment: datetime = row["now"]
    return moment


def note_refusal(db: Db, policy: BreakerPolicy, reason: str) -> bool:
    """Counts a refusal for now; True when this one begins a hold."""
    row = db.execute(
        """UPDATE gateway_breaker SET refusals = refusals + 1, reason = %(reason)s,
               open_since = CASE WHEN refusals + 1 >= %(most)s THEN coalesce(open_since, now()) END,
               probe_at = CASE WHEN refusals + 1 >= %(most)s THEN now() + make_interval(secs => %(probe)s) END
           RETURNING refusals""",
        {"reason": reason, "most": policy.refusals, "probe": policy.probe_seconds},
    ).fetchone()
    return row is not None and row["refusals"] == policy.refusals


def take_probe(db: Db, policy: BreakerPolicy) -> bool:
    """Whether this caller alone may try one message now, though sending is held."""
    cursor = db.execute(
        """UPDATE gateway_breaker SET probe_at = now() + make_interval(secs => %s)
           WHERE open_since IS NOT NULL AND probe_at <= now()""",
        [policy.probe_seconds],
    )
    return cursor.rowcount == 1
