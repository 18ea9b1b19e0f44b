import itertools
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from system.db.database import Database
from system.db.inbox import begin_left_behind
from system.domain.statuses import MessageKind
from system.domain.wakeups import SendMessage
from system.gateway.webhooks import Event
from system.services import inbox
from tests.unit.system.bench import Bench
from tests.unit.system.services.webhook_events import age, event, process

ORDERS = list(itertools.permutations(["failed", "delivered", "read"]))


@pytest.fixture
def message_id(bench: Bench) -> int:
    (found,) = bench.ids(bench.campaign())
    bench.sender().send(found)
    return found


def told(bench: Bench, message_id: int, word: str, *, by: str) -> Event:
    """An acknowledgement in the shape that names the message by WhatsApp's identifier, or by the API's."""
    message = bench.message(message_id)
    name = "message:out:failed" if word == "failed" else "message:out:ack"
    payload: dict[str, Any] = {"event": name, "data": {"id": message.wa_id, "ack": word}}
    if by == "api":
        payload = {"event": name, "entityId": message.gateway_id, "data": {"deliveryStatus": word}}
    return Event(f"{word}|{by}", payload)


def waiting(bench: Bench) -> list[dict[str, object]]:
    return bench.execute("SELECT attempts, error FROM webhook_inbox WHERE processed_at IS NULL ORDER BY id")


@pytest.mark.parametrize("by", ["whatsapp", "api"])
@pytest.mark.parametrize("order", ORDERS, ids="-".join)
def test_the_order_in_which_words_come_does_not_matter(
    bench: Bench, message_id: int, order: tuple[str, ...], by: str
) -> None:
    for word in order:
        process(bench, told(bench, message_id, word, by=by))
    assert bench.message(message_id).status == "read"
    assert bench.message(message_id).last_error is None
    assert waiting(bench) == []


def test_a_failed_delivery_is_an_error_of_the_day_once(bench: Bench, message_id: int) -> None:
    process(bench, told(bench, message_id, "failed", by="api"), told(bench, message_id, "failed", by="whatsapp"))
    message = bench.message(message_id)
    assert (message.status, message.last_error) == ("failed", "the gateway accepted it and could not deliver it")
    assert bench.execute("SELECT message_1, errors FROM daily_counters") == [{"message_1": 1, "errors": 1}]


def test_an_answer_of_the_gateway_that_comes_late_does_not_undo_what_is_known(bench: Bench) -> None:
    campaign_id = bench.campaign()
    (message_id,) = bench.ids(campaign_id)

    def meanwhile() -> None:
        bench.gateway.before_post = lambda: None
        bench.age(31)
        bench.sender().send(message_id)
        process(bench, told(bench, message_id, "failed", by="api"))

    bench.gateway.before_post = meanwhile
    bench.sender().send(message_id)
    assert bench.message(message_id).status == "failed"


def test_a_word_that_comes_before_the_sender_knows_waits_for_it(bench: Bench, message_id: int) -> None:
    early = told(bench, message_id, "read", by="api")
    bench.execute("UPDATE messages SET status = 'unknown', gateway_id = NULL, wa_id = NULL, sent_at = NULL")
    process(bench, early)
    assert waiting(bench) == [{"attempts": 2, "error": "waiting: no message has this identifier"}]
    bench.sender().send(message_id)
    age(bench, 61)
    inbox.process_left_behind(bench.db)
    assert bench.message(message_id).status == "read"


def test_what_fails_again_and_again_is_given_up_with_its_reason(bench: Bench, message_id: int) -> None:
    bench.execute("ALTER TABLE interactions RENAME TO gone")
    process(bench, event(1), event(2, "+33600000000"))
    assert [row["attempts"] for row in waiting(bench)] == [2]
    for attempts, wait in ((3, 60), (4, 120), (5, 240)):
        age(bench, wait - 5)
        inbox.process_left_behind(bench.db)
        assert [row["attempts"] for row in waiting(bench)] == [attempts - 1]
        age(bench, 6)
        inbox.process_left_behind(bench.db)
        assert [row["attempts"] for row in waiting(bench)] == [attempts]
    age(bench, 481)
    assert inbox.process_left_behind(bench.db) == []
    assert waiting(bench) == []
    (row,) = bench.execute("SELECT error FROM webhook_inbox WHERE attempts = 5")
    assert str(row["error"]).startswith('given up after 5 attempts: UndefinedTable: relation "interactions"')


def test_what_kills_its_process_is_given_up_too(bench: Bench) -> None:
    ((entry,),) = inbox.receive(bench.db, [[event(1)]])
    assert entry.attempts == 1  # and the process dies here
    for attempts in range(2, 6):
        age(bench, 961)
        with bench.db.transaction() as connection:
            again = begin_left_behind(connection, wait_seconds=30, most_attempts=5)
        assert again is not None
        assert again.attempts == attempts
    age(bench, 961)
    inbox.process_left_behind(bench.db)
    (row,) = bench.execute("SELECT error FROM webhook_inbox")
    assert row["error"] == "given up after 5 attempts: its process died"


def test_what_is_ignored_is_recorded_and_never_processed(bench: Bench) -> None:
    strange = Event("ignored|1", {"raw": "3"}, "ignored: an event is not an object")
    assert inbox.receive(bench.db, [[strange, strange]]) == [[]]
    assert bench.execute("SELECT error, processed_at IS NOT NULL AS done FROM webhook_inbox") == [
        {"error": "ignored: an event is not an object", "done": True}
    ]


def test_a_failure_that_cannot_be_recorded_is_logged(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    ((entry,),) = inbox.receive(bench.db, [[event(1)]])
    bench.execute("ALTER TABLE webhook_inbox RENAME TO gone")
    inbox.record_failure(bench.db, entry, ZeroDivisionError("by zero"))
    assert "could not be recorded" in caplog.text


WORDS = ["failed", "delivered", "read"]


def together(bench: Bench, *events: Event) -> None:
    received = inbox.receive(bench.db, [[event] for event in events])
    assert inbox.acknowledge(bench.db, [entry for found in received for entry in found]) == []


@given(st.lists(st.tuples(st.integers(0, 1), st.sampled_from(WORDS), st.sampled_from(["api", "whatsapp"])), max_size=6))
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_acknowledged_together_is_as_acknowledged_one_by_one(db: Database, said: list[tuple[int, str, str]]) -> None:
    bench = Bench(db)
    bench.execute("TRUNCATE campaigns, contacts, messages, daily_counters, webhook_inbox CASCADE")
    ids = bench.ids(bench.campaign(2))
    for message_id in ids:
        bench.sender().send(message_id)
    events = [
        replace(told(bench, ids[which], word, by=by), dedup_key=f"{number}")
        for number, (which, word, by) in enumerate(said)
    ]
    together(bench, *events)
    ranks = {which: max(["sent", *WORDS].index(word) for at, word, _ in said if at == which) for which, _, _ in said}
    for which, message_id in enumerate(ids):
        assert bench.message(message_id).status == ["sent", *WORDS][ranks.get(which, 0)]
    failed = {which for which, word, _ in said if word == "failed"}
    assert bench.execute("SELECT errors FROM daily_counters") == [{"errors": len(failed)}]
    assert waiting(bench) == []


def test_among_many_acknowledgements_a_strange_one_waits_alone(bench: Bench, message_id: int) -> None:
    stranger = Event("stranger", {"event": "message:out:ack", "data": {"id": "nobody", "ack": "read"}})
    together(bench, stranger, told(bench, message_id, "read", by="api"))
    assert bench.message(message_id).status == "read"
    assert waiting(bench) == [{"attempts": 1, "error": "no message has this identifier"}]


def test_what_is_no_acknowledgement_is_left_and_so_is_all_when_the_database_fails(
    bench: Bench, message_id: int
) -> None:
    ((answer, ack),) = inbox.receive(bench.db, [[event(1), told(bench, message_id, "read", by="api")]])
    bench.execute("ALTER TABLE messages RENAME COLUMN wa_id TO gone")
    assert inbox.acknowledge(bench.db, [answer, ack]) == [answer, ack]
    bench.execute("ALTER TABLE messages RENAME COLUMN gone TO wa_id")
    assert inbox.acknowledge(bench.db, [answer, ack]) == [answer]
    assert bench.message(message_id).status == "read"


def sweep(bench: Bench, seconds: int) -> list[SendMessage]:
    """What the sweeps of so many seconds publish, the senders at work beside them."""
    woken: list[SendMessage] = []
    for _ in range(seconds // 30):
        age(bench, 30)
        bench.age(30)
        for message_id in bench.execute("SELECT id FROM messages WHERE kind = 'message_1'"):
            bench.sender().send(int(str(message_id["id"])))
        woken += inbox.process_left_behind(bench.db)
    return woken


@pytest.fixture
def lost_answer(bench: Bench) -> int:
    """A message the gateway accepted without its answer coming through; nor can it be asked."""
    (message_id,) = bench.ids(bench.campaign())
    bench.gateway.answers.append("lose the answer")
    bench.sender().send(message_id)
    bench.gateway.reachable = False
    return message_id


def test_a_reply_outlives_an_outage_of_the_gateway(bench: Bench, lost_answer: int) -> None:
    inbox.receive(bench.db, [[event(1)]])
    assert sweep(bench, 3600) == []
    bench.gateway.reachable = True
    assert [wake_up.kind for wake_up in sweep(bench, 240)] == [MessageKind.MESSAGE_2]
    assert waiting(bench) == []


def test_an_acknowledgement_outlives_an_outage_of_the_gateway(bench: Bench, lost_answer: int) -> None:
    reference = bench.gateway.accepted[0]
    inbox.receive(
        bench.db, [[Event("ack", {"event": "message:out:ack", "data": {"id": f"wa-{reference}", "ack": "read"}})]]
    )
    sweep(bench, 3600)
    bench.gateway.reachable = True
    sweep(bench, 240)
    assert bench.message(lost_answer).status == "read"


def test_a_reply_waits_for_the_truth_a_day_and_no_longer(bench: Bench, lost_answer: int) -> None:
    inbox.receive(bench.db, [[event(1)]])
    sweep(bench, 3600)
    assert len(waiting(bench)) == 1
    bench.execute("UPDATE webhook_inbox SET received_at = received_at - interval '1 day'")
    sweep(bench, 1200)
    assert waiting(bench) == []
    (row,) = bench.execute("SELECT error FROM webhook_inbox")
    assert (
        row["error"] == "given up after 5 attempts: waiting: whether a message was sent to this number is not known yet"
    )


def test_an_acknowledgement_of_a_stranger_is_given_up_when_nothing_is_in_doubt(bench: Bench, message_id: int) -> None:
    inbox.receive(bench.db, [[Event("ack", {"event": "message:out:ack", "data": {"id": "nobody", "ack": "read"}})]])
    sweep(bench, 1200)
    assert waiting(bench) == []


def test_what_waits_for_the_truth_does_not_hold_up_the_others(bench: Bench, lost_answer: int) -> None:
    ((asked_again, fresh),) = inbox.receive(bench.db, [[event(1), event(2)]])
    bench.execute("UPDATE webhook_inbox SET received_at = now() - interval '1 hour', next_attempt_at = now()")
    bench.execute("UPDATE webhook_inbox SET received_at = now() - interval '40 s', next_attempt_at = NULL WHERE id = %s",
                  fresh.id)  # fmt: skip
    with bench.db.transaction() as connection:
        entries = [begin_left_behind(connection, wait_seconds=30, most_attempts=5) for _ in range(3)]
    assert [entry and entry.id for entry in entries] == [fresh.id, asked_again.id, None]
