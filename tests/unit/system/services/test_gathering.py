import asyncio
from collections.abc import Sequence
from threading import Event

import pytest

from system.services.gathering import MOST_TOGETHER, Gathering


class Work:
    """Doubles numbers; the first call waits until it is let go, so that others gather."""

    def __init__(self) -> None:
        self.calls: list[list[int]] = []
        self.go = Event()

    def __call__(self, items: Sequence[int]) -> list[int]:
        self.calls.append(list(items))
        self.go.wait(10)
        if 13 in items:
            raise ValueError("13")
        return [2 * item for item in items]


async def gathered(gathering: Gathering[int, int], work: Work, items: Sequence[int]) -> list[int | BaseException]:
    waiting = [asyncio.ensure_future(gathering.do(item)) for item in items]
    while not work.calls:
        await asyncio.sleep(0)
    work.go.set()
    return await asyncio.gather(*waiting, return_exceptions=True)


def test_each_caller_gets_its_own_result_and_calls_are_few() -> None:
    work = Work()
    items = list(range(14, 14 + 2 * MOST_TOGETHER))
    assert asyncio.run(gathered(Gathering(work), work, items)) == [2 * item for item in items]
    assert len(work.calls) <= 3
    assert max(map(len, work.calls)) <= MOST_TOGETHER


@pytest.mark.parametrize(("one_by_one", "spoilt"), [((ValueError,), 1), ((), 3)])
def test_a_failure_is_its_item_s_alone_where_that_can_be_told(
    one_by_one: tuple[type[Exception], ...], spoilt: int
) -> None:
    work = Work()
    results = asyncio.run(gathered(Gathering(work, one_by_one=one_by_one), work, [12, 13, 14]))
    assert sum(isinstance(result, ValueError) for result in results) == spoilt
    assert isinstance(results[1], ValueError)


def test_a_caller_that_goes_away_disturbs_nobody() -> None:
    work = Work()
    gathering = Gathering(work)

    async def scene() -> int:
        first = asyncio.ensure_future(gathering.do(1))
        while not work.calls:
            await asyncio.sleep(0)
        gone, stays = asyncio.ensure_future(gathering.do(2)), asyncio.ensure_future(gathering.do(3))
        await asyncio.sleep(0)
        first.cancel()
        gone.cancel()
        work.go.set()
        return await stays

    assert asyncio.run(scene()) == 6


def test_the_end_of_a_loop_leaves_nobody_waiting() -> None:
    work = Work()
    gathering = Gathering(work)

    async def scene() -> None:
        abandoned = asyncio.ensure_future(gathering.do(1))
        while not work.calls:
            await asyncio.sleep(0)
        assert not abandoned.done()
        work.go.set()

    asyncio.run(scene())
    assert asyncio.run(gathering.do(2)) == 4
