"""Every mutant of the small targets is seen and every sound variant left alone; of the reference stack, one in five.

`nox -s truth` runs them all: a reading of the reference stack takes a second, and there are dozens.
"""

import tomllib
from pathlib import Path

import pytest

from audit.rules import every_rule
from tests.truth.entries import FOLDER, REFERENCE, TARGETS, Entry, copy_target, edited, read_entries, read_entry
from tests.truth.measurement import Observed, answers, observe, scores

MUTANTS, VARIANTS = read_entries("mutants"), read_entries("variants")
EVERY = [*MUTANTS, *VARIANTS]
RUN = [e for e in EVERY if e.target != REFERENCE] + [e for e in EVERY if e.target == REFERENCE][::5]
GAPS = tomllib.loads((FOLDER / "gaps.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def observed(tmp_path_factory: pytest.TempPathFactory) -> list[Observed]:
    return observe(RUN, tmp_path_factory.mktemp("truth"))


@pytest.mark.integration
def test_what_is_missed_is_what_is_said_to_be(observed: list[Observed]) -> None:
    run = {entry.title for entry in RUN}
    assert {one.entry.title for one in observed if one.missed} == set(GAPS["missed"]) & run


@pytest.mark.integration
def test_false_alarms_are_those_that_are_said_to_be(observed: list[Observed]) -> None:
    run = {entry.title for entry in RUN}
    found = {one.entry.title: one.alarms for one in observed if one.false_alarms}
    assert set(found) == set(GAPS["false_alarms"]) & run, found


@pytest.mark.parametrize("target", [t for t in TARGETS if t != REFERENCE])
def test_a_target_is_sound(target: str, tmp_path: Path) -> None:
    """But for the deliveries of a message, which nothing in them counts."""
    assert answers(copy_target(target, tmp_path)).alarms.keys() <= {"bounded-deliveries"}


def test_there_are_enough_of_them_and_a_third_is_blind() -> None:
    for entries, least in ((MUTANTS, 120), (VARIANTS, 60)):
        assert len(entries) >= least
        assert sum(entry.blind for entry in entries) * 3 >= len(entries)


def test_they_name_rules_that_exist() -> None:
    known = {rule.id for rule in every_rule()}
    assert {rule for entry in MUTANTS for rule in (*entry.rules, *entry.also)} <= known


def test_every_edit_finds_its_place(tmp_path: Path) -> None:
    for target in TARGETS:
        root = copy_target(target, tmp_path)
        for entry in EVERY:
            if entry.target == target:
                with edited(root, entry.edits):
                    pass


def test_a_target_is_as_it_was_after_an_edit(tmp_path: Path) -> None:
    root = copy_target("flask-usine", tmp_path)
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    entry = next(e for e in MUTANTS if e.target == "flask-usine")
    with edited(root, entry.edits):
        assert before != {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    assert before == {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_a_mutant_that_names_no_rule_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "mutants" / "flask-usine" / "nobody.toml"
    file.parent.mkdir(parents=True)
    file.write_text('why = "?"\nblind = false\nbreaks = "8.4"\nedits = []\n', encoding="utf-8")
    with pytest.raises(ValueError, match="names what it breaks"):
        read_entry(file)


def test_scores_count_what_was_seen_missed_and_invented() -> None:
    seen = Entry("mutants", "t", "seen", "", False, (), "8.4", ("one", "two"))
    sound = Entry("variants", "t", "sound", "", False, ())
    observed = [
        Observed(seen, {"one": frozenset({"x"})}, {}),
        Observed(sound, {"one": frozenset({"y"}), "three": frozenset({"z"})}, {}),
    ]
    told = {score.rule: (score.recall, score.precision) for score in scores(observed)}
    assert told == {"one": (1.0, 0.5), "two": (0.0, None), "three": (None, 0.0)}
