"""What the promises rest on in PostgreSQL: the same cases on the embedded server and on Debian's."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from system.db import messages, quota
from system.db.database import Database
from system.gateway.webhooks import Event
from system.services import campaigns, inbox, interactions, recovery

PHONES = [f"+3363998{number:04d}" for number in range(8)]
NOW = datetime(2025, 12, 29, 12, tzinfo=UTC)


@pytest.fixture
def campaign_id(db: Database) -> int:
    made = campaigns.create_campaign(db, "name", "body", PHONES)
    campaigns.launch_campaign(db, made)
    return made


def ids(db: Database, kind: str = "message_1") -> list[int]:
    with db.transaction() as connection:
        rows = connection.execute("SELECT id FROM messages WHERE kind = %s ORDER BY id", [kind]).fetchall()
    return [row["id"] for row in rows]


def claim(db: Database, message_id: int) -> messages.Claim | None:
    with db.transaction() as connection:
        return messages.claim(
            connection,
            message_id,
            lease_seconds=30,
            now=datetime.now(UTC),
            daily_limit=1000,
            day=datetime.now(UTC).date(),
        )


def test_of_many_senders_one_claims(db: Database, campaign_id: int) -> None:
    (message_id, *_) = ids(db)
    with ThreadPoolExecutor(8) as pool:
        claims = list(pool.map(lambda _: claim(db, message_id), range(16)))
    assert len([found for found in claims if found is not None]) == 1


def test_of_many_dispatchers_and_recoveries_each_message_has_one(db: Database, campaign_id: int) -> None:
    with db.transaction() as connection:
        connection.execute("UPDATE messages SET published_at = now() - interval '1 hour'")
    with ThreadPoolExecutor(4) as pool:
        plans = list(pool.map(lambda _: recovery.recover(db, lease_seconds=30), range(4)))
    assert sorted(message_id for plan in plans for message_id in plan.message_ids) == ids(db)


def test_the_daily_limit_holds_under_concurrency(db: Database, campaign_id: int) -> None:
    def reserve(message_id: int) -> bool:
        claimed = claim(db, message_id)
        assert claimed is not None
        with db.transaction() as connection:
            return quota.reserve(connection, claimed, day=NOW.date(), limit=3)

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(reserve, ids(db))) == 3


def test_many_interactions_at_once_earn_one_message_2(db: Database, campaign_id: int) -> None:
    with db.transaction() as connection:
        messages.record_sent(connection, messages.Acceptance(ids(db)[0], "a1", "w1", NOW))
        contact_id = connection.execute("SELECT contact_id FROM messages ORDER BY id LIMIT 1").fetchone()
    assert contact_id is not None

    def follow_up(_: int) -> int | None:
        return interactions.open_follow_up(db, campaign_id, contact_id["contact_id"], received_at=NOW)

    with ThreadPoolExecutor(8) as pool:
        made = [found for found in pool.map(follow_up, range(16)) if found is not None]
    assert made == ids(db, "message_2")


def test_an_event_delivered_many_times_at_once_is_received_once(db: Database) -> None:
    event = Event("key", {"event": "e", "text": "é ☎ \N{REPLACEMENT CHARACTER}", "deep": [[[[1.5, None]]]]})
    with ThreadPoolExecutor(8) as pool:
        received = [found for new in pool.map(lambda _: inbox.receive(db, [[event]])[0], range(16)) for found in new]
    (entry,) = received
    assert entry.payload == event.payload


def test_two_sweeps_at_once_take_different_entries(db: Database) -> None:
    inbox.receive(db, [[Event(f"key-{number}", {"event": "e"}) for number in range(20)]])
    with db.transaction() as connection:
        connection.execute("UPDATE webhook_inbox SET received_at = now() - interval '1 hour'")
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: inbox.process_left_behind(db), range(4)))
    with db.transaction() as connection:
        rows = connection.execute("SELECT DISTINCT attempts, processed_at IS NOT NULL AS done FROM webhook_inbox")
        assert rows.fetchall() == [{"attempts": 2, "done": True}]
