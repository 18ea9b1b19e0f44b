"""Every seeded defect of behaviour still finds its place, and the table says what was played and what was seen."""

from pathlib import Path

import pytest

from audit.model.findings import Outcome
from tests.acceptance.reference_copy import REPOSITORY, copy_reference
from tests.truth.behaviour import Behaviour, Measured, read_behaviours, table
from tests.truth.entries import edited

SEEN, PASSED_OVER = Behaviour("a", "Un", "4.1", "x", "temps", ()), Behaviour("b", "Deux", "4.1", "x", "limites", ())


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_reference(tmp_path_factory.mktemp("behaviours"))


@pytest.mark.parametrize("one", read_behaviours(), ids=lambda one: one.name)
def test_a_defect_finds_its_place_and_is_python(one: Behaviour, copy: Path) -> None:
    with edited(copy, one.edits):
        for edit in one.edits:
            if edit.path.endswith(".py"):
                compile((copy / edit.path).read_text(encoding="utf-8"), edit.path, "exec")
    for edit in one.edits:
        assert (copy / edit.path).read_bytes() == (REPOSITORY / edit.path).read_bytes()


def test_recall_counts_what_was_played() -> None:
    measured = {
        "a": Measured(Outcome.DEFECT.value, "vu", 1.0, "x"),
        "b": Measured(Outcome.ESTABLISHED.value, "rien", 1.0, "x"),
    }
    told = table([SEEN, PASSED_OVER], measured).replace("\N{NO-BREAK SPACE}", " ")
    assert "| 4.1 | 2 | 2 | 1 | 50 % |" in told
    assert "| Deux | 4.1 | `x` | limites | établi : rien |" in told
    assert "| 4.1 | 2 | 0 | 0 | non mesuré |" in table([SEEN, PASSED_OVER], {})


def test_an_experiment_that_does_not_bear_on_the_criterion_is_refused(tmp_path: Path) -> None:
    (tmp_path / "wrong.toml").write_text(
        'why = "x"\nbreaks = "9.1"\nexperiment = "daily-limit"\nsort = "temps"\nedits = []\n', encoding="utf-8"
    )
    with pytest.raises(ValueError, match=r"wrong: daily-limit does not bear on 9\.1"):
        read_behaviours(tmp_path)
