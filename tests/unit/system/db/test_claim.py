from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from system.db import lost_wakeups, messages
from system.db.database import Database
from tests.unit.system.bench import Bench


def test_of_many_claims_at_once_one_succeeds(bench: Bench, db: Database) -> None:
    for message_id in bench.ids(bench.campaign(20)):
        together = Barrier(4)

        def claim(number: int = message_id, barrier: Barrier = together) -> messages.Claim | None:
            with db.transaction() as connection:
                barrier.wait()
                return messages.claim(
                    connection,
                    number,
                    lease_seconds=30,
                    now=bench.clock.now,
                    day=bench.clock.now.date(),
                    daily_limit=1000,
                )

        with ThreadPoolExecutor(4) as pool:
            claims = [future.result() for future in [pool.submit(claim) for _ in range(4)]]
        assert sum(found is not None for found in claims) == 1


def test_of_many_sweeps_at_once_each_message_is_in_one(bench: Bench, db: Database) -> None:
    ids = bench.ids(bench.campaign(50))
    bench.execute("UPDATE messages SET published_at = now() - interval '1 hour'")
    together = Barrier(4)

    def sweep() -> list[int]:
        with db.transaction() as connection:
            together.wait()
            return [found.message_id for found in lost_wakeups.take(connection, patience_seconds=30, limit=50)]

    with ThreadPoolExecutor(4) as pool:
        swept = [number for future in [pool.submit(sweep) for _ in range(4)] for number in future.result()]
    assert sorted(swept) == ids


def test_a_renewed_lease_belongs_to_its_token_only(bench: Bench, db: Database) -> None:
    (message_id,) = bench.ids(bench.campaign())
    with db.transaction() as connection:
        first = messages.claim(
            connection, message_id, lease_seconds=30, now=bench.clock.now, day=bench.clock.now.date(), daily_limit=1000
        )
        assert first is not None
        assert messages.renew_lease(connection, first, lease_seconds=30)
    bench.age(31)
    with db.transaction() as connection:
        second = messages.claim(
            connection, message_id, lease_seconds=30, now=bench.clock.now, day=bench.clock.now.date(), daily_limit=1000
        )
        assert second is not None
        assert second.doubtful
        assert not messages.renew_lease(connection, first, lease_seconds=30)


def claim_next(bench: Bench, sent: messages.Acceptance, message_id: int) -> tuple[bool, messages.Claim | None]:
    with bench.db.statement() as connection:
        return messages.claim_next(
            connection,
            sent,
            message_id,
            lease_seconds=30,
            now=bench.clock.now,
            day=bench.clock.now.date(),
            daily_limit=1000,
        )


def test_an_acceptance_is_recorded_once_whether_or_not_the_next_message_can_be_claimed(bench: Bench) -> None:
    first, second = bench.ids(bench.campaign(2))
    sent = messages.Acceptance(first, "g1", "w1", bench.clock.now)
    recorded, claim = claim_next(bench, sent, second)
    assert recorded
    assert claim is not None
    assert claim.id == second
    assert bench.message(first).gateway_id == "g1"
    # Known already, and the next one is somebody's.
    assert claim_next(bench, messages.Acceptance(first, "g2", None, bench.clock.now), second) == (False, None)
    assert bench.message(first).gateway_id == "g1"


def test_the_claim_sees_that_the_acceptance_before_it_ended_the_hold(bench: Bench) -> None:
    first, second, third = bench.ids(bench.campaign(3))
    bench.execute("UPDATE gateway_breaker SET refusals = 9, open_since = now(), probe_at = now(), reason = 'x'")
    # Found by a question, which shows nothing of how messages are taken.
    found = messages.Acceptance(first, "g1", None, bench.clock.now, posted=False)
    _, held = claim_next(bench, found, second)
    assert held is not None
    assert held.gateway_held
    assert held.quota_day is None
    _, free = claim_next(bench, messages.Acceptance(second, "g2", None, bench.clock.now), third)
    assert free is not None
    assert not free.gateway_held
    assert free.quota_day == bench.clock.now.date()
