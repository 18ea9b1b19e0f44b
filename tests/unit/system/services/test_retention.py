"""What is old is forgotten, what is not stays, and the statistics are the same."""

from datetime import UTC, datetime, timedelta

import pytest

from system.domain.campaign_life import Resume
from system.domain.erasure import ErasureKey
from system.services import campaigns, statistics
from system.services.consent import opt_out
from system.services.pausing import NothingToSendError, resume_campaign
from system.services.retention import Kept, forget_old_data
from tests.criteria.inbound import deliver, from_person, phone
from tests.unit.system.bench import Bench

pytestmark = pytest.mark.real
KEPT = Kept(contacts=1095, texts=365, events=90, actions=1095)


def in_days(days: int) -> dict[str, object]:
    return {"clock": lambda: datetime.now(UTC) + timedelta(days=days)}


@pytest.fixture
def told(bench: Bench) -> Bench:
    """A campaign of two, one of whom answers; both have ended, and it is completed."""
    bench.db.erasure_key = ErasureKey("a secret of thirty-two bytes or more")
    for message_id in bench.ids(bench.campaign(2)):
        bench.sender().send(message_id)
    for woken in deliver(bench, from_person(0)):
        bench.sender().send(woken.message_id)
    bench.execute("UPDATE messages SET outcome = 'no_interaction' WHERE outcome IS NULL AND kind = 'message_1'")
    bench.execute("UPDATE campaigns SET status = 'completed'")
    bench.execute("INSERT INTO action_log (actor, action) VALUES ('anne', 'login')")
    statistics.fold(bench.db)
    return bench


@pytest.mark.parametrize(
    ("days", "forgotten"),
    [
        (89, {"contacts": 0, "texts": 0, "events": 0, "actions": 0}),
        (91, {"contacts": 0, "texts": 0, "events": 1, "actions": 0}),
        (366, {"contacts": 0, "texts": 4, "events": 1, "actions": 0}),
        (1096, {"contacts": 2, "texts": 4, "events": 1, "actions": 1}),
    ],
)
def test_each_kind_is_kept_for_its_own_time(told: Bench, days: int, forgotten: dict[str, int]) -> None:
    before = statistics.show(told.db, 1).statistics
    assert forget_old_data(told.db, KEPT, **in_days(days)) | {"texts": forgotten["texts"]} == forgotten  # type: ignore[arg-type]
    assert not any(forget_old_data(told.db, KEPT, **in_days(days)).values())  # type: ignore[arg-type]
    assert statistics.show(told.db, 1).statistics == before
    empty = told.execute("SELECT count(*) FROM messages WHERE body = ''")
    assert empty == [{"count": 3 if forgotten["texts"] else 0}]
    known = told.execute("SELECT count(*) FROM contacts WHERE phone LIKE '+33%%'")
    assert known == [{"count": 2 - forgotten["contacts"]}]


def test_a_contact_whom_something_happened_to_stays(told: Bench) -> None:
    later = datetime.now(UTC) + timedelta(days=1000)
    told.execute("UPDATE contacts SET last_inbound_at = %s WHERE id = 1", later)
    forget_old_data(told.db, KEPT, **in_days(1100))  # type: ignore[arg-type]
    assert told.execute("SELECT phone FROM contacts WHERE id = 1") == [{"phone": phone(0)}]
    campaigns.create_campaign(told.db, "of now", "body", [phone(0)])
    told.execute("UPDATE campaigns SET created_at = %s WHERE name = 'of now'", later + timedelta(days=2000))
    assert forget_old_data(told.db, KEPT, **in_days(3100))["contacts"] == 0  # type: ignore[arg-type]


@pytest.mark.parametrize("keyed", [True, False])
def test_who_refused_and_is_forgotten_is_not_written_to(told: Bench, keyed: bool) -> None:
    opt_out(told.db, phone(0), source="test")
    if not keyed:
        told.db.erasure_key = None
    assert forget_old_data(told.db, KEPT, **in_days(1096))["contacts"] == 2  # type: ignore[arg-type]
    plain = told.execute("SELECT count(*) FROM suppressions WHERE phone LIKE '+33%%'")
    assert plain == [{"count": 0 if keyed else 1}]
    again = campaigns.create_campaign(told.db, "again", "body", [phone(0), phone(1)])
    campaigns.launch_campaign(told.db, again)
    for message_id in told.ids(again):
        told.sender().send(message_id)
    # Who only was silent may come back.
    assert [told.message(message_id).status for message_id in told.ids(again)] == ["opted_out", "sent"]


def test_what_waits_keeps_its_text_and_a_forgotten_failure_is_not_sent_empty(bench: Bench) -> None:
    first, second = bench.ids(bench.campaign(2))
    bench.execute("UPDATE messages SET status = 'failed' WHERE id = %s", first)
    forget_old_data(bench.db, KEPT, **in_days(400))  # type: ignore[arg-type]
    assert [bench.message(message_id).body for message_id in (first, second)] == ["body", "body"]
    bench.execute("UPDATE messages SET status = 'failed' WHERE id = %s", second)
    bench.execute("UPDATE campaigns SET status = 'completed'")
    bench.execute('UPDATE messages SET content = \'{"template": {"body": ["Zoé"]}}\'')
    forget_old_data(bench.db, KEPT, **in_days(400))  # type: ignore[arg-type]
    assert bench.execute("SELECT DISTINCT content FROM messages") == [{"content": None}]
    assert [bench.message(message_id).body for message_id in (first, second)] == ["", ""]
    with pytest.raises(NothingToSendError):
        resume_campaign(bench.db, 1, which=Resume.FAILED)


def test_an_event_that_waits_is_kept(bench: Bench) -> None:
    bench.execute("INSERT INTO webhook_inbox (dedup_key, payload) VALUES ('a', '{}')")
    assert forget_old_data(bench.db, KEPT, **in_days(2000))["events"] == 0  # type: ignore[arg-type]
