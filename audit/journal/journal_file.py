"""The record of one audit: built from an examination, masked, checked against its schema, written once.

Volatile fields (date, durations, host, pytest's summary) stand apart from deterministic ones, so that two audits of the
same tree can be compared.
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from importlib import resources
from importlib.metadata import version
from pathlib import Path
from typing import Any

from audit.experiments.evidence_files import Soak
from audit.journal.accepted import accept_all
from audit.journal.consistency import contradictions
from audit.journal.corrections import Previous, corrections
from audit.journal.fingerprints import in_order
from audit.journal.periodic_table import periodic_table
from audit.journal.redaction import redacted
from audit.journal.strike_rows import rows
from audit.judging.asked import decided_by
from audit.judging.conclusion import aspects, phases, verdict_section
from audit.judging.examination import Examination
from audit.judging.open_points import gravity, impact, open_critical
from audit.judging.verdict import Status, Verdict
from audit.model.facts import Facts
from audit.model.findings import Evidence, Excerpt, Finding, Outcome, Severity
from audit.model.json_schema import schema_faults
from audit.reading.kiro.requirements_file import Criterion
from audit.reading.kiro.traceability import Traceability
from audit.requirements.catalogue import SPEC, phase_of, requirement
from audit.requirements.profiles import DEFAULT_FAMILY, PROFILES
from audit.requirements.requirement import DRIVER_FIRST, Requirement, family_of
from audit.requirements.unproved import unproved
from audit.target.target_file import Target

VERSION = 1
NAME = "checkpoint-audit"
_RANKS = ("critique", "majeur", "mineur")


@dataclass(frozen=True)
class Volatile:
    """What changes from one run to the next. Times in seconds; `date` is ISO, `generated_at` an ISO date and time in UTC.

    `stem` is the name of its files, without suffix; `commit` that of the target's folder, and `tool_digest` the digest of the
    tool that judged it, where they are known.
    """

    date: str
    generated_at: str
    duration_seconds: float
    command: str
    pytest_summary: str
    host: str
    stem: str = ""
    commit: str = ""
    tool_digest: str = ""


class JournalError(ValueError):
    """A journal cannot be read, or does not follow its schema."""


def build(
    examination: Examination,
    digest: str,
    volatile: Volatile,
    previous: Previous | None,
    finished: Collection[str] = (),
    *,
    elsewhere: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """The journal of an examination whose tests have all run. Raises JournalError if it would break its own schema.

    `finished` are the families whose phase is over, for what comes next; `elsewhere` those validated on another tree, dated.
    """
    verdicts = examination.verdicts()
    every, left = examination.every_finding(), open_critical(examination)
    categories = [_category(examination, name) for name in dict.fromkeys(c for c, _ in examination.tests())]
    totals = {k: sum(c[k] for c in categories) for k in categories[0] if k != "name"} if categories else {}
    known, family = examination.known, examination.profile.family
    requirements = [_requirement(examination, r, v) for r, v in verdicts.items()]
    unattached = [_finding(examination, f) for f in _unattached(examination)]
    problems, waivers = accept_all(_problems(examination), known.target, date.fromisoformat(volatile.date))
    document = {
        "version": VERSION,
        "volatile": asdict(volatile),
        "target": _target(examination, digest),
        "tool": {"name": NAME, "version": version(NAME)},
        "profile": examination.profile.name,
        "level": examination.level.name.lower(),
        "family": family,
        "probes": [_probe(f) for f in (known.source, known.configuration, known.quality) if f is not None],
        "categories": categories,
        "totals": totals,
        "requirements": requirements,
        "unattached": unattached,
        "periodic_tasks": periodic_table(known),
        "problems": problems,
        **({"waivers": waivers} if waivers else {}),
        "corrections": corrections(previous, requirements, problems, unattached),
        "conditions": list(examination.conditions),
        **({"supposed": list(told)} if (told := examination.supposed_lines) else {}),
        "experiments": _experiments(examination),
        **_soak(examination.soak),
        **_traceability(examination),
        "aspects": aspects(totals, verdicts, every),
        "verdict": verdict_section(verdicts, every, examination.nothing_judged) | {"open_critical": left},
        "phases": phases(family, verdicts, every, finished, elsewhere or {}, bool(left)),
    }
    masked: dict[str, Any] = redacted(json.loads(json.dumps(document, ensure_ascii=False, default=str)))
    check(masked)
    return masked


def _target(examination: Examination, digest: str) -> dict[str, Any]:
    known, traced = examination.known, examination.traceability
    versions = (known.configuration or known.source).versions
    return {
        "name": known.target.name,
        "spec": known.target.spec or (traced.name if traced else ""),
        "task": _task(known.target, examination.profile.family, traced),
        "digest": digest,
        "versions": {name: text for name, text in versions.items() if name != "isolation"},
    }


def _experiments(examination: Examination) -> list[dict[str, Any]]:
    return [
        {
            "id": e.id,
            "title": e.title,
            "requirements": list(e.requirements),
            "figures": [list(pair) for pair in examination.records[e.id].figures],
            "timeline": [list(event) for event in examination.records[e.id].timeline],
            **_struck(examination, e.id),
        }
        for e in examination.asked_by_execution
        if e.id in examination.records
    ]


def _struck(examination: Examination, identifier: str) -> dict[str, Any]:
    """When the experiment began (seconds since the first one), its faults, and what it lost under them."""
    record = examination.records[identifier]
    first = min(r.started for r in examination.records.values())
    losses = record.losses and dict(zip(("lost", "duplicated", "uncertain"), record.losses, strict=True))
    return {"at": round(record.started - first, 3), "blows": [asdict(b) for b in record.blows], "losses": losses}


def _soak(soak: Soak | None) -> dict[str, Any]:
    """What a report shows of the soak of the same tree; nothing without one."""
    if soak is None:
        return {}
    kept = ("session", "seed", "command", "generated_at", "duration_seconds", "conditions")
    told = {key: soak.document[key] for key in kept}
    return {"soak": told | {"path": soak.path, "rows": [asdict(row) for row in rows(soak.document["strikes"])]}}


def _traceability(examination: Examination) -> dict[str, Any]:
    """The spec beside which the target is audited, where there is one. A criterion is written `N.M`."""
    traced = examination.traceability
    if traced is None:
        return {}

    def criteria(found: Sequence[Criterion] | None) -> list[dict[str, str]] | None:
        return None if found is None else [asdict(c) | {"identifier": str(c.identifier)} for c in found]

    def outcome(rule: str) -> str:
        found = examination.gathered(rule)
        return found.value if found else "non posée"

    told = {
        "uncited": criteria(traced.uncited),
        "uncovered": criteria(traced.uncovered),
        "entrusted": [{"criterion": i, "rule": rule, "outcome": outcome(rule)} for i, rule in traced.entrusted],
    }
    return {"traceability": asdict(traced) | told}


def _task(target: Target, family: str, traced: Traceability | None) -> str:
    """What the target file calls the checkpoint of its family, else its own spec; the phase of the spec for the others."""
    phase = phase_of(family)
    if family != DEFAULT_FAMILY and phase is not None:
        return f"Phase {phase.number} - {phase.title}"
    checkpoints = traced.checkpoints if traced and traced.name == SPEC else ()
    found = [f"{c.number}. {c.title}" for c in checkpoints if {family_of(i) for i in c.criteria} == {family}]
    return target.task or (found[0] if len(found) == 1 else "")


def _category(examination: Examination, name: str) -> dict[str, Any]:
    outcomes = [examination.outcome(i) for c, i in examination.tests() if c == name]
    counts = {o: outcomes.count(o) for o in Outcome}
    return {
        "name": name,
        "tests": len(outcomes) - counts[Outcome.NOT_APPLICABLE],
        "passed": counts[Outcome.ESTABLISHED] + counts[Outcome.RESERVATION],
        "warned": counts[Outcome.RESERVATION],
        "failed": counts[Outcome.DEFECT],
        "undetermined": counts[Outcome.UNDETERMINED],
        "errors": counts[Outcome.AUDIT_ERROR],
        "not_applicable": counts[Outcome.NOT_APPLICABLE],
    }


def _probe(facts: Facts) -> dict[str, Any]:
    return {
        "name": facts.probe,
        "level": facts.level.french,
        "digest": facts.digest,
        "failure": facts.failure,
        "failures": [] if facts.failure else list(facts.failures),
        "isolation": facts.versions.get("isolation", ""),
        "unread": [list(pair) for pair in facts.unread],
        "counts": {
            "functions": len(facts.functions),
            "tasks": len(facts.tasks),
            "settings": len(facts.settings),
            "beat": len(facts.beat),
            "routes": len(facts.routes),
            "processes": len(facts.processes),
        },
    }


def _requirement(examination: Examination, identifier: str, verdict: Verdict) -> dict[str, Any]:
    entry: Requirement = requirement(identifier)
    findings = [f for f in examination.every_finding() if identifier in f.requirements]
    return {
        "id": identifier,
        "title": entry.title,
        "criterion": entry.criterion,
        "heading": entry.heading,
        "floor": examination.profile.floor(entry).french,
        "verdict": verdict.status.value,
        "known_by": verdict.known_by.french if verdict.known_by else "",
        "reason": verdict.reason,
        "unproved": ""
        if verdict.status is Status.NOT_APPLICABLE
        else unproved(identifier, verdict.known_by, examination.limits.get(identifier, "")),
        "settles": _settles(examination, entry, findings),
        "findings": [_finding(examination, f) for f in findings],
        "compensations": [
            {"defect": c.defect, "control": c.name, "covers": c.covers, "residual": c.residual}
            for c in verdict.compensations
        ],
        "excerpts": [asdict(e) for e in _excerpts(findings)],
    }


def _unattached(examination: Examination) -> list[Finding]:
    """Findings that bear on no requirement of the profile and that no problem tells: without this nobody would read them."""
    shown = set(examination.profile.requirements)
    return [f for f in examination.every_finding() if not shown & set(f.requirements) and f.problem is None]


def _settles(examination: Examination, entry: Requirement, findings: Sequence[Finding]) -> str:
    """What would settle it. Where its own experiment was played and one did not conclude, playing it again is no advice."""
    played = set(examination.records)
    open_ones = {f.rule for f in findings if f.outcome in {Outcome.UNDETERMINED, Outcome.AUDIT_ERROR}}
    own = [f.settles for f in findings if f.rule in played and f.rule in open_ones and f.settles]
    if own:
        return own[0]
    if played & set(decided_by(entry.id)) and played & open_ones:
        return "lever ce qui a manqué à l'expérience ci-dessus, puis la rejouer"
    return entry.settles.removeprefix(DRIVER_FIRST) if examination.known.target.driver else entry.settles


def _finding(examination: Examination, finding: Finding) -> dict[str, Any]:
    open_point = finding.outcome is Outcome.UNDETERMINED
    return {
        "rule": finding.rule,
        "severity": gravity(examination, finding.rule).value,
        "outcome": finding.outcome.value,
        "level": finding.level.french,
        "sentence": finding.sentence,
        "missing": finding.missing,
        "settles": finding.settles,
        **({"impact": told} if open_point and (told := impact(examination, finding.rule)) else {}),
        "evidence": [_evidence(e) for e in finding.evidence],
    }


def _evidence(evidence: Evidence) -> dict[str, Any]:
    return {
        "level": evidence.level.french,
        "source": evidence.source,
        "digest": evidence.digest,
        "values": dict(evidence.values),
        "excerpt": asdict(evidence.excerpt) if evidence.excerpt else None,
    }


def _excerpts(findings: Iterable[Finding]) -> list[Excerpt]:
    """Excerpts of functions that the findings quote, each once; settings and process lines speak for themselves."""
    quoted = [e.excerpt for f in findings for e in f.evidence if e.excerpt is not None]
    return [e for e in dict.fromkeys(quoted) if "def " in e.text]


def _problems(examination: Examination) -> list[dict[str, Any]]:
    seen: dict[str, Finding] = {}
    for finding in examination.every_finding():
        if finding.problem is not None:
            seen.setdefault(finding.problem.title, finding)
    verdicts = examination.verdicts()
    grave = {id(f): _impact(f, verdicts).get("severity", _severity(f)) for f in seen.values()}
    ordered = sorted(seen.values(), key=lambda f: (_RANKS.index(grave[id(f)]), _rank(f)))
    return [
        {"number": n, "rule": f.rule, "requirements": list(f.requirements), **_flat(f), **_impact(f, verdicts)}
        for n, f in enumerate(ordered, 1)
    ]


def _impact(finding: Finding, verdicts: Mapping[str, Verdict]) -> dict[str, str]:
    """What refuses a requirement is no small matter, whatever it would be alone."""
    refused = [
        i
        for i in finding.requirements
        if i in verdicts
        and verdicts[i].status is Status.NON_COMPLIANT
        and finding.rule not in {c.defect for c in verdicts[i].compensations}
    ]
    if finding.outcome is not Outcome.DEFECT or not refused or not finding.problem:
        return {}
    raised = {"severity": Severity.MAJOR.value} if finding.problem.severity is Severity.MINOR else {}
    if finding.problem.impact != "Faible":
        return raised
    what = (
        f"demandé par les exigences {', '.join(refused)}, refusées sans cela"
        if refused[1:]
        else f"demandé par l'exigence {refused[0]}, refusée sans cela"
    )
    return raised | {"impact": f"Élevé : {what}"}


def _severity(finding: Finding) -> str:
    return finding.problem.severity.value if finding.problem else ""


def _rank(finding: Finding) -> tuple[bool, bool]:
    """Problems that bear on a requirement first, then those with an impact."""
    return (finding.outcome is not Outcome.DEFECT, not finding.problem or finding.problem.impact == "Aucun")


def _flat(finding: Finding) -> dict[str, Any]:
    """A problem with the sentence of its finding, which says what is at fault here, and every place."""
    if finding.problem is None:
        return {}
    quoted = list(finding.problem.situation) or [e.excerpt for e in finding.evidence if e.excerpt]
    places = finding.problem.places or tuple(f"{e.path}:{e.first_line}" for e in quoted)
    return asdict(finding.problem) | {"sentence": finding.sentence, "places": in_order(dict.fromkeys(places))}


def check(document: Any) -> None:
    """Raise JournalError, with the place at fault, when a document does not follow the schema or contradicts itself."""
    schema = json.loads(resources.files(__package__).joinpath("journal.schema.json").read_text(encoding="utf-8"))
    for path, message in schema_faults(schema, document):
        raise JournalError(f"{path}: {message[:200]}")
    for reason in contradictions(document):
        raise JournalError(reason)


def check_floors(document: Mapping[str, Any]) -> None:
    """Raise JournalError when the requirements and their floors are not those of the profile that the journal names."""
    profile = PROFILES[document["profile"]].get(document["family"])
    if profile is None:
        raise JournalError(f"profile {document['profile']} does not judge family {document['family']}")
    floors = {r["id"]: r["floor"] for r in document["requirements"]}
    made = document["volatile"]["generated_at"]
    asked = [requirement(r) for r in profile.requirements]
    expected = {r.id: profile.floor(r).french for r in asked if not r.since or r.since <= made}
    if floors != expected:
        raise JournalError(f"the requirements are not those of profile {profile.name} at their floors")


def read(path: Path) -> dict[str, Any]:
    """A journal from disk. Raises JournalError when it is unreadable or does not follow the schema."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        check(document)
    except JournalError:
        raise
    except (OSError, ValueError, RecursionError) as error:
        raise JournalError(f"{path}: not a journal: {error}") from error
    journal: dict[str, Any] = document
    return journal


def dump(document: Mapping[str, Any]) -> str:
    """The journal as text, the same for the same document; its keys stay in the order in which a report shows them."""
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"
