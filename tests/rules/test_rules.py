"""Each rule passes on a sound application, and answers otherwise, for the right reason, on each seeded defect."""

import shutil
import struct
from pathlib import Path

import pytest

from audit import reading as source
from audit.importing import configuration_probe as configuration
from audit.judging.examination import Examination, Probes
from audit.model.findings import Finding, Level, Outcome
from audit.model.target_facts import TargetFacts
from audit.requirements.profiles import GOOD_PRACTICES, STRICT
from audit.rules import RULES, Rule
from audit.rules import code_quality as quality
from audit.target.target_file import load_target
from tests.acceptance.reference_copy import REPOSITORY, Edit
from tests.rules import cases, changed_settings, retry_cases, retry_limits, task_options
from tests.rules.case import Case
from tests.rules.practices import CASES as PRACTICE_CASES

# Those of quality answer to tools and result files: tests/rules/test_quality_rules.py.
_OF_QUALITY = {rule.id for rule in quality.RULES}
BY_ID = {rule.id: rule for rule in RULES if rule.id not in _OF_QUALITY}
CASES = (
    *cases.CASES,
    *changed_settings.CASES,
    *retry_cases.CASES,
    *retry_limits.CASES,
    *task_options.CASES,
    *PRACTICE_CASES,
)
FAILING = (Outcome.DEFECT, Outcome.RESERVATION)
# Those that need the configuration probe have their own targets in test_imports.py; what is deprecated has unit tests.
ELSEWHERE = {"imports", "deprecations", "tasks-included"}


def application(folder: Path, *edits: Edit, base: str = "decembre-2025") -> Path:
    """A copy of the sound application of this name, edited."""
    root = folder / "app-under-audit"
    shutil.copytree(REPOSITORY / "tests" / "targets" / base, root, ignore=shutil.ignore_patterns("__pycache__"))
    for edit in (*(cases.SOUND if base == "decembre-2025" else ()), *edits):
        edit.apply(root)
    if base == "bonnes-pratiques":
        track(root)
    return root


def track(root: Path) -> None:
    """An index of git, version 2, as after `git add .`."""
    paths = sorted(p.relative_to(root).as_posix().encode() for p in root.rglob("*") if p.is_file())
    entries = b""
    for path in paths:
        entry = b"\0" * 60 + struct.pack(">H", len(path)) + path
        entries += entry + b"\0" * (8 - len(entry) % 8)
    (root / ".git").mkdir()
    (root / ".git" / "index").write_bytes(b"DIRC" + struct.pack(">II", 2, len(paths)) + entries)


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
    assert {f.outcome for f in findings} == {Outcome.ESTABLISHED}, [f.sentence for f in findings]


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c.rule}: {c.name}")
def test_a_seeded_defect_is_answered(case: Case, tmp_path: Path) -> None:
    rule = BY_ID[case.rule]
    findings = answer(rule, application(tmp_path, *case.edits, base=base_of(rule)))
    told = [f"{f.sentence} {f.missing}".replace("\u00a0", " ") for f in findings if f.outcome is case.outcome]
    assert any(case.words in text for text in told), [(f.outcome, f.sentence, f.missing) for f in findings]


def test_every_rule_has_two_cases_that_make_it_fail() -> None:
    failing = [case.rule for case in CASES if case.outcome in FAILING]
    assert not [i for i in BY_ID.keys() - ELSEWHERE if failing.count(i) < 2]
    assert {case.rule for case in CASES} | {"tasks-included"} == set(BY_ID)


def test_rule_ids_are_unique_and_every_rule_names_its_reference() -> None:
    assert len({rule.id for rule in RULES}) == len(RULES)
    assert all(rule.reference and rule.title for rule in RULES)


def test_a_rule_that_raises_is_an_audit_error(sound: Path) -> None:
    def broken(known: TargetFacts) -> list[Finding]:
        raise KeyError("x")

    (finding,) = answer(Rule("x", "X", "", ("8.1",), "r", broken), sound)
    assert finding.outcome is Outcome.AUDIT_ERROR


def test_a_rule_that_says_nothing_is_an_audit_error(sound: Path) -> None:
    (finding,) = answer(Rule("x", "X", "", ("8.1",), "r", lambda _: []), sound)
    assert finding.outcome is Outcome.AUDIT_ERROR


def test_an_unreadable_target_leaves_everything_undetermined(tmp_path: Path) -> None:
    probes = Probes(source.collect, configuration.collect)
    examination = Examination(load_target(tmp_path), STRICT, Level.SOURCE, probes)
    outcomes = {f.outcome for _, i in examination.tests() for f in examination.findings(i)}
    assert outcomes == {Outcome.UNDETERMINED}
    assert examination.nothing_judged
