"""A report does not contradict itself: each pair of the list has two findings that break it, and two that do not."""

from collections.abc import Sequence

import pytest

from audit.judging.contradictions import EXCLUSIONS, RULE, Situation, contradictions
from audit.judging.verdict import Status, Verdict, judge
from audit.model.facts import Facts, Setting
from audit.model.findings import Excerpt, Finding, Level, Outcome
from audit.requirements.catalogue import requirement
from audit.rules import every_rule
from tests.unit.audit import examples
from tests.unit.audit.examples import examination, known, rule

A_FILE, B_FILE = Excerpt("start.sh", 1, 1, "celery -A shop worker"), Excerpt("other.sh", 1, 1, "celery -A shop worker")
CLEAR = "aucune connexion n'est chiffrée ici"


def said(rule_: str, outcome: Outcome, sentence: str = "", excerpt: Excerpt | None = None) -> Finding:
    return examples.finding(outcome, sentence, rule=rule_, excerpt=excerpt)


def situation(
    source: Facts = examples.SOURCE, configuration: Facts | None = None, status: Status = Status.UNDETERMINED
) -> Situation:
    return Situation(known(source, configuration), {"8.5": Verdict(status, None, "")})


def broken(findings: Sequence[Finding], at: Situation) -> list[str]:
    return [f.sentence for f in contradictions(findings, at)]


REFUSED = Facts(Level.CONFIGURATION, "configuration", failures=("L'import a échoué (OperationalError : refused).",))
MISSING = Facts(Level.CONFIGURATION, "configuration", failures=("L'import a échoué (ModuleNotFoundError : x).",))
URL = Facts(Level.SOURCE, "source", settings={"broker_url": Setting("broker_url", "rediss://broker/0")})
PLAIN = Facts(Level.SOURCE, "source", settings={"broker_url": Setting("broker_url", "redis://broker/0")})

_SOME, _NONE = "Des tâches n'ont pas de limite", "les 21 tâches : aucune limite de temps"
ESTABLISHED, DEFECT, NONE, OPEN = Outcome.ESTABLISHED, Outcome.DEFECT, Outcome.NOT_APPLICABLE, Outcome.UNDETERMINED


def _by_file(refused: str, held: str) -> tuple[tuple[list[Finding], Situation], tuple[list[Finding], Situation]]:
    """A defect beside what it excludes: of the same file, then of another."""
    one = said(refused, DEFECT, excerpt=A_FILE)
    same, other = (said(held, ESTABLISHED, excerpt=excerpt) for excerpt in (A_FILE, B_FILE))
    return ([one, same], situation()), ([one, other], situation())


# Findings and what they are compared with: a pair that contradicts, and one that does not.
CASES: dict[str, tuple[tuple[list[Finding], Situation], tuple[list[Finding], Situation]]] = {
    "beat-never-started": (
        ([said("beat-started", DEFECT), said("health-check-period", ESTABLISHED)], situation()),
        ([said("beat-started", DEFECT), said("health-check-period", OPEN)], situation()),
    ),
    "encrypted-connection-quoted": (
        ([said("broker-tls", NONE, CLEAR), said("redis-sockets", ESTABLISHED, "lu : `rediss://b/0`")], situation()),
        ([said("broker-tls", NONE, CLEAR), said("redis-sockets", ESTABLISHED, "lu : `redis://b/0`")], situation()),
    ),
    "encrypted-connection-set": (
        ([said("broker-tls", NONE, CLEAR)], situation(URL)),
        ([said("broker-tls", NONE, CLEAR)], situation(PLAIN)),
    ),
    "connection-refused-at-import": (
        ([said("no-connection-at-import", ESTABLISHED)], situation(configuration=REFUSED)),
        ([said("no-connection-at-import", ESTABLISHED)], situation(configuration=MISSING)),
    ),
    "supervised-and-not": (
        (
            [
                said("supervision", ESTABLISHED, excerpt=A_FILE),
                said("connection-retries-supervised", DEFECT, excerpt=A_FILE),
            ],
            situation(),
        ),
        (
            [
                said("supervision", ESTABLISHED, excerpt=A_FILE),
                said("connection-retries-supervised", DEFECT, excerpt=B_FILE),
            ],
            situation(),
        ),
    ),
    "brought-back-a-limited-number-of-times": (
        ([said("supervision", OPEN)], situation(status=Status.COMPLIANT)),
        ([said("supervision", OPEN)], situation(status=Status.PARTIAL)),
    ),
    "no-beat-and-a-single-one": (
        ([said("beat-started", DEFECT), said("single-beat", ESTABLISHED)], situation()),
        ([said("beat-started", DEFECT), said("single-beat", OPEN)], situation()),
    ),
    "no-limit-and-a-limit-kept": (
        ([said("time-limits", DEFECT, f"{_SOME} : {_NONE}"), said("limits-enforced", ESTABLISHED)], situation()),
        ([said("time-limits", DEFECT, f"{_SOME} : `pay`"), said("limits-enforced", ESTABLISHED)], situation()),
    ),
    "same-delay-and-growing-delays": _by_file("retry-backoff", "retry-delays"),
    "endless-retries-and-three": _by_file("retries-bounded", "retry-limit"),
    "retry-caught-and-not": _by_file("retry-not-caught", "retry-not-swallowed"),
    "no-lock-and-a-lock": (
        ([said("locks-expire", NONE), said("campaign-lock", ESTABLISHED)], situation()),
        ([said("locks-expire", NONE), said("campaign-lock", NONE)], situation()),
    ),
    "no-request-and-requests": (
        ([said("http-timeouts", NONE), said("request-within-limit", DEFECT)], situation()),
        ([said("http-timeouts", NONE), said("request-within-limit", NONE)], situation()),
    ),
    "ignored-results-and-kept-ones": (
        (
            [
                said("result-expires", NONE, "les résultats sont ignorés"),
                said("ignored-results", Outcome.RESERVATION),
            ],
            situation(),
        ),
        ([said("result-expires", NONE, "aucun backend"), said("ignored-results", DEFECT)], situation()),
    ),
}


def test_every_pair_has_a_case() -> None:
    assert [e.name for e in EXCLUSIONS] == list(CASES)
    assert all(e.why for e in EXCLUSIONS)
    rules = {rule.id for rule in every_rule()}
    claims = [c for e in EXCLUSIONS for c in (e.one, e.other) if not callable(c)]
    assert {name for claim in claims for name in claim.rules} <= rules


@pytest.mark.parametrize("name", CASES)
def test_two_findings_that_exclude_each_other_are_an_error_that_names_both(name: str) -> None:
    exclusion = next(e for e in EXCLUSIONS if e.name == name)
    findings, at = CASES[name][0]
    (told,) = broken(findings, at)
    assert told.startswith("Ce rapport se contredit : ")
    assert told.endswith(exclusion.why)
    assert all(f"`{f.rule}`" in told for f in findings)
    assert not broken(*CASES[name][1])


def test_a_contradiction_leaves_both_criteria_open_and_counts_as_an_audit_error() -> None:
    one = rule("supervision", said("supervision", ESTABLISHED, excerpt=A_FILE), requirements=("8.4",))
    other = rule("connection-retries-supervised", requirements=())
    assert not [f for f in examination(one, other).every_finding() if f.rule == RULE]
    failing = rule(
        "connection-retries-supervised",
        said("connection-retries-supervised", DEFECT, excerpt=A_FILE),
        requirements=(),
    )
    done = examination(one, failing)
    (error,) = [f for f in done.every_finding() if f.rule == RULE]
    assert error.outcome is Outcome.AUDIT_ERROR
    assert error.requirements == ("8.4",)
    assert done.verdicts()["8.4"].status is Status.UNDETERMINED
    assert "se contredit" in done.verdicts()["8.4"].reason


def test_what_was_played_once_does_not_close_what_the_reading_leaves_open() -> None:
    back = examples.finding(ESTABLISHED, rule="worker-restart", level=Level.EXECUTION)
    limited = said("supervision", OPEN)
    assert judge(requirement("8.5"), Level.EXECUTION, [back], []).status is Status.COMPLIANT
    assert judge(requirement("8.5"), Level.EXECUTION, [back, limited], []).status is Status.UNDETERMINED
    # Another doubt of the reading is a secondary point there.
    other = said("retry-delays", OPEN)
    assert judge(requirement("8.5"), Level.EXECUTION, [back, other], []).status is Status.COMPLIANT
