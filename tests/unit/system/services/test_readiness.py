"""Readiness is told in time, whatever the servers do."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from system.services.readiness import DATABASE_SECONDS, answers, database_answers, database_writes


@pytest.fixture
def mute() -> Iterator[int]:
    """The port of a server that lets everybody in and never says a word, as a frozen one."""
    with socket.create_server(("127.0.0.1", 0), backlog=16) as listener:
        yield listener.getsockname()[1]


def test_all_are_asked_at_once_and_each_keeps_its_answer() -> None:
    meeting = threading.Barrier(2, timeout=5)

    def question(answer: bool) -> bool:
        meeting.wait()
        return answer

    found = asyncio.run(answers({"yes": lambda: question(True), "no": lambda: question(False)}, seconds=5))
    assert found == {"yes": True, "no": False}


def test_what_does_not_answer_in_time_counts_as_no() -> None:
    never = threading.Event()

    async def ask() -> dict[str, bool]:
        try:
            return await answers({"frozen": never.wait, "well": lambda: True}, seconds=0.2)
        finally:
            never.set()

    assert asyncio.run(ask()) == {"frozen": False, "well": True}


def test_a_question_that_fails_is_not_an_answer() -> None:
    with pytest.raises(ZeroDivisionError):
        asyncio.run(answers({"broken": lambda: bool(1 // 0)}, seconds=5))


@pytest.mark.real
def test_the_database_answers(postgres_url: str) -> None:
    assert database_answers(postgres_url)


@pytest.mark.real
def test_a_database_that_takes_nothing_more_does_not_write(postgres_url: str) -> None:
    assert database_writes(postgres_url)
    # What a provider makes of a database whose disk is nearly full, and what a session gets that finds no room.
    for limit in ("-cdefault_transaction_read_only%3Don", "-ctemp_file_limit%3D0"):
        limited = f"{postgres_url}?options={limit}"
        assert database_answers(limited)
        assert not database_writes(limited)


def test_a_database_that_is_away_or_frozen_does_not_answer(mute: int) -> None:
    assert not database_answers("postgresql://nobody@127.0.0.1:9/none")
    started = time.monotonic()
    assert not database_answers(f"postgresql://nobody@127.0.0.1:{mute}/none")
    assert time.monotonic() - started < 2 * DATABASE_SECONDS + 1
