"""Waits for the results of tasks by other methods than `get`, or by `get` that something else calls."""

from audit.model.findings import Outcome
from tests.rules.kinds.program import ALARM, PASSES, WARNED, Program

_HEAD = """
import asyncio
import time

import redis
from celery import Celery, group

app = Celery("shop", broker="redis://localhost/0", backend="redis://localhost/1")


client = redis.Redis()


@app.task
def fetch(url):
    return url


@app.task
def crawl(urls):
"""


def _wait(name: str, body: str, outcomes: frozenset[Outcome] = ALARM) -> Program:
    lines = "".join(f"    {line}\n" for line in body.split("\n"))
    return Program("no-result-wait", name, outcomes, _HEAD + lines)


_POLL = "fetch.delay(urls)\nfor _ in range(600):\n    if {0}:\n        break\n    time.sleep(1)"

PROGRAMS = (
    _wait("iterated", "job = group(fetch.s(url) for url in urls)()\nreturn [page for page in job.iterate()]"),
    _wait("called by a thread", "result = fetch.delay(urls[0])\nreturn asyncio.run(asyncio.to_thread(result.get))"),
    _wait(
        "each called", "results = [fetch.delay(u) for u in urls]\nreturn [asyncio.to_thread(r.get) for r in results]"
    ),
    _wait("a dictionary's", "kept = {}\nreturn list(map(kept.get, urls))", PASSES),
    _wait("a list of answers", "fetch.delay(urls)\nreturn client.blpop(urls)"),
    _wait(
        "a list of answers by its name",
        "reply = f'reply:{urls}'\nfetch.apply_async((reply,))\nreturn client.brpop([reply], timeout=9)",
    ),
    _wait("another list", "fetch.delay(urls)\nreturn client.blpop('jobs')", PASSES),
    _wait("a list, before", "one = client.blpop(urls)\nfetch.delay(urls)", PASSES),
    _wait("a row", _POLL.format("Page.objects.get(pk=urls).state == 'done'"), WARNED),
    _wait("a key", _POLL.format("client.get(urls)"), WARNED),
    _wait("a key, in a condition", "fetch.delay(urls)\nwhile not client.exists(urls):\n    time.sleep(1)", WARNED),
    _wait(
        "tried again",
        "fetch.delay(urls)\nfor _ in range(3):\n    try:\n        post(urls)\n        break\n    except OSError:\n        time.sleep(1)",
        PASSES,
    ),
    _wait("tried again until it is done", _POLL.format("post(urls)"), PASSES),
    _wait("another row", _POLL.format("Page.objects.get(pk=1).state == 'done'"), PASSES),
    _wait("each of many, slowly", "for url in urls:\n    fetch.delay(url)\n    time.sleep(1)", PASSES),
    _wait(
        "publications that wait",
        "fetch.delay(urls)\nfor url in urls:\n    if seen(url): break\n    fetch.delay(url)\n    time.sleep(1)",
        PASSES,
    ),
)
