"""Who opts out while a message waits receives nothing: the row of the message decides who comes first."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Event as Signal

import pytest

from system.db import messages, suppressions
from system.domain.statuses import MessageStatus
from system.services.campaigns import create_campaign, launch_campaign
from system.services.consent import opt_out
from system.services.sending import Done, TransientFailure
from tests.criteria.inbound import deliver, from_person, phone
from tests.unit.system.bench import Bench

NOT_OURS = "not due, final, or claimed by another process"


def claim(bench: Bench, message_id: int) -> messages.Claim | None:
    with bench.db.transaction() as connection:
        return messages.claim(
            connection,
            message_id,
            lease_seconds=30,
            now=datetime.now(UTC),
            day=datetime.now(UTC).date(),
            daily_limit=1000,
        )


def test_a_refusal_before_the_send_ends_what_waits(bench: Bench) -> None:
    first, second = bench.ids(bench.campaign(2))
    assert opt_out(bench.db, phone(0), source="test") == 1
    assert opt_out(bench.db, phone(0), source="test") == 0
    for number in (first, second):
        bench.sender().send(number)
    assert [bench.message(number).status for number in (first, second)] == ["opted_out", "sent"]
    assert len(bench.gateway.accepted) == 1


def test_stop_in_the_window_earns_no_message_2_and_ends_the_one_that_waits(bench: Bench) -> None:
    (message_id,) = bench.ids(bench.campaign())
    bench.sender().send(message_id)
    (woken,) = deliver(bench, from_person(0))
    assert deliver(bench, from_person(0, "Arrêtez !")) == []
    assert bench.sender().send(woken.message_id) == Done(NOT_OURS)
    assert bench.message(woken.message_id).status is MessageStatus.OPTED_OUT
    assert bench.execute("SELECT outcome FROM messages WHERE kind = 'message_1'") == [{"outcome": "opted_out"}]
    assert bench.execute("SELECT source, said FROM suppressions") == [{"source": "message", "said": "Arrêtez !"}]
    assert deliver(bench, from_person(0, "finalement oui")) == []
    assert bench.execute("SELECT count(*) FROM interactions") == [{"count": 3}]


def test_stop_of_somebody_we_never_wrote_to_is_heard_too(bench: Bench) -> None:
    deliver(bench, from_person(7, "STOP"))
    campaign_id = bench.campaign(8)
    assert [row["status"] for row in bench.execute("SELECT status FROM messages ORDER BY id")] == [
        *["pending"] * 7,
        "opted_out",
    ]
    assert bench.execute("SELECT outcome FROM messages WHERE outcome IS NOT NULL") == [{"outcome": "opted_out"}]
    assert campaign_id


def test_a_suppression_that_no_withdrawal_followed_is_honoured_by_the_claim_itself(bench: Bench) -> None:
    """As for a Message 2 inserted by a transaction that the opt-out could not see."""
    (message_id,) = bench.ids(bench.campaign())
    with bench.db.transaction() as connection:
        suppressions.suppress(connection, phone(0), source="test")
    assert bench.sender().send(message_id) == Done(NOT_OURS)
    assert bench.message(message_id).status is MessageStatus.OPTED_OUT
    assert bench.execute("SELECT count(*) FROM daily_counters WHERE message_1 > 0") == [{"count": 0}]


@pytest.mark.parametrize("claim_first", [True, False])
def test_an_opt_out_during_a_claim_waits_for_it_and_the_other_way_round(bench: Bench, claim_first: bool) -> None:
    """Two transactions at once, the order imposed: the later one sees what the earlier one made of the row."""
    (message_id,) = bench.ids(bench.campaign())
    inside, go_on = Signal(), Signal()

    def first() -> object:
        with bench.db.transaction() as connection:
            if claim_first:
                made: object = messages.claim(
                    connection,
                    message_id,
                    lease_seconds=30,
                    now=datetime.now(UTC),
                    day=datetime.now(UTC).date(),
                    daily_limit=1000,
                )
            else:
                suppressions.suppress(connection, phone(0), source="test")
                made = suppressions.withdraw(connection, phone(0))
            inside.set()
            assert go_on.wait(10)
            return made

    def second() -> object:
        return opt_out(bench.db, phone(0), source="test") if claim_first else claim(bench, message_id)

    with ThreadPoolExecutor(2) as pool:
        earlier = pool.submit(first)
        assert inside.wait(10)
        later = pool.submit(second)
        bench_waits_for_a_lock(bench)
        go_on.set()
        made, found = earlier.result(10), later.result(10)
    if claim_first:
        assert isinstance(made, messages.Claim)
        assert found == 0
        assert bench.message(message_id).status is MessageStatus.SENDING
    else:
        assert (made, found) == (1, None)
        assert bench.message(message_id).status is MessageStatus.OPTED_OUT


def bench_waits_for_a_lock(bench: Bench) -> None:
    """Returns once a transaction waits for another."""
    for _ in range(2000):
        waiting = bench.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        )
        if waiting != [{"count": 0}]:
            return
    pytest.fail("nothing waits for the lock")


def test_of_many_races_no_message_leaves_after_the_opt_out_was_acknowledged(bench: Bench) -> None:
    """Opt-outs and senders at once: whoever is sent to was claimed before its opt-out returned."""
    ids = bench.ids(bench.campaign(20))
    with ThreadPoolExecutor(4) as pool:
        ended = [pool.submit(opt_out, bench.db, phone(number), source="test") for number in range(20)]
        claims = [pool.submit(claim, bench, message_id) for message_id in ids]
        withdrawn = sum(future.result() for future in ended)
        claimed = [found for found in (future.result() for future in claims) if found is not None]
    assert withdrawn + len(claimed) <= 20
    statuses = [row["status"] for row in bench.execute("SELECT status FROM messages ORDER BY id")]
    assert statuses.count("sending") == len(claimed)
    assert statuses.count("opted_out") == 20 - len(claimed)


def test_a_doubtful_message_is_asked_about_and_then_not_sent(bench: Bench) -> None:
    (message_id,) = bench.ids(bench.campaign())
    bench.die_at_post()
    with pytest.raises(KeyboardInterrupt):
        bench.sender().send(message_id)
    opt_out(bench.db, phone(0), source="test")
    assert bench.message(message_id).status is MessageStatus.SENDING
    bench.age(31)
    assert bench.sender().send(message_id) == Done("the person opted out")
    assert bench.message(message_id).status is MessageStatus.OPTED_OUT
    assert bench.gateway.accepted == []


def test_what_had_left_is_recorded_as_sent_all_the_same(bench: Bench) -> None:
    (message_id,) = bench.ids(bench.campaign())
    bench.gateway.answers.append("lose the answer")
    assert isinstance(bench.sender().send(message_id), TransientFailure)
    opt_out(bench.db, phone(0), source="test")
    bench.age(31)
    assert bench.sender().send(message_id) == Done("reconciled")


def test_consent_is_recorded_with_its_source_and_an_earlier_one_is_kept(bench: Bench) -> None:
    bench.execute(
        "INSERT INTO contacts (phone, opted_in_at, opt_in_source) VALUES (%s, '2024-01-01Z', 'form')", phone(1)
    )
    launch_campaign(bench.db, create_campaign(bench.db, "name", "body", [phone(0), phone(1)]))
    rows = bench.execute("SELECT opt_in_source, opted_in_at < '2025-01-01Z' AS old FROM contacts ORDER BY phone")
    assert [row["old"] for row in rows] == [False, True]
    assert str(rows[0]["opt_in_source"]).startswith("list of campaign ")


def test_a_bad_number_is_refused(bench: Bench) -> None:
    with pytest.raises(ValueError, match=r"not an E\.164"):
        opt_out(bench.db, "12", source="test")
