"""Section 5 of a checkpoint: the five aspects, the verdict and the next phases."""

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from audit.judging.verdict import Status, Verdict, validated
from audit.model.findings import Finding, Level, Outcome, worst
from audit.requirements.catalogue import PHASES, phase_of, requirement

_PROTECTION = ("recovery", "idempotency", "campaign-lock", "lock-cleanup-period")
_CONFIGURATION = ("late-acknowledgement", "reject-on-worker-lost", "startup-retry")
_MARKS = {
    Status.COMPLIANT: "✅",
    Status.PARTIAL: "⚠️",
    Status.NON_COMPLIANT: "❌",
    Status.UNDETERMINED: "❔",
    Status.NOT_APPLICABLE: "➖",
}
_BULLETS = (
    ("8.1", "Envoi de messages sans admin connecté"),
    ("8.2", "Traitement des webhooks automatique"),
    ("8.3", "Envoi Message 2 sur interaction"),
    ("recovery", "Reprise des campagnes interrompues planifiée"),
    ("health-check-period", "Contrôle de santé planifié"),
)
_ALERT = ("8.6", "Alerte à l'arrêt des workers")
_OF_OUTCOME = {
    Outcome.ESTABLISHED: Status.COMPLIANT,
    Outcome.RESERVATION: Status.PARTIAL,
    Outcome.DEFECT: Status.NON_COMPLIANT,
}
_GRAVITY = (Status.COMPLIANT, Status.PARTIAL, Status.UNDETERMINED, Status.NON_COMPLIANT)


StatusAndLevel = tuple[Status, Level | None]


def _of_rules(findings: Sequence[Finding], rules: Sequence[str]) -> StatusAndLevel:
    """Worst status of these rules, and the level it rests on."""
    own = [f for f in findings if f.rule in rules]
    status = _OF_OUTCOME.get(worst(f.outcome for f in own), Status.UNDETERMINED)
    return status, _level(status, [(_OF_OUTCOME[f.outcome], f.level) for f in own if f.outcome in _OF_OUTCOME])


def _of_requirements(verdicts: Mapping[str, Verdict], identifiers: Sequence[str]) -> StatusAndLevel:
    """Worst status of these requirements, and the level it rests on."""
    own = [verdicts[i] for i in identifiers if i in verdicts]
    status = max((v.status for v in own), key=_GRAVITY.index, default=Status.UNDETERMINED)
    return status, _level(status, [(v.status, v.known_by) for v in own])


def _level(status: Status, parts: Sequence[StatusAndLevel]) -> Level | None:
    """One refusal is enough, the strongest one; a success is as weak as its weakest part."""
    if status is Status.NON_COMPLIANT:
        return max((level for part, level in parts if part is status and level), default=None)
    return min((level for _, level in parts if level), default=None)


def aspects(
    totals: Mapping[str, int], verdicts: Mapping[str, Verdict], findings: Sequence[Finding]
) -> list[dict[str, str]]:
    """The lines of section 5.1: the source's five and what it did not look at for family 8, each criterion for the others."""
    passed, tests = totals.get("passed", 0), totals.get("tests", 0)
    mark = "✅" if tests and passed == tests else "❌" if totals.get("failed") or totals.get("errors") else "❔"
    warned = totals.get("warned", 0)
    rows = [
        {
            "name": "Tests automatisés",
            "status": f"{mark} {passed}/{tests} PASSED" + (f", dont {warned} avec réserve" if warned else ""),
        }
    ]
    lines = _of_family_8(verdicts, findings) if _autonomy(verdicts) else _of_each(verdicts)
    for name, (status, level) in lines:
        known = f" ({level.french})" if level and status is not Status.UNDETERMINED else ""
        rows.append({"name": name, "status": f"{_MARKS[status]} {status.value}{known}"})
    return rows


def _autonomy(verdicts: Mapping[str, Verdict]) -> bool:
    """Whether this is the source's own checkpoint, whose lines it wrote; also when nothing is judged."""
    return all(identifier.startswith("8.") for identifier in verdicts)


def _of_each(verdicts: Mapping[str, Verdict]) -> list[tuple[str, StatusAndLevel]]:
    return [(f"{i} {requirement(i).title}", (v.status, v.known_by)) for i, v in verdicts.items()]


def _of_family_8(verdicts: Mapping[str, Verdict], findings: Sequence[Finding]) -> list[tuple[str, StatusAndLevel]]:
    # December's own checkpoint left the number of processes out of it.
    configuration = (*_CONFIGURATION, "concurrency") if "8.6" in verdicts else _CONFIGURATION
    lines = [
        ("Fonctionnement autonome", _of_requirements(verdicts, ("8.1", "8.2", "8.3"))),
        ("Configuration robuste", _of_rules(findings, configuration)),
        ("Mécanismes de protection", _of_rules(findings, _PROTECTION)),
        ("Redémarrage automatique", _of_requirements(verdicts, ("8.5",))),
    ]
    if "8.6" in verdicts:
        lines.append(("Disponibilité", _of_requirements(verdicts, ("8.4",))))
        lines.append(("Alerte à l'arrêt des workers", _of_requirements(verdicts, ("8.6",))))
    return lines


def _bullets(verdicts: Mapping[str, Verdict], findings: Sequence[Finding]) -> list[list[str]]:
    """The source's lines, or the criteria; one that is known by less than the best known one says by what."""
    lines = [(i, requirement(i).title) for i in verdicts]
    if _autonomy(verdicts):
        lines = [*_BULLETS, *([_ALERT] if "8.6" in verdicts else [])]
    known = [
        (text, (verdicts[key].status, verdicts[key].known_by) if key in verdicts else _of_rules(findings, (key,)))
        for key, text in lines
    ]
    # Reading alone is said wherever an execution is what the checkpoint asks for.
    asked = [Level.EXECUTION] if "8.6" in verdicts else []
    best = max((*asked, *(level for _, (_, level) in known if level is not None)), default=None)
    return [[_MARKS[status], text + _suffix(status, level, best)] for text, (status, level) in known]


def _suffix(status: Status, level: Level | None, best: Level | None) -> str:
    if status is Status.UNDETERMINED:
        return " : non vérifié"
    if status is Status.NON_COMPLIANT:
        return " : non conforme"
    if status is Status.NOT_APPLICABLE:
        return " : sans objet"
    return f" ({level.french})" if level is not None and best is not None and level < best else ""


def verdict_section(
    verdicts: Mapping[str, Verdict], findings: Sequence[Finding], nothing_judged: bool
) -> dict[str, Any]:
    """Section 5.2: validated or not, complete or not, and what each line of the source's list rests on."""
    statuses = [v.status for v in verdicts.values()]
    unverified = [r for r, v in verdicts.items() if v.status is Status.UNDETERMINED]
    bullets = _bullets(verdicts, findings)
    compensations = [c for v in verdicts.values() for c in v.compensations]
    return {
        "validated": not nothing_judged and validated(statuses, findings),
        "complete": not unverified,
        "judged": not nothing_judged,
        "unverified": unverified,
        "refused": [r for r, v in verdicts.items() if v.status is Status.NON_COMPLIANT],
        "partial": [r for r, v in verdicts.items() if v.status is Status.PARTIAL],
        "bullets": bullets,
        "compensations": [{"requirement": c.requirement, "control": c.name} for c in compensations],
    }


def phases(  # noqa: PLR0917  what section 5.3 tells, in its order
    family: str,
    verdicts: Mapping[str, Verdict],
    findings: Sequence[Finding],
    finished: Collection[str] = (),
    elsewhere: Mapping[str, str] = MappingProxyType({}),
    reserved: bool = False,
) -> list[dict[str, Any]]:
    """Section 5.3: this phase and the following ones; `finished` are the families whose newest checkpoint is validated.

    A phase whose checkpoint is not validated, is so under reserve, or leaves something open, stays « À VALIDER »; so does
    the first of the others. A family of another spec than the source's has no phase.
    """
    own = phase_of(family)
    following = [p for p in PHASES if own is not None and p.number >= own.number]
    statuses = [v.status for v in verdicts.values()]
    done = validated(statuses, findings) and not reserved and Status.UNDETERMINED not in statuses
    over = {*finished} - {family} | ({family} if done else set())
    due = next((p.number for p in following if p.family not in over), 0)
    waiting = {p.number: "À VALIDER" if p.number == due else "EN ATTENTE" for p in following}
    return [
        {"number": p.number, "title": p.title, "state": "TERMINÉE" if p.family in over else waiting[p.number]}
        | ({"note": elsewhere[p.family]} if p.family in elsewhere and p.family not in over | {family} else {})
        for p in following
    ]
