"""From findings to the verdict of a requirement, and of the whole checkpoint."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

from audit.judging.asked import decided_by
from audit.model.domains import Declared
from audit.model.findings import Finding, Level, Outcome, Severity
from audit.requirements.catalogue import COMPENSATIONS, Compensation
from audit.requirements.requirement import Requirement

# What the reading leaves open and no experiment closes, by requirement: it plays one start, in one file, and not what a
# handler of the worker's start does there.
_LEFT_OPEN = {
    "8.4": frozenset({"late-acknowledgement", "reject-on-worker-lost"}),
    "8.5": frozenset({"supervision"}),
}


class Status(StrEnum):
    """Verdict of a requirement, as printed."""

    COMPLIANT = "CONFORME"
    PARTIAL = "PARTIEL"
    NON_COMPLIANT = "NON CONFORME"
    UNDETERMINED = "INDÉTERMINÉ"
    NOT_APPLICABLE = "SANS OBJET"


@dataclass(frozen=True)
class Verdict:
    """A requirement's status, how it is known (None when it is not), and the French reason."""

    status: Status
    known_by: Level | None
    reason: str
    compensations: tuple[Compensation, ...] = ()


def applied_compensations(
    requirement: str, floor: Level, findings: Sequence[Finding], every_finding: Sequence[Finding]
) -> tuple[Compensation, ...]:
    """Compensating controls of this requirement that a defect calls for and that are established at the floor or above."""
    defects = {f.rule for f in findings if f.outcome is Outcome.DEFECT}
    return tuple(
        c
        for c in COMPENSATIONS
        if c.requirement == requirement and c.defect in defects and _holds(c.control, floor, every_finding)
    )


def _holds(control: str, floor: Level, findings: Sequence[Finding]) -> bool:
    """A control holds when it is established at the floor and nothing says otherwise."""
    own = [f for f in findings if f.rule == control]
    sound = all(f.outcome in {Outcome.ESTABLISHED, Outcome.NOT_APPLICABLE} for f in own)
    return sound and any(f.outcome is Outcome.ESTABLISHED and f.level >= floor for f in own)


def judge(
    requirement: Requirement, floor: Level, findings: Sequence[Finding], every_finding: Sequence[Finding]
) -> Verdict:
    """Verdict of one requirement (rule: ARCHITECTURE.md, « Verdict of a requirement »).

    A defect without compensating control decides first; then an audit error, nothing established or the floor missed;
    a criterion of profile `celery` may be without object, and leaves no point open; then reservations and compensated defects. Above the declared level, what decides the requirement must itself be
    established at the floor: another rule's measurement does not stand in for it.
    """
    compensations = applied_compensations(requirement.id, floor, findings, every_finding)
    compensated = {c.defect for c in compensations}
    defects = [f for f in findings if f.outcome is Outcome.DEFECT and f.rule not in compensated]
    established = [f for f in findings if f.outcome is Outcome.ESTABLISHED]
    known_by = max((f.level for f in established), default=None)
    if defects:
        more = [*_not_compensated(requirement, defects, established), *_below(floor, known_by)]
        reason = " ".join([_and_more(defects).rstrip(".") + ".", *more]) if more else _and_more(defects)
        return Verdict(Status.NON_COMPLIANT, max(f.level for f in defects), reason, compensations)
    if requirement.names_its_judges and _without_object(findings):
        return Verdict(Status.NOT_APPLICABLE, None, _and_more(findings))
    unsettled = _unsettled(requirement, floor, findings, known_by)
    if unsettled:
        return Verdict(Status.UNDETERMINED, known_by, unsettled, compensations)
    if compensations:
        names = ", ".join(f"`{c.name}`" for c in compensations)
        return Verdict(
            Status.PARTIAL,
            known_by,
            f"Un contrôle attendu manque, et {names} n'en compense qu'une partie.",
            compensations,
        )
    reservations = [f for f in findings if f.outcome is Outcome.RESERVATION]
    if reservations:
        return Verdict(Status.PARTIAL, known_by, _and_more(reservations))
    return Verdict(Status.COMPLIANT, known_by, _why_compliant(findings, known_by))


def _without_object(findings: Sequence[Finding]) -> bool:
    """Whether every point is shown to concern nothing in the target, one at least by what was read or declared."""
    shown = any(f.proof is not None and (isinstance(f.proof, Declared) or f.proof.read) for f in findings)
    return shown and all(f.outcome is Outcome.NOT_APPLICABLE for f in findings)


def _not_compensated(requirement: Requirement, defects: Sequence[Finding], established: Sequence[Finding]) -> list[str]:
    """What a control that is there, and was not accepted for a defect, leaves open."""
    broken, there = {f.rule for f in defects}, {f.rule for f in established}
    refused = [
        c for c in COMPENSATIONS if c.requirement == requirement.id and c.defect in broken and c.control in there
    ]
    return [
        f"`{c.name}` ne le compense pas, contrairement à ce qu'admet la règle de décembre 2025 : {c.residual}."
        for c in refused
    ]


def _below(floor: Level, known_by: Level | None) -> list[str]:
    """That the defect once mended, the requirement would still not be established."""
    if floor is Level.SOURCE or (known_by is not None and known_by >= floor):
        return []
    return [
        f"Une fois le défaut corrigé, il faudra encore une preuve de niveau « {floor.french} » pour établir l'exigence."
    ]


def _why_compliant(findings: Sequence[Finding], known_by: Level | None) -> str:
    level = known_by.french if known_by else ""
    left = sum(f.outcome is Outcome.UNDETERMINED for f in findings)
    if not left:
        return f"Tous les points sont établis ({level})."
    return f"Ce qui décide de l'exigence est établi ({level}) ; points secondaires non vérifiés : {left}."


def _unsettled(requirement: Requirement, floor: Level, findings: Sequence[Finding], known_by: Level | None) -> str:
    """Why no conclusion is possible, as a French sentence; empty when one is."""
    errors = [f for f in findings if f.outcome is Outcome.AUDIT_ERROR]
    if errors:
        return f"L'audit a échoué sur un point : {errors[0].sentence}"
    if known_by is None:
        alone = "" if findings else f"rien de ce qui se lit n'en juge, il faut le niveau « {floor.french} »"
        why = next((f.missing for f in findings if f.missing), alone)
        return f"Rien n'a pu être établi{' : ' if why else ''}{why}."
    if known_by < floor:
        why = next((f" : {f.missing}" for f in findings if f.rule in decided_by(requirement.id) and f.missing), "")
        return f"Le niveau exigé est « {floor.french} » ; les preuves réunies s'arrêtent à « {known_by.french} »{why}."
    proved = {f.rule for f in findings if f.outcome is Outcome.ESTABLISHED and f.level >= floor}
    if floor > Level.SOURCE and not proved.issuperset(decided_by(requirement.id)):
        return "L'expérience qui décide de cette exigence n'a pas eu lieu ou n'a pas conclu."
    # A fact of a higher level about one point closes no gap about another.
    every, kept = requirement.names_its_judges, _LEFT_OPEN.get(requirement.id, frozenset())
    undetermined = [f for f in findings if f.outcome is Outcome.UNDETERMINED]
    open_points = [f for f in undetermined if every or f.needs >= floor or f.rule in kept]
    if open_points:
        return f"Un point exigé n'a pas pu être établi : {open_points[0].missing}"
    return ""


def _and_more(findings: Sequence[Finding]) -> str:
    rest = len(findings) - 1
    more = "" if not rest else f" (et {rest} autre{'s' if rest > 1 else ''} point{'s' if rest > 1 else ''})"
    return findings[0].sentence + more


def validated(statuses: Collection[Status], findings: Collection[Finding]) -> bool:
    """Whether the checkpoint is validated: nothing NON CONFORME and no critical problem."""
    critical = any(f.problem is not None and f.problem.severity is Severity.CRITICAL for f in findings)
    return Status.NON_COMPLIANT not in statuses and not critical
