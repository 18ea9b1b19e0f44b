from hypothesis import given
from hypothesis import strategies as st

from system.domain.wakeups import MOST_IN_TURN, SENDERS, in_turns


@given(st.lists(st.integers(min_value=1), unique=True, max_size=400))
def test_every_message_is_woken_once_in_order_and_few_are_spread(ids: list[int]) -> None:
    turns = in_turns(ids)
    assert [number for turn in turns for number in turn.message_ids] == ids
    assert len(turns) >= min(len(ids), SENDERS)
    assert all(len(turn.message_ids) <= MOST_IN_TURN for turn in turns)
