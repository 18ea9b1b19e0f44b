"""What people did, and when."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from system.db.connection import Db


@dataclass(frozen=True)
class Action:
    """One deed of `actor`, a user's name or `cli`; `done_at` is UTC."""

    id: int
    done_at: datetime
    actor: str
    action: str
    detail: dict[str, Any]


def record(db: Db, actor: str, action: str, detail: dict[str, Any]) -> None:
    """Adds a line; in the transaction of the deed itself, so that there is none without the other."""
    db.execute("INSERT INTO action_log (actor, action, detail) VALUES (%s, %s, %s)", [actor, action, Jsonb(detail)])


def page(db: Db, *, before: int | None, limit: int) -> list[Action]:
    """The newest lines, or those older than the line `before`."""
    rows = db.execute(
        """SELECT id, done_at, actor, action, detail FROM action_log
           WHERE %(before)s::bigint IS NULL OR id < %(before)s ORDER BY id DESC LIMIT %(limit)s""",
        {"before": before, "limit": limit},
    ).fetchall()
    return [Action(**row) for row in rows]


def last_on_campaign(db: Db, campaign_id: int, action: str) -> Action | None:
    """Who did this to the campaign last, None when nobody did."""
    row = db.execute(
        """SELECT id, done_at, actor, action, detail FROM action_log
           WHERE action = %s AND detail @> jsonb_build_object('campaign_id', %s::bigint) ORDER BY id DESC LIMIT 1""",
        [action, campaign_id],
    ).fetchone()
    return None if row is None else Action(**row)


def refusal_undone(db: Db, contact_id: int) -> Action | None:
    """Who recorded last that the contact consents again after a refusal, None when nobody did."""
    row = db.execute(
        """SELECT id, done_at, actor, action, detail FROM action_log WHERE action = 'consent given again'
           AND detail @> jsonb_build_object('contact_id', %s::bigint, 'undone', true) ORDER BY id DESC LIMIT 1""",
        [contact_id],
    ).fetchone()
    return None if row is None else Action(**row)


def launch_of(db: Db, campaign_id: int) -> Action | None:
    """Who launched the campaign, or scheduled it where its hour did; None when neither was noted."""
    row = db.execute(
        """SELECT id, done_at, actor, action, detail FROM action_log
           WHERE detail @> jsonb_build_object('campaign_id', %s::bigint) AND (action = 'campaign scheduled'
               OR action = 'campaign sending' AND detail ->> 'before' IN ('draft', 'scheduled')) ORDER BY id DESC LIMIT 1""",
        [campaign_id],
    ).fetchone()
    return None if row is None else Action(**row)
