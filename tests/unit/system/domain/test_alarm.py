from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from system.domain.alarm import AlarmPolicy, Recovered, Silent, Watch

START = datetime(2026, 1, 1, tzinfo=UTC)
POLICY = AlarmPolicy(timedelta(seconds=100))


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


class Component:
    """A component that beats when told, and the verdicts of the looks at it, by second."""

    def __init__(self) -> None:
        self.now = 0.0
        self.beats: list[float] = []
        self.looks: list[float] = []
        self.watch: Watch | None = None
        self.verdicts: list[tuple[float, Silent | Recovered]] = []

    def look(self) -> Silent | Recovered | None:
        beat_at = at(self.beats[-1]) if self.beats else None
        self.watch, verdict = POLICY.look(self.watch, now=at(self.now), beat_at=beat_at)
        self.looks.append(self.now)
        if verdict is not None:
            self.verdicts.append((self.now, verdict))
        return verdict

    def live(self, until: float, *, beating: bool, every: float = 10.0) -> None:
        """Looks (and beats) every so many seconds."""
        while self.now + every <= until:
            self.now += every
            if beating:
                self.beats.append(self.now)
            self.look()

    @property
    def raised(self) -> bool:
        return self.watch is not None and self.watch.raised


def test_a_silence_is_alerted_when_it_has_lasted_and_once() -> None:
    component = Component()
    component.live(50, beating=True)
    component.live(140, beating=False)
    assert component.verdicts == []
    component.live(1000, beating=False)
    assert component.verdicts == [(150, Silent(at(50)))]


def test_what_never_gave_a_sign_is_alerted_from_the_first_look_on() -> None:
    component = Component()
    component.live(200, beating=False)
    assert component.verdicts == [(110, Silent(at(10)))]


def test_it_is_over_after_as_much_steady_work() -> None:
    component = Component()
    component.live(200, beating=False)
    component.live(300, beating=True)
    assert component.raised
    component.live(310, beating=True)
    assert component.verdicts[1:] == [(310, Recovered(at(210)))]


def test_flapping_is_one_alert() -> None:
    component = Component()
    component.live(200, beating=False)
    for period in range(20):
        component.live(component.now + 90, beating=period % 2 == 0)
    assert len(component.verdicts) == 1


def test_a_second_silence_is_alerted_as_the_first_though_the_work_between_was_short() -> None:
    component = Component()
    component.live(200, beating=False)
    component.live(240, beating=True)
    component.live(330, beating=False)
    assert len(component.verdicts) == 1
    component.live(1000, beating=False)
    assert component.verdicts[1:] == [(340, Silent(at(240)))]


@pytest.mark.parametrize("raised", [False, True])
def test_time_not_looked_at_is_neither_silence_nor_work(raised: bool) -> None:
    component = Component()
    component.live(200, beating=not raised)
    component.now = 1000
    component.beats.append(1000 - 60 * (not raised))
    assert component.look() is None
    assert component.raised == raised


@given(
    st.lists(
        st.tuples(st.floats(0.5, 90), st.sampled_from(["beat", "look", "beat and look"])), min_size=1, max_size=300
    )
)
def test_whatever_happens(steps: list[tuple[float, str]]) -> None:
    component = Component()
    component.look()
    for seconds, what in steps:
        component.now += seconds
        blind = component.now - component.looks[-1] > POLICY.blind_after.total_seconds()
        if "beat" in what:
            component.beats.append(component.now)
        if "look" not in what:
            continue
        before = component.raised
        verdict = component.look()
        silent = all(component.now - beat >= 100 for beat in component.beats[-1:])
        # Raised whenever the silence was long and seen as a whole; never otherwise.
        gaps = [b - a for a, b in pairwise(component.looks) if b > component.now - 100]
        attended = component.now >= 100 and all(gap <= 50 for gap in gaps)
        if not before:
            assert component.raised == (silent and attended)
        if blind:
            assert verdict is None
    kinds = [type(verdict) for _, verdict in component.verdicts]
    assert kinds[:1] in ([], [Silent])
    assert (Recovered, Recovered) not in pairwise(kinds)
    raises = [moment for moment, verdict in component.verdicts if isinstance(verdict, Silent)]
    # However it flaps: as much silence again, and a beat since.
    for sooner, later in pairwise(raises):
        assert later - sooner >= 100 - 1e-6
        assert any(sooner < beat <= later - 100 + 1e-6 for beat in component.beats)
