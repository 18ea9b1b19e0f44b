"""Exact confidence bounds: against the definition, and against figures anybody can compute by hand."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.experiments.bounds import lower_bound, percentile, upper_bound


def test_without_a_failure_the_bound_is_the_root_of_the_risk() -> None:
    for trials in (1, 10, 2994, 2995, 5000):
        assert lower_bound(trials, trials) == pytest.approx(0.05 ** (1 / trials), abs=1e-12)
    assert lower_bound(2994, 2994) < 0.999 < lower_bound(2995, 2995)


@given(trials=st.integers(1, 200), data=st.data(), confidence=st.sampled_from([0.9, 0.95, 0.99]))
def test_the_bound_is_where_such_luck_has_exactly_the_risk(trials: int, data: st.DataObject, confidence: float) -> None:
    successes = data.draw(st.integers(1, trials))
    low = lower_bound(successes, trials, confidence)
    luck = sum(math.comb(trials, k) * low**k * (1 - low) ** (trials - k) for k in range(successes, trials + 1))
    assert luck == pytest.approx(1 - confidence, rel=1e-6)
    assert 0 < low < successes / trials <= upper_bound(successes, trials, confidence) <= 1


def test_nothing_tried_is_nothing_known() -> None:
    assert (lower_bound(0, 0), upper_bound(0, 0)) == (0.0, 1.0)
    assert lower_bound(0, 10) == 0.0
    with pytest.raises(ValueError, match="between"):
        lower_bound(2, 1)


def test_percentiles_are_values_that_were_seen() -> None:
    values = [float(n) for n in range(1, 101)]
    assert [percentile(values, share) for share in (0.0, 0.5, 0.99, 1.0)] == [1.0, 50.0, 99.0, 100.0]
    assert percentile([3.0], 0.99) == 3.0
    with pytest.raises(ValueError, match="value"):
        percentile([], 0.5)
