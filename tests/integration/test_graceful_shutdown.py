"""A TERM while a campaign runs: what was begun is finished, and what is left is sent once after the restart."""

import json
import signal
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import psycopg
import pytest

from system.deploy.plan import HEROKU_STOP_SECONDS, reference_plan
from system.sandbox.demo import fictional_phones
from system.sandbox.gateway_protocol import Behaviour
from system.sandbox.processes import wait_until
from system.sandbox.stack import RunningStack, running_stack
from system.sandbox.starters import START_SCRIPT, SUPERVISORD, Starter
from system.sandbox.tally import tally

pytestmark = pytest.mark.real
CONTACTS = 150
LIMIT = {
    SUPERVISORD.name: reference_plan().total_stop_seconds,
    START_SCRIPT.name: reference_plan().longest_stop_seconds,
}


def rows(stack: RunningStack, query: str) -> dict[str, int]:
    with psycopg.connect(stack.database_url) as connection:
        return {str(key): int(count) for key, count in connection.execute(query.encode()).fetchall()}


def statuses(stack: RunningStack) -> dict[str, int]:
    return rows(stack, "SELECT status, count(*) FROM messages GROUP BY status")


def answered_webhooks(web_url: str) -> int:
    """Posts one webhook after the other until the server is gone; returns how many were answered 200."""
    answered = 0
    with httpx.Client(trust_env=False, timeout=5) as client:
        while True:
            data = {"id": f"wa-{answered}", "fromNumber": "33639989999@c.us", "body": "Oui"}
            try:
                answer = client.post(f"{web_url}/webhooks/wassenger", content=json.dumps(event(data)))
            except httpx.HTTPError:
                return answered
            answered += answer.status_code == 200


def event(data: dict[str, str]) -> dict[str, object]:
    return {"event": "message:in:new", "data": data}


@contextmanager
def webhooks_arriving(stack: RunningStack) -> Iterator["Future[int]"]:
    with ThreadPoolExecutor(max_workers=1) as pool:
        yield pool.submit(answered_webhooks, stack.web_url)


@pytest.mark.parametrize("starter", [SUPERVISORD, START_SCRIPT], ids=lambda starter: starter.name)
def test_a_term_under_load_loses_and_doubles_nothing(tmp_path: Path, starter: Starter) -> None:
    phones = fictional_phones(CONTACTS)
    with running_stack(data_dir=tmp_path, starter=starter) as stack:
        stack.gateway.behave(Behaviour(latency_before_ms=100, latency_after_ms=100))
        stack.launch_campaign("Arrêt", "Bonjour", phones)
        wait_until(lambda: stack.gateway.counts().accepted >= 20, seconds=60, what="twenty sends accepted")
        with webhooks_arriving(stack) as webhooks:
            wait_until(
                lambda: bool(rows(stack, "SELECT 'all', count(*) FROM webhook_inbox")["all"]),
                seconds=20,
                what="webhooks arrive",
            )
            begun = time.monotonic()
            stack.supervisor.signal(signal.SIGTERM)
            assert stack.supervisor.wait(LIMIT[starter.name]) == 0
        assert time.monotonic() - begun < LIMIT[starter.name]
        # What was begun is finished and recorded: nobody was cut between the gateway and the database.
        stopped = statuses(stack)
        assert set(stopped) == {"pending", "sent"}, stopped
        assert stopped["sent"] == len(stack.gateway.ledger())
        # So is what was promised by a 200.
        inbox = rows(stack, "SELECT processed_at IS NOT NULL, count(*) FROM webhook_inbox GROUP BY 1")
        assert inbox.keys() == {"True"}
        assert inbox["True"] >= webhooks.result() > 0
    with running_stack(data_dir=tmp_path, starter=starter) as stack:
        wait_until(lambda: set(statuses(stack)) == {"sent"}, seconds=90, what="the rest is sent", interval=0.2)
        assert tally(phones, stack.gateway.ledger()).exactly_once


def test_a_term_to_every_process_at_once_fits_in_what_heroku_allows(tmp_path: Path) -> None:
    phones = fictional_phones(60)
    with running_stack(data_dir=tmp_path, extra_env={"REMAP_SIGTERM": "SIGQUIT"}) as stack:
        stack.gateway.behave(Behaviour(latency_before_ms=100, latency_after_ms=100))
        stack.launch_campaign("Heroku", "Bonjour", phones)
        wait_until(lambda: stack.gateway.counts().accepted >= 20, seconds=60, what="twenty sends accepted")
        main = psutil.Process(stack.main_pid("worker"))
        begun = time.monotonic()
        for process in (*main.children(), main):
            process.send_signal(signal.SIGTERM)
        # Celery sleeps through the whole of its soft shutdown; the supervisor then starts the worker again.
        assert main.wait(HEROKU_STOP_SECONDS) is None
        assert time.monotonic() - begun >= reference_plan().soft_shutdown_seconds - 1
        wait_until(lambda: set(statuses(stack)) == {"sent"}, seconds=90, what="the rest is sent", interval=0.2)
        assert tally(phones, stack.gateway.ledger()).exactly_once
