"""A campaign's counts: totals, and the changes that triggers have added since they were last folded into them."""

from system.db.connection import Db

# One statement reads both from one snapshot: a change is never missed, nor seen twice.
COUNTS = """
SELECT name, sum(value)::bigint AS value FROM (
    SELECT name, value FROM campaign_counts WHERE campaign_id = %(id)s
    UNION ALL SELECT name, change FROM campaign_changes WHERE campaign_id = %(id)s) AS counted
GROUP BY name
"""
FOLD = """
WITH gone AS (
    DELETE FROM campaign_changes WHERE id IN (
        SELECT id FROM campaign_changes ORDER BY id LIMIT %(most)s FOR UPDATE SKIP LOCKED)
    RETURNING campaign_id, name, change)
INSERT INTO campaign_counts AS kept (campaign_id, name, value)
SELECT campaign_id, name, sum(change) FROM gone GROUP BY 1, 2 ORDER BY 1, 2
ON CONFLICT (campaign_id, name) DO UPDATE SET value = kept.value + excluded.value
"""


def counts(db: Db, campaign_id: int) -> dict[str, int]:
    """Every count of the campaign by name, as of now; no message is read."""
    rows = db.execute(COUNTS, {"id": campaign_id}).fetchall()
    return {row["name"]: int(row["value"]) for row in rows}


def fold(db: Db, *, most: int) -> int:
    """Adds at most so many changes to the totals; returns how many totals moved. No count changes by it."""
    return db.execute(FOLD, {"most": most}).rowcount
