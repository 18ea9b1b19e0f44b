"""Waits for the results of tasks by other methods than `get`, or by `get` that something else calls."""

from audit.model.findings import Outcome
from tests.rules.kinds.program import ALARM, PASSES, Program

_HEAD = """
import asyncio

from celery import Celery, group

app = Celery("shop", broker="redis://localhost/0", backend="redis://localhost/1")


@app.task
def fetch(url):
    return url


@app.task
def crawl(urls):
"""


def _wait(name: str, body: str, outcomes: frozenset[Outcome] = ALARM) -> Program:
    lines = "".join(f"    {line}\n" for line in body.split("\n"))
    return Program("no-result-wait", name, outcomes, _HEAD + lines)


PROGRAMS = (
    _wait("iterated", "job = group(fetch.s(url) for url in urls)()\nreturn [page for page in job.iterate()]"),
    _wait("called by a thread", "result = fetch.delay(urls[0])\nreturn asyncio.run(asyncio.to_thread(result.get))"),
    _wait(
        "each called", "results = [fetch.delay(u) for u in urls]\nreturn [asyncio.to_thread(r.get) for r in results]"
    ),
    _wait("a dictionary's", "kept = {}\nreturn list(map(kept.get, urls))", PASSES),
)
