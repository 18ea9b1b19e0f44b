"""A client of webhooks that costs little: keep-alive connections, requests made beforehand."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Answers:
    """What came back: how many were answered 200, in how many seconds, and each one's latency in seconds.

    `processor` is what the client itself took, `late` how long after its time it sent each request that had one.
    """

    answered: int
    seconds: float
    latencies: tuple[float, ...]
    processor: float
    late: tuple[float, ...] = ()

    @property
    def rate(self) -> float:
        return self.answered / self.seconds


def request(url: str, body: bytes) -> bytes:
    """The bytes of one POST to this URL."""
    parts = urlsplit(url)
    head = (
        f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def _exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, raw: bytes) -> bool:
    writer.write(raw)
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    await reader.readexactly(int(length.partition(b":")[2]))
    return head.startswith(b"HTTP/1.1 200")


def as_fast_as_answered(url: str, raw: Iterator[bytes], *, connections: int, seconds: float) -> Answers:
    """Each connection sends its next request when its last was answered, for so long."""
    return asyncio.run(_closed(url, raw, connections, seconds))


async def _closed(url: str, raw: Iterator[bytes], connections: int, seconds: float) -> Answers:
    parts = urlsplit(url)
    latencies: list[float] = []
    started, before = time.perf_counter(), time.process_time()

    async def one() -> int:
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        answered = 0
        while (sent := time.perf_counter()) < started + seconds:
            answered += await _exchange(reader, writer, next(raw))
            latencies.append(time.perf_counter() - sent)
        writer.close()
        return answered

    counts = await asyncio.gather(*(one() for _ in range(connections)))
    taken = time.process_time() - before
    return Answers(sum(counts), time.perf_counter() - started, tuple(latencies), taken)


def at_a_rate(url: str, raw: Sequence[bytes], *, connections: int, per_second: float) -> Answers:
    """Requests at fixed times, whatever the answers do; a latency counts from when its request was due."""
    return asyncio.run(_open(url, raw, connections, per_second))


async def _open(url: str, raw: Sequence[bytes], connections: int, per_second: float) -> Answers:
    parts = urlsplit(url)
    due: asyncio.Queue[tuple[float, bytes] | None] = asyncio.Queue()
    latencies: list[float] = []
    late: list[float] = []
    started, before = time.perf_counter(), time.process_time()

    async def one() -> int:
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        answered = 0
        while (job := await due.get()) is not None:
            at, body = job
            answered += await _exchange(reader, writer, body)
            latencies.append(time.perf_counter() - at)
        writer.close()
        return answered

    workers = [asyncio.ensure_future(one()) for _ in range(connections)]
    for number, body in enumerate(raw):
        at = started + number / per_second
        await asyncio.sleep(max(0.0, at - time.perf_counter()))
        late.append(time.perf_counter() - at)
        due.put_nowait((at, body))
    for _ in workers:
        due.put_nowait(None)
    counts = await asyncio.gather(*workers)
    taken = time.process_time() - before
    return Answers(sum(counts), time.perf_counter() - started, tuple(latencies), taken, tuple(late))
