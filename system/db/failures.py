"""How the messages of running campaigns ended lately."""

from dataclasses import dataclass
from datetime import datetime

from system.db.connection import Db


@dataclass(frozen=True)
class Ended:
    """Messages of a campaign that failed, and that were accepted, over the time looked at."""

    campaign_id: int
    failed: int
    sent: int


def recent(db: Db, *, since: datetime, fewest: int) -> list[Ended]:
    """The sending campaigns with at least so many failures since then, or since they were launched or resumed if that is later."""
    rows = db.execute(
        """WITH running AS (
               SELECT id, greatest(%(since)s, launched_at, resumed_at) AS since FROM campaigns WHERE status = 'sending'),
           failing AS (
               SELECT r.id, r.since, count(*) AS failed FROM running AS r JOIN messages AS m
               ON m.campaign_id = r.id AND m.status = 'failed' AND m.ended_at >= r.since
               GROUP BY r.id, r.since HAVING count(*) >= %(fewest)s)
           SELECT f.id AS campaign_id, f.failed, (SELECT count(*) FROM messages AS m
               WHERE m.campaign_id = f.id AND m.status IN ('sent', 'delivered', 'read') AND m.sent_at >= f.since) AS sent
           FROM failing AS f ORDER BY f.id""",
        {"since": since, "fewest": fewest},
    ).fetchall()
    return [Ended(**row) for row in rows]
