"""The logs of a real run: every line an object, one identifier from a webhook to its Message 2, nobody's number."""

import json
import re
from collections.abc import Iterator

import httpx
import psycopg
import pytest

from system.correlation import HEADER
from system.sandbox.demo import fictional_phones
from system.sandbox.gateway_protocol import Behaviour, Rule
from system.sandbox.processes import wait_until
from system.sandbox.stack import RunningStack, running_stack

pytestmark = pytest.mark.real
KEY = "key-that-nobody-may-read"
GIVEN = "request-of-this-test"


@pytest.fixture(scope="module")
def stack() -> Iterator[RunningStack]:
    with running_stack(extra_env={"WASSENGER_API_KEY": KEY, "DAILY_MESSAGE_LIMIT": "100000"}) as running:
        yield running


def final(stack: RunningStack, kind: str) -> int:
    query = "SELECT count(*) FROM messages WHERE kind = %s AND status IN ('sent', 'failed')"
    with psycopg.connect(stack.database_url) as connection:
        ((count,),) = connection.execute(query, [kind]).fetchall()
    return int(count)


def test_a_run_can_be_followed_and_names_nobody(stack: RunningStack) -> None:
    phones = fictional_phones(30)
    stack.gateway.behave(Behaviour(rules=(Rule(outcome="status", status=400, phone=phones[0]),)))
    stack.launch_campaign("Journal", "Bonjour", phones)
    wait_until(lambda: final(stack, "message_1") == len(phones), seconds=60, what="every Message 1 in its final state")
    data = {"id": "answer-1", "type": "text", "flow": "inbound", "fromNumber": phones[1], "body": f"oui, {phones[2]}"}
    answer = httpx.post(
        f"{stack.web_url}/webhooks/wassenger",
        json={"event": "message:in:new", "data": data},
        headers={HEADER: GIVEN},
        timeout=10,
        trust_env=False,
    )
    assert answer.headers[HEADER] == GIVEN
    wait_until(lambda: final(stack, "message_2") == 1, seconds=30, what="the Message 2 sent")

    def told() -> list[dict[str, object]]:
        text = stack.supervisor.log.read_text()
        return [json.loads(line) for line in text.splitlines() if line.startswith("{")]

    def sends() -> list[dict[str, object]]:
        return [line for line in told() if line["event"] == "message_sent"]

    # One Message 1 was refused, and one Message 2 was sent.
    wait_until(lambda: len(sends()) == len(phones), seconds=10, what="a line for each send")
    (refused,) = [line for line in told() if line["event"] == "message_not_sent"]
    assert refused["why"] == "failed: HTTP 400"
    (second,) = [line for line in sends() if line["kind"] == "message_2"]
    assert second["correlation_id"] == GIVEN
    first = {line["correlation_id"] for line in sends() if line["kind"] == "message_1"}
    assert len(first) == 1, "one launch, one identifier"
    log = stack.supervisor.log.read_text()
    digits = [phone.removeprefix("+") for phone in phones]
    assert [number for number in digits if number in log] == []
    assert not re.search(r"\+\d{8,15}", log)
    assert KEY not in log
    names = {line["logger"] for line in told()}
    assert {"uvicorn.access", "celery.worker.strategy", "system.services.sending"} <= names
    routine = [line for line in told() if "sweep_expired_leases" in str(line["event"])]
    assert routine == [], "a sweep that finds nothing says nothing"
