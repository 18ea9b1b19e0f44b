import pytest

from audit.model.findings import Evidence, EvidenceError, Finding, Level, Outcome, Problem, Severity, worst

READ = Evidence(Level.SOURCE, "source", "abc")
RUN = Evidence(Level.EXECUTION, "experiment:x", "abc")
PROBLEM = Problem("titre", Severity.MINOR, "Faible", "faire")


def test_established_needs_evidence() -> None:
    with pytest.raises(EvidenceError, match="needs evidence"):
        Finding(Outcome.ESTABLISHED, "vrai")


def test_established_needs_evidence_at_its_level() -> None:
    with pytest.raises(EvidenceError, match="execution"):
        Finding(Outcome.ESTABLISHED, "vrai", (READ,), needs=Level.EXECUTION)
    assert Finding(Outcome.ESTABLISHED, "vrai", (READ, RUN), needs=Level.EXECUTION).level is Level.EXECUTION


@pytest.mark.parametrize("outcome", [Outcome.DEFECT, Outcome.RESERVATION])
def test_what_fails_carries_its_problem(outcome: Outcome) -> None:
    with pytest.raises(EvidenceError, match="problem"):
        Finding(outcome, "faux", (READ,))
    assert Finding(outcome, "faux", (READ,), problem=PROBLEM).problem is PROBLEM


def test_undetermined_says_what_was_missing() -> None:
    with pytest.raises(EvidenceError, match="missing"):
        Finding(Outcome.UNDETERMINED, "peut-être")


@pytest.mark.parametrize(("source", "digest"), [("", "abc"), ("source", "")])
def test_evidence_has_an_origin_and_a_digest(source: str, digest: str) -> None:
    with pytest.raises(EvidenceError):
        Evidence(Level.SOURCE, source, digest)


def test_the_worst_outcome_decides() -> None:
    assert worst([Outcome.ESTABLISHED, Outcome.DEFECT, Outcome.UNDETERMINED]) is Outcome.DEFECT
    assert worst([Outcome.ESTABLISHED, Outcome.UNDETERMINED, Outcome.RESERVATION]) is Outcome.UNDETERMINED
    assert worst(Outcome) is Outcome.AUDIT_ERROR
    assert worst([]) is Outcome.NOT_APPLICABLE
