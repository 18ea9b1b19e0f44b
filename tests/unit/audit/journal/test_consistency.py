import copy
from collections.abc import Callable
from typing import Any

import pytest

from audit.command.run_setup import prepare
from audit.journal import journal_file as journal
from audit.journal.consistency import contradictions
from audit.journal.journal_file import JournalError, check_floors
from tests.acceptance.reference_copy import REPOSITORY

Journal = dict[str, Any]


@pytest.fixture(scope="module")
def december() -> Journal:
    done = prepare(REPOSITORY / "tests" / "targets" / "decembre-2025", "checkpoint-2025", None)
    for _, identifier in done.tests():
        done.findings(identifier)
    moment = journal.Volatile("2026-01-01", "2026-01-01T10:00:00+00:00", 1.0, "audit run", "1 passed", "Linux")
    return journal.build(done, "0" * 64, moment, None)


def own(document: Journal, verdict: str) -> Journal:
    found: Journal = next(r for r in document["requirements"] if r["verdict"] == verdict)
    return found


def only_undetermined(document: Journal) -> None:
    for finding in own(document, "CONFORME")["findings"]:
        finding.update(outcome="indéterminé", evidence=[])


def refused_unsaid(document: Journal) -> None:
    own(document, "CONFORME")["findings"][0]["outcome"] = "défaut"


DOCTORED: dict[str, tuple[Callable[[Journal], object], str]] = {
    "weak": (lambda d: own(d, "CONFORME").update(known_by=""), "below its floor"),
    "unproved": (only_undetermined, "nothing is established"),
    "stronger than shown": (lambda d: own(d, "CONFORME").update(known_by="mesuré"), "nothing established is known by"),
    "defect": (refused_unsaid, "is what makes NON CONFORME"),
    "reservation": (lambda d: own(d, "CONFORME")["findings"][0].update(outcome="réserve"), "says otherwise"),
    "no defect": (lambda d: own(d, "CONFORME").update(verdict="NON CONFORME"), "is what makes NON CONFORME"),
    "uncompensated": (lambda d: own(d, "PARTIEL").update(compensations=[]), "is what makes NON CONFORME"),
    "unlisted": (lambda d: d["verdict"].update(partial=[]), "verdict.partial"),
    "complete": (lambda d: d["verdict"].update(complete=False), "verdict.complete"),
    "unjudged": (lambda d: d["verdict"].update(judged=False, validated=True), "verdict.validated"),
    "critical": (
        lambda d: (d["verdict"].update(validated=True), d["problems"][0].update(severity="critique")),
        "valid",
    ),
    "counts": (lambda d: d["categories"][0].update(passed=d["categories"][0]["passed"] + 1), "do not add up"),
    "totals": (lambda d: d["totals"].update(tests=99), "totals"),
    "level": (lambda d: d["requirements"][0]["findings"][0]["evidence"][0].update(level="exécuté"), "above level"),
    "bare": (lambda d: d["requirements"][0]["findings"][0].update(evidence=[]), "without evidence"),
    "experiment": (lambda d: d.update(experiments=[{"id": "x"}]), "experiments at level"),
    "date": (lambda d: d["volatile"].update(date="2026-99-99"), "volatile.date"),
}


@pytest.mark.parametrize(("doctor", "words"), DOCTORED.values(), ids=DOCTORED)
def test_a_doctored_journal_contradicts_itself(
    doctor: Callable[[Journal], object], words: str, december: Journal
) -> None:
    document = copy.deepcopy(december)
    assert not list(contradictions(document))
    doctor(document)
    assert any(words in reason for reason in contradictions(document))


def test_a_negative_count_breaks_the_schema(december: Journal) -> None:
    document = copy.deepcopy(december)
    document["categories"][0]["failed"] = -1
    with pytest.raises(JournalError, match="failed"):
        journal.check(document)


def test_a_contradiction_is_a_journal_error(december: Journal) -> None:
    document = copy.deepcopy(december)
    document["totals"]["tests"] = 99
    with pytest.raises(JournalError, match="totals"):
        journal.check(document)


def test_the_floors_are_those_of_the_profile(december: Journal) -> None:
    check_floors(december)
    with pytest.raises(JournalError, match="profile strict"):
        check_floors(december | {"profile": "strict"})
