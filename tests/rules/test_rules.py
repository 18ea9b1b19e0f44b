"""Each rule passes on a sound application, and answers otherwise, for the right reason, on each seeded defect."""

import re
import shutil
from collections.abc import Iterable
from pathlib import Path

import pytest

from audit import reading as source
from audit.importing import configuration_probe as configuration
from audit.judging.examination import Examination, Probes
from audit.model.findings import Finding, Level, Outcome, worst
from audit.model.target_facts import TargetFacts
from audit.model.word_tables import word_set
from audit.reading.python.frames import ExhaustedError
from audit.requirements.profiles import GOOD_PRACTICES, STRICT
from audit.rules import Rule, every_rule
from audit.target.target_file import load_target
from tests.acceptance.reference_copy import REPOSITORY, Edit
from tests.rules.case import Case, every_case
from tests.rules.cases import SOUND
from tests.rules.example_projects import track, write
from tests.unit.audit.examples import GUIDE

# Those of quality answer to tools and result files: tests/rules/test_quality_rules.py.
BY_ID = {rule.id: rule for rule in every_rule() if rule.category != "Qualité du Code"}
CASES = every_case()
FAILING = (Outcome.DEFECT, Outcome.RESERVATION)
# Those that need the configuration probe have their own targets in test_imports.py; what is deprecated has unit tests.
# The sound application has no chord, one application, results that Redis drops, and no file that starts its broker.
WITHOUT_SUBJECT = word_set("""
    chord-results expires-after-delay broker-keeps-queues redbeat-lock results-cleaned own-queues programs-restarted
""")
# Nothing caps the deliveries of its messages: the sound side is in the rule's own example.
RESERVED = {"bounded-deliveries"}
ELSEWHERE = {"imports", "deprecations", "tasks-included"}
# What these rules, which have many cases, do not ask of December's application: reading it takes most of their time.
WEB = ("routers", "main.py", "auth.py")
UNASKED = {
    "supervision": (*WEB, "services", "database.py", "*_tasks.py"),
    **dict.fromkeys(("late-acknowledgement", "retry-limit", "retry-delays", "retry-not-swallowed"), WEB),
}


def application(folder: Path, *edits: Edit, base: str = "decembre-2025", without: Iterable[str] = ()) -> Path:
    """A copy of the sound application of this name, edited, without some of its files."""
    root = folder / "app-under-audit"
    left_out = shutil.ignore_patterns("__pycache__", *without)
    shutil.copytree(REPOSITORY / "tests" / "targets" / base, root, ignore=left_out)
    for edit in (*(SOUND if base == "decembre-2025" else ()), *edits):
        edit.apply(root)
    if base == "bonnes-pratiques":
        track(root)
    return root


def base_of(rule: Rule) -> str:
    """The sound application that a rule is tried on."""
    return "bonnes-pratiques" if rule.category == GOOD_PRACTICES else "decembre-2025"


def answer(rule: Rule, root: Path) -> tuple[Finding, ...]:
    target = load_target(root)
    return rule.evaluate(TargetFacts(target, source.collect(target)))


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> dict[str, TargetFacts]:
    """What the source probe learns of each sound application."""
    found = {}
    for base in ("decembre-2025", "bonnes-pratiques"):
        target = load_target(application(tmp_path_factory.mktemp(base), base=base))
        found[base] = TargetFacts(target, source.collect(target))
    return found


@pytest.fixture(scope="module")
def sound(known: dict[str, TargetFacts]) -> Path:
    return known["decembre-2025"].target.root


@pytest.mark.parametrize("rule", [r for r in BY_ID.values() if r.needs is Level.SOURCE], ids=lambda r: r.id)
def test_a_sound_application_passes(rule: Rule, known: dict[str, TargetFacts]) -> None:
    findings = rule.evaluate(known[base_of(rule)])
    passed = Outcome.NOT_APPLICABLE if rule.id in WITHOUT_SUBJECT else Outcome.ESTABLISHED
    passed = Outcome.RESERVATION if rule.id in RESERVED else passed
    assert {f.outcome for f in findings} == {passed}, [f.sentence for f in findings]


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c.rule}: {c.name}")
def test_a_seeded_defect_is_answered(case: Case, tmp_path: Path) -> None:
    rule = BY_ID[case.rule]
    root = application(tmp_path, *case.edits, base=base_of(rule), without=UNASKED.get(rule.id, ()))
    findings = answer(rule, root)
    told = [f"{f.sentence} {f.missing}".replace("\u00a0", " ") for f in findings if f.outcome is case.outcome]
    assert any(case.words in text for text in told), [(f.outcome, f.sentence, f.missing) for f in findings]


def test_every_rule_has_a_case_that_fails_written_otherwise_than_its_example() -> None:
    failing = {case.rule for case in CASES if case.outcome in FAILING}
    assert failing >= BY_ID.keys() - ELSEWHERE
    assert {case.rule for case in CASES} <= set(BY_ID)


def test_rule_ids_are_unique_and_every_rule_names_its_reference() -> None:
    assert len({rule.id for rule in every_rule()}) == len(every_rule())
    assert all(rule.reference and rule.title for rule in every_rule())


def test_a_rule_that_raises_is_an_audit_error(sound: Path) -> None:
    def broken(known: TargetFacts) -> list[Finding]:
        raise KeyError("x")

    (finding,) = answer(Rule("x", "X", ("8.1",), "r", broken, GUIDE), sound)
    assert finding.outcome is Outcome.AUDIT_ERROR


def test_code_too_long_to_follow_leaves_the_rule_undetermined(sound: Path) -> None:
    def lost(known: TargetFacts) -> list[Finding]:
        raise ExhaustedError

    (finding,) = answer(Rule("x", "X", ("8.1",), "r", lost, GUIDE), sound)
    assert finding.outcome is Outcome.UNDETERMINED
    assert "trop" in finding.missing


def test_a_rule_that_says_nothing_is_an_audit_error(sound: Path) -> None:
    (finding,) = answer(Rule("x", "X", ("8.1",), "r", lambda _: [], GUIDE), sound)
    assert finding.outcome is Outcome.AUDIT_ERROR


def test_an_unreadable_target_leaves_everything_undetermined(tmp_path: Path) -> None:
    probes = Probes(source.collect, configuration.collect)
    examination = Examination(load_target(tmp_path), STRICT, Level.SOURCE, probes)
    outcomes = {f.outcome for _, i in examination.tests() for f in examination.findings(i)}
    assert outcomes == {Outcome.UNDETERMINED}
    assert examination.nothing_judged


@pytest.mark.parametrize("rule", [r for r in BY_ID.values() if r.needs is Level.SOURCE], ids=lambda r: r.id)
def test_nothing_passes_on_functions_that_nobody_had_the_steps_to_read(rule: Rule, tmp_path: Path) -> None:
    write(tmp_path, rule.defective)
    target = load_target(tmp_path)
    findings = rule.evaluate(TargetFacts(target, source.collect(target, steps=0)))
    assert worst(f.outcome for f in findings) not in {Outcome.ESTABLISHED, Outcome.NOT_APPLICABLE, Outcome.AUDIT_ERROR}


def test_what_nobody_had_the_steps_to_read_is_named(tmp_path: Path) -> None:
    rule = BY_ID["aware-clocks"]
    write(tmp_path, rule.defective)
    target = load_target(tmp_path)
    (finding,) = rule.evaluate(TargetFacts(target, source.collect(target, steps=0)))
    assert re.search(r"ce que vaut `\w+\.py:\d+` est trop long à suivre", finding.missing)
