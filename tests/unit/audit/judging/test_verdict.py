from hypothesis import given
from hypothesis import strategies as st

from audit.judging.verdict import Status, judge, validated
from audit.model.domains import Answer, Domain, conclude
from audit.model.findings import Finding, Level, Outcome, Severity
from audit.requirements.catalogue import requirement
from tests.unit.audit import examples

R85 = requirement("8.5")
R84 = requirement("8.4")


def finding(
    outcome: Outcome, rule: str = "r", level: Level = Level.SOURCE, severity: Severity = Severity.MINOR
) -> Finding:
    return examples.finding(outcome, rule=rule, level=level, requirements=("8.5",), severity=severity)


def status(floor: Level, *findings: Finding, others: tuple[Finding, ...] = ()) -> Status:
    return judge(R85, floor, findings, (*findings, *others)).status


def test_nothing_established_is_undetermined() -> None:
    assert status(Level.SOURCE) is Status.UNDETERMINED
    assert status(Level.SOURCE, finding(Outcome.UNDETERMINED)) is Status.UNDETERMINED
    assert status(Level.SOURCE, finding(Outcome.NOT_APPLICABLE)) is Status.UNDETERMINED


def test_established_at_the_floor_is_compliant() -> None:
    assert status(Level.SOURCE, finding(Outcome.ESTABLISHED)) is Status.COMPLIANT
    verdict = judge(R85, Level.EXECUTION, [finding(Outcome.ESTABLISHED, "worker-restart", Level.EXECUTION)], [])
    assert (verdict.status, verdict.known_by) == (Status.COMPLIANT, Level.EXECUTION)


def test_below_the_floor_is_undetermined() -> None:
    verdict = judge(R85, Level.EXECUTION, [finding(Outcome.ESTABLISHED)], [])
    assert verdict.status is Status.UNDETERMINED
    assert "« exécuté »" in verdict.reason
    assert "« déclaré »" in verdict.reason


def test_another_experiment_does_not_stand_in_for_the_one_that_decides() -> None:
    assert (
        status(Level.EXECUTION, finding(Outcome.ESTABLISHED, "retry-schedule", Level.EXECUTION)) is Status.UNDETERMINED
    )


def test_uptime_cannot_be_compliant_by_execution_alone() -> None:
    ran = finding(Outcome.ESTABLISHED, "beat-firing", Level.EXECUTION)
    assert judge(R84, Level.MEASUREMENT, [ran], [ran]).status is Status.UNDETERMINED


def test_an_undetermined_point_at_the_floor_blocks() -> None:
    assert status(Level.SOURCE, finding(Outcome.ESTABLISHED), finding(Outcome.UNDETERMINED)) is Status.UNDETERMINED


def test_a_defect_decides_before_everything() -> None:
    findings = [finding(o) for o in (Outcome.ESTABLISHED, Outcome.AUDIT_ERROR, Outcome.UNDETERMINED, Outcome.DEFECT)]
    assert status(Level.SOURCE, *findings) is Status.NON_COMPLIANT


def test_an_audit_error_is_never_compliant() -> None:
    assert status(Level.SOURCE, finding(Outcome.ESTABLISHED), finding(Outcome.AUDIT_ERROR)) is Status.UNDETERMINED


def test_a_reservation_is_partial() -> None:
    assert status(Level.SOURCE, finding(Outcome.ESTABLISHED), finding(Outcome.RESERVATION)) is Status.PARTIAL


def test_missing_supervision_is_partial_only_when_recovery_is_established() -> None:
    bare = finding(Outcome.DEFECT, "supervision")
    recovery = finding(Outcome.ESTABLISHED, "recovery")
    verdict = judge(R85, Level.SOURCE, [bare, recovery], [bare, recovery])
    assert verdict.status is Status.PARTIAL
    assert [c.name for c in verdict.compensations] == ["recover_interrupted_campaigns"]
    assert status(Level.SOURCE, bare, others=(finding(Outcome.DEFECT, "recovery"),)) is Status.NON_COMPLIANT
    assert status(Level.SOURCE, bare, others=(finding(Outcome.UNDETERMINED, "recovery"),)) is Status.NON_COMPLIANT


def test_a_control_below_the_floor_compensates_nothing() -> None:
    bare, recovery = finding(Outcome.DEFECT, "supervision"), finding(Outcome.ESTABLISHED, "recovery")
    assert status(Level.EXECUTION, bare, others=(recovery,)) is Status.NON_COMPLIANT


def test_a_second_defect_is_not_covered_by_the_compensation_of_the_first() -> None:
    bare, recovery = finding(Outcome.DEFECT, "supervision"), finding(Outcome.ESTABLISHED, "recovery")
    assert status(Level.SOURCE, bare, recovery, finding(Outcome.DEFECT, "retry-delays")) is Status.NON_COMPLIANT


def test_validation_fails_on_non_compliance_or_a_critical_problem() -> None:
    assert validated([Status.COMPLIANT, Status.PARTIAL, Status.UNDETERMINED], [])
    assert not validated([Status.COMPLIANT, Status.NON_COMPLIANT], [])
    assert not validated([Status.COMPLIANT], [finding(Outcome.RESERVATION, severity=Severity.CRITICAL)])


ANY = st.builds(
    finding,
    st.sampled_from(Outcome),
    st.sampled_from(["supervision", "recovery", "worker-restart", "x"]),
    st.sampled_from(Level),
)


@given(st.lists(ANY, max_size=6), st.sampled_from(Level))
def test_compliant_means_nothing_wrong_and_something_established(findings: list[Finding], floor: Level) -> None:
    verdict = judge(R85, floor, findings, findings)
    outcomes = {f.outcome for f in findings}
    if verdict.status is Status.COMPLIANT:
        assert not outcomes & {Outcome.DEFECT, Outcome.RESERVATION, Outcome.AUDIT_ERROR}
        assert any(f.outcome is Outcome.ESTABLISHED and f.level >= floor for f in findings)
    assert verdict.reason


@given(st.lists(ANY, max_size=6), st.sampled_from(Level))
def test_an_added_defect_never_improves(findings: list[Finding], floor: Level) -> None:
    more = [*findings, finding(Outcome.DEFECT, "x")]
    assert judge(R85, floor, more, more).status is Status.NON_COMPLIANT


C4, C1 = requirement("C4"), requirement("C1")


def test_a_criterion_of_any_celery_project_may_be_without_object() -> None:
    none = finding(Outcome.NOT_APPLICABLE)
    assert judge(C4, Level.SOURCE, [none, none], []).status is Status.NOT_APPLICABLE
    assert judge(C4, Level.SOURCE, [none, finding(Outcome.UNDETERMINED)], []).status is Status.UNDETERMINED
    assert judge(C4, Level.SOURCE, [none, finding(Outcome.ESTABLISHED)], []).status is Status.COMPLIANT
    assert judge(C4, Level.SOURCE, [], []).status is Status.UNDETERMINED


def test_a_criterion_is_not_without_object_when_nothing_says_what_was_read() -> None:
    unread: Answer[object] = conclude(Domain((), (), ""), lambda _: ())
    unshown = Finding(Outcome.NOT_APPLICABLE, "rien", proof=unread.proof)
    assert judge(C4, Level.SOURCE, [unshown], []).status is Status.UNDETERMINED


def test_what_was_played_closes_no_gap_elsewhere() -> None:
    played = [finding(Outcome.ESTABLISHED, rule, Level.EXECUTION) for rule in C1.decided_by]
    assert judge(C1, Level.EXECUTION, played, []).status is Status.COMPLIANT
    assert judge(C1, Level.EXECUTION, played[1:], []).status is Status.UNDETERMINED
    assert judge(C1, Level.EXECUTION, [*played, finding(Outcome.UNDETERMINED)], []).status is Status.UNDETERMINED
