import pytest

from tests.benchmarks.figures import Row, percentile, ratio, series


def test_a_ratio_is_taken_round_by_round() -> None:
    found = ratio(series([80, 50, 100]), series([100, 100, 100]))
    assert found.median == 0.8
    assert found.text(2) == "0.80 (0.50–1.00)"
    with pytest.raises(ValueError, match="zip"):
        ratio(series([1]), series([1, 2]))


def test_a_missed_target_is_said() -> None:
    rows = [Row("x", "1", "2", "3", "≥ 4", met) for met in (True, False, None)]
    assert [row.line.split("|")[-2].strip() for row in rows] == ["oui", "**non**", ""]


def test_a_percentile_is_one_of_the_values() -> None:
    assert percentile([5, 1, 4, 2, 3], 0.99) == 5
    assert percentile([5, 1, 4, 2, 3], 0.5) == 3
