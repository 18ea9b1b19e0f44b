import ast
import sys
from pathlib import Path

import pytest

from tests.benchmarks.cost import Cost, cost
from tests.benchmarks.figures import Row, percentile, ratio, series
from tests.benchmarks.sends import rate_row
from tests.benchmarks.source_level import beside_parsing, growth, work_growth
from tests.benchmarks.work import Work


def test_a_ratio_is_taken_round_by_round() -> None:
    found = ratio(series([80, 50, 100]), series([100, 100, 100]))
    assert found.median == 0.8
    assert found.text(2) == "0.80 (0.50–1.00)"
    with pytest.raises(ValueError, match="zip"):
        ratio(series([1]), series([1, 2]))


def test_a_missed_target_is_said() -> None:
    rows = [Row("x", "1", "2", "3", "≥ 4", met) for met in (True, False, None)]
    assert [row.line.split("|")[-2].strip() for row in rows] == ["oui", "**non**", "non mesurée"]
    assert Row("x", "1", "2", "3", "", None).line.split("|")[-2].strip() == ""


@pytest.mark.parametrize(
    ("rounds", "met"), [((0.8, 0.9, 1.1), True), ((0.2, 4.7, 9.2), None), ((0.2, 0.4, 0.6), False)]
)
def test_rounds_that_contradict_each_other_do_not_reach_a_target(rounds: tuple[float, ...], met: bool | None) -> None:
    row = rate_row(series([100.0] * len(rounds)), series([100 * value for value in rounds]), 0)
    assert row.met is met


def test_a_percentile_is_one_of_the_values() -> None:
    assert percentile([5, 1, 4, 2, 3], 0.99) == 5
    assert percentile([5, 1, 4, 2, 3], 0.5) == 3


@pytest.mark.parametrize(("large", "megabytes", "met"), [(31.0, 299, [True, True]), (50.0, 300, [False, False])])
def test_growth_is_judged_without_what_starting_takes(large: float, megabytes: int, met: list[bool]) -> None:
    costs = [[Cost(0, 1.0 + started, 80)] for started in (0.0, 6.0, large - 1)]
    costs[-1] = [Cost(0, large, megabytes)]
    rows = growth(costs, (10_000, 70_000, 310_000))
    assert [row.met for row in rows if row.target] == met
    assert len(rows) == 5


@pytest.mark.parametrize(
    ("lines", "processor", "megabytes", "met"),
    [
        (100_001, 10.0, 299, [True, True]),
        (100_001, 10.1, 300, [False, False]),
        (100_000, 99.0, 900, [None, None]),
    ],
)
def test_an_audit_is_judged_beside_the_parsing_of_a_large_tree_only(
    lines: int, processor: float, megabytes: int, met: list[bool | None]
) -> None:
    rows = beside_parsing("pretix", lines, [Cost(9, 2.0, 50)], [Cost(9, processor, megabytes)])
    assert [row.met for row in rows] == met
    assert rows[0].result.startswith(f"{processor / 2:.1f}")


def test_a_process_is_measured_and_one_that_did_not_run_is_no_measure(tmp_path: Path) -> None:
    program = "import sys; x = b'x' * 60_000_000; print(len(x)); sys.exit({})"
    found = cost([sys.executable, "-c", program.format(1)], tmp_path)
    assert found.seconds > 0
    assert 57 < found.megabytes < 120
    small = cost([sys.executable, "-c", "pass"], tmp_path)
    assert small.megabytes < found.megabytes
    with pytest.raises(RuntimeError, match="exit 3"):
        cost([sys.executable, "-c", program.format(3)], tmp_path)


def test_work_that_grows_faster_than_the_lines_is_seen() -> None:
    calls, characters = work_growth((100, 1_100, 4_100), (30, 330, 2_130), (10, 110, 410))
    assert (calls.ours, calls.result) == ("10.0", "1.00")
    assert (characters.ours, characters.result) == ("6.0", "2.00")


def test_calls_and_characters_are_counted() -> None:
    work = Work()
    sys.setprofile(work)
    try:
        ast.parse("x = 1")
        len("")
    finally:
        sys.setprofile(None)
    assert work.characters == 5
    assert 3 <= work.calls <= 9
