"""Work done together for callers that come together: what gathers while one call runs is the next call's."""

import asyncio
from collections.abc import Callable, Sequence
from contextvars import Context
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")
MOST_TOGETHER = 100


class Gathering(Generic[Item, Result]):
    """Hands items to `work` in a thread, one call at a time, and gives each caller the result of its own item.

    Nobody waits for others to come: an item that comes alone is worked on at once. `work` gives a result for each item, in
    order. When it raises one of `one_by_one` for several items, each is tried alone, so that one does not spoil the others.
    """

    def __init__(
        self, work: Callable[[Sequence[Item]], Sequence[Result]], *, one_by_one: tuple[type[Exception], ...] = ()
    ) -> None:
        self._work, self._one_by_one = work, one_by_one
        self._waiting: list[tuple[Item, asyncio.Future[Result]]] = []
        self._running: asyncio.Task[None] | None = None

    async def do(self, item: Item) -> Result:
        """The result of this item; raises what the work raises."""
        loop = asyncio.get_running_loop()
        result: asyncio.Future[Result] = loop.create_future()
        self._waiting.append((item, result))
        if self._running is None or self._running.done():
            # In a context of its own: it works for others than this caller too.
            self._running = loop.create_task(self._run(), context=Context())
        return await result

    async def _run(self) -> None:
        while self._waiting:
            together = self._waiting[:MOST_TOGETHER]
            del self._waiting[:MOST_TOGETHER]
            try:
                await self._try(together)
            except BaseException:
                # The loop ends: those who still wait must not wait for ever.
                for _, result in [*together, *self._waiting]:
                    result.cancel()
                self._waiting.clear()
                raise

    async def _try(self, together: list[tuple[Item, asyncio.Future[Result]]]) -> None:
        try:
            results = await asyncio.to_thread(self._work, [item for item, _ in together])
        except Exception as error:  # noqa: BLE001 (given to those whose items failed)
            if len(together) > 1 and isinstance(error, self._one_by_one):
                for alone in together:
                    await self._try([alone])
                return
            for _, waiting in together:
                if not waiting.done():
                    waiting.set_exception(error)
            return
        for (_, waiting), result in zip(together, results, strict=True):
            # Done already when its caller went away.
            if not waiting.done():
                waiting.set_result(result)
