"""Campaigns, as they are read."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from system.db import messages
from system.db.connection import Db
from system.db.plain_words import holds_words, words_of
from system.domain import content
from system.domain.content import Content, Media, Template
from system.domain.sending_hours import SendingHours
from system.domain.statuses import CampaignStatus

_READ = """SELECT id, name, message_template AS message, follow_up_template AS follow_up, content, sending_zone, sending_opens,
    sending_closes, test_of, status, stop_reason, created_at, scheduled_at, launched_at, paused_at, completed_at, cancelled_at,
    final_statistics, CASE WHEN status = 'sending' AND greatest(held_until, rest_until) > now() AND EXISTS (
            SELECT 1 FROM messages AS m WHERE m.campaign_id = campaigns.id AND m.kind = 'message_1' AND m.status = 'pending'
                AND NOT m.held)
        THEN greatest(held_until, rest_until) END AS resumes_at FROM campaigns"""


@dataclass(frozen=True)
class Campaign:
    """A campaign as it is read; times are UTC.

    `content`: what Message 1 is besides its text. `hours` are its own, None where they are the installation's. `test_of`: the campaign whose text it tries on somebody.
    `final_statistics` is None until it is closed. `resumes_at`: when its Message 1 go on, while some wait and the hour, a
    full day, a gateway that refuses everything or a pause between batches holds them.
    """

    id: int
    name: str
    message: str
    follow_up: str
    content: Content | None
    hours: SendingHours | None
    test_of: int | None
    status: CampaignStatus
    stop_reason: str | None
    created_at: datetime
    scheduled_at: datetime | None
    launched_at: datetime | None
    paused_at: datetime | None
    completed_at: datetime | None
    cancelled_at: datetime | None
    final_statistics: dict[str, Any] | None
    resumes_at: datetime | None

    @property
    def media(self) -> Media | None:
        return self.content if isinstance(self.content, Media) else None

    @property
    def template(self) -> Template | None:
        return self.content if isinstance(self.content, Template) else None


def _campaign(row: dict[str, Any]) -> Campaign:
    hours = messages.hours_of(row)
    known = {name: value for name, value in row.items() if not name.startswith("sending_")}
    parsed = {"status": CampaignStatus(row["status"]), "content": content.read(row["content"])}
    return Campaign(**known | parsed, hours=hours)


def by_id(db: Db, campaign_id: int) -> Campaign | None:
    """The campaign, or None."""
    row = db.execute(f"{_READ} WHERE id = %s".encode(), [campaign_id]).fetchone()
    return None if row is None else _campaign(row)


_SHOWN = f"""WHERE test_of IS NULL AND status = ANY(%(statuses)s) AND {holds_words("name")}"""


def page(
    db: Db, *, before: int | None, limit: int, statuses: Iterable[CampaignStatus] = CampaignStatus, text: str = ""
) -> list[Campaign]:
    """The newest `limit` campaigns, or those older than the campaign `before`: of these states, their name holding these words."""
    rows = db.execute(
        f"""{_READ} {_SHOWN} AND id < coalesce(%(before)s::bigint, 9223372036854775807)
            ORDER BY id DESC LIMIT %(limit)s""".encode(),
        words_of(text) | {"statuses": list(statuses), "before": before, "limit": limit},
    ).fetchall()
    return [_campaign(row) for row in rows]


def count(db: Db, *, statuses: Iterable[CampaignStatus], text: str = "") -> int:
    """How many campaigns `page` would show, if there were no limit."""
    row = db.execute(
        f"SELECT count(*) FROM campaigns {_SHOWN}".encode(),  # noqa: S608 (constants only)
        words_of(text) | {"statuses": list(statuses)},
    ).fetchone()
    return 0 if row is None else int(row["count"])
