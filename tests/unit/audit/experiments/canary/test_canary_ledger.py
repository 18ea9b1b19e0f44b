"""The fate of a message, from its own executions and from what the broker holds."""

import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from audit.experiments.canary.execution_ledger import Event, Fate, fate, read_events
from audit.experiments.canary.held_messages import CountedMessages, MessageTexts

NOWHERE = MessageTexts(b"", b"")
QUEUED = MessageTexts(b'{"id": "m"}', b"")
UNACKED = MessageTexts(b"", b'{"id": "m"}')


def _dead(_: int) -> bool:
    return False


def _alive(_: int) -> bool:
    return True


def _events(*kinds: str, pid: int = 7) -> list[Event]:
    return [Event(kind, "m", pid, float(at)) for at, kind in enumerate(kinds)]


def test_a_message_that_ended_once_is_done() -> None:
    assert fate("m", _events("start", "end"), NOWHERE, _dead) is Fate.DONE


def test_a_message_that_ended_twice_ran_twice() -> None:
    assert fate("m", _events("start", "end", "start", "end"), NOWHERE, _dead) is Fate.TWICE


def test_a_message_whose_execution_died_and_that_nobody_holds_is_lost() -> None:
    assert fate("m", _events("start"), NOWHERE, _dead) is Fate.LOST


def test_a_message_whose_execution_lives_is_not_lost() -> None:
    assert fate("m", _events("start"), NOWHERE, _alive) is Fate.RUNNING


def test_a_message_that_the_broker_holds_is_not_lost() -> None:
    assert fate("m", _events("start"), UNACKED, _dead) is Fate.HELD
    assert fate("m", _events("start"), QUEUED, _dead) is Fate.QUEUED


def test_a_done_message_still_unacknowledged_is_due_again() -> None:
    assert fate("m", _events("start", "end"), UNACKED, _dead) is Fate.DUE


def test_a_silent_broker_tells_nothing_of_what_did_not_end() -> None:
    assert fate("m", _events("start"), None, _dead) is Fate.UNKNOWN
    assert fate("m", _events("start", "end"), None, _dead) is Fate.DONE


def test_where_only_counts_are_known_a_message_is_lost_when_nothing_is_left() -> None:
    assert fate("m", _events("start"), CountedMessages(0, 0), _dead) is Fate.LOST
    assert fate("m", _events("start"), CountedMessages(1, 0), _dead) is Fate.QUEUED
    assert fate("m", _events("start"), CountedMessages(0, 1), _dead) is Fate.HELD
    assert fate("m", _events("start", "end"), CountedMessages(0, 1), _dead) is Fate.DONE


@given(st.integers(0, 3), st.sampled_from([NOWHERE, QUEUED, UNACKED, None]), st.booleans())
def test_what_ended_is_never_called_lost(ends: int, held: MessageTexts | None, alive: bool) -> None:
    events = _events(*["start", "end"] * ends, "start")
    found = fate("m", events, held, lambda _: alive)
    assert (found is Fate.LOST) == (ends == 0 and held == NOWHERE and not alive)


def test_the_line_that_a_killed_process_left_unfinished_is_not_counted(tmp_path: Path) -> None:
    path = tmp_path / "executions.jsonl"
    whole = json.dumps({"event": "start", "id": "m", "pid": 7, "at": 1.5})
    path.write_text(f"{whole}\n{whole[:-9]}")
    assert read_events(path) == [Event("start", "m", 7, 1.5)]
    assert read_events(tmp_path / "absent") == []
