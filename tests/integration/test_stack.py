"""The shipped ways of starting, on the real tree: what dies comes back, and the sending goes on."""

import os
import signal
from collections.abc import Iterator

import pytest

from system.sandbox.demo import fictional_phones
from system.sandbox.gateway_protocol import Behaviour
from system.sandbox.processes import SandboxError, wait_until
from system.sandbox.stack import RunningStack, running_stack
from system.sandbox.starters import START_SCRIPT, SUPERVISORD, Starter
from system.sandbox.tally import tally

pytestmark = pytest.mark.real


@pytest.fixture(scope="module", params=[SUPERVISORD, START_SCRIPT], ids=lambda starter: starter.name)
def stack(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    starter: Starter = request.param
    with running_stack(data_dir=tmp_path_factory.mktemp("stack"), starter=starter) as running:
        yield running


@pytest.mark.parametrize("program", ["web", "worker", "beat", "watchdog"])
def test_a_killed_program_comes_back_and_works(stack: RunningStack, program: str) -> None:
    old = stack.main_pid(program)
    os.kill(old, signal.SIGKILL)
    assert stack.wait_back(program, old) != old


def test_a_killed_pool_child_is_replaced(stack: RunningStack) -> None:
    wait_until(lambda: len(stack.child_pids("worker")) == 4, seconds=10, what="four children")
    main, before = stack.main_pid("worker"), stack.child_pids("worker")
    os.kill(before[0], signal.SIGKILL)
    wait_until(
        lambda: before[0] not in stack.child_pids("worker") and len(stack.child_pids("worker")) == 4,
        seconds=20,
        what="the child replaced",
    )
    assert stack.main_pid("worker") == main


def test_what_a_killed_worker_was_sending_is_sent_once(stack: RunningStack) -> None:
    since = stack.gateway.counts().accepted
    # Held after acceptance: the worker dies without knowing that its messages are accepted.
    stack.gateway.behave(Behaviour(hold="after"))
    phones = fictional_phones(20)
    stack.launch_campaign("Reprise", "Bonjour", phones)
    wait_until(lambda: stack.gateway.counts().held == 4, seconds=20, what="four sends held")
    old = stack.main_pid("worker")
    os.kill(old, signal.SIGKILL)
    stack.gateway.release()
    wait_until(lambda: stack.gateway.counts().accepted - since >= len(phones), seconds=60, what="twenty sends accepted")
    stack.wait_back("worker", old)
    assert tally(phones, stack.gateway.ledger(since=since)).exactly_once


def test_an_unknown_program_is_named(stack: RunningStack) -> None:
    with pytest.raises(SandboxError, match="mailer is not running"):
        stack.main_pid("mailer")
    assert not stack.works("mailer")


def test_an_order_the_tree_refuses_shows_what_it_said(stack: RunningStack) -> None:
    with pytest.raises(SandboxError, match=r"(?s)system.sandbox.launch.*Traceback.*not-a-number"):
        stack.launch_campaign("Refusée", "Bonjour", ["not-a-number"])
    assert stack.launch_campaign("Acceptée", "Bonjour", fictional_phones(1)) > 0


def test_the_data_are_where_the_user_said(stack: RunningStack) -> None:
    data = stack.logs.parent
    assert {path.name for path in data.iterdir()} >= {"logs", "postgres", "redis", "ledger.jsonl"}
