"""What a journal says of itself, compared with what it shows: a verdict is worth its findings, and no more."""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

from audit.journal.recorded_findings import every_finding, left_open

_LEVELS = ("", "déclaré", "configuré", "exécuté", "mesuré")
_HIGHEST = {"source": "déclaré", "configuration": "configuré", "execution": "mesuré"}
_COUNTED = ("passed", "failed", "undetermined", "errors")
_LISTED = {"NON CONFORME": "refused", "PARTIEL": "partial", "INDÉTERMINÉ": "unverified"}

Journal = Mapping[str, Any]


def contradictions(journal: Journal) -> Iterator[str]:
    """Each place where a journal that follows its schema contradicts itself, in English."""
    yield from _dates(journal["volatile"])
    yield from _counts(journal)
    yield from _levels(journal)
    for entry in journal["requirements"]:
        for reason in _requirement(entry):
            yield f"{entry['id']} {entry['verdict']}: {reason}"
    yield from _verdict(journal)
    yield from _traced(journal.get("traceability"))


def _traced(traced: Journal | None) -> Iterator[str]:
    """Nothing is known of a spec from files that were not read."""
    if traced is None:
        return
    for name, needed in (("uncited", ("criteria", "tasks")), ("uncovered", ("criteria",)), ("dangling", ("criteria",))):
        known = all(traced[count] for count in needed)
        if known != (traced[name] is not None):
            yield f"traceability.{name} is not what {' and '.join(needed)} allow"
        elif known and name != "dangling" and len(traced[name]) > traced["criteria"]:
            yield f"traceability.{name} has more criteria than the spec"


def _dates(volatile: Journal) -> Iterator[str]:
    for name, read in (("date", date.fromisoformat), ("generated_at", datetime.fromisoformat)):
        try:
            read(volatile[name])
        except ValueError:
            yield f"volatile.{name} is no date: {volatile[name]}"


def _counts(journal: Journal) -> Iterator[str]:
    total: Counter[str] = Counter()
    for line in journal["categories"]:
        if line["tests"] != sum(line[k] for k in _COUNTED) or line["warned"] > line["passed"]:
            yield f"category {line['name']}: its counts do not add up"
        total.update({k: v for k, v in line.items() if k != "name"})
    if dict(total) != journal["totals"]:
        yield "totals are not the sum of the categories"


def _levels(journal: Journal) -> Iterator[str]:
    highest = _LEVELS.index(_HIGHEST[journal["level"]])
    for finding in every_finding(journal):
        shown = [_LEVELS.index(e["level"]) for e in finding["evidence"]]
        if max(shown, default=0) > highest:
            yield f"{finding['rule']}: evidence above level {journal['level']}"
        if finding["outcome"] == "établi" and max(shown, default=0) < max(_LEVELS.index(finding["level"]), 1):
            yield f"{finding['rule']}: « établi » without evidence at its level"
    if journal["level"] != "execution" and journal["experiments"]:
        yield f"experiments at level {journal['level']}"


def _requirement(entry: Journal) -> Iterator[str]:
    by_outcome: dict[str, list[Journal]] = {}
    for finding in entry["findings"]:
        by_outcome.setdefault(finding["outcome"], []).append(finding)
    defects = {f["rule"] for f in by_outcome.get("défaut", ())}
    bare = defects - {c["defect"] for c in entry["compensations"]}
    if bool(bare) != (entry["verdict"] == "NON CONFORME"):
        yield "a defect that nothing compensates is what makes NON CONFORME, and nothing else"
    if entry["verdict"] == "SANS OBJET" and by_outcome.keys() != {"sans objet"}:
        yield "a finding says otherwise"
    if entry["verdict"] != "CONFORME":
        return
    floor = _LEVELS.index(entry["floor"])
    if _LEVELS.index(entry["known_by"]) < floor:
        yield f"known by « {entry['known_by']} », below its floor « {entry['floor']} »"
    shown = [e["level"] for f in by_outcome.get("établi", ()) for e in f["evidence"]]
    if not any(_LEVELS.index(level) >= floor for level in shown):
        yield f"nothing is established at its floor « {entry['floor']} »"
    if entry["known_by"] not in shown:
        yield f"nothing established is known by « {entry['known_by']} »"
    if defects or by_outcome.keys() & {"erreur d'audit", "réserve"}:
        yield "a finding says otherwise"


def _verdict(journal: Journal) -> Iterator[str]:
    said = journal["verdict"]
    by_verdict: dict[str, list[str]] = {name: [] for name in _LISTED.values()}
    for entry in journal["requirements"]:
        if entry["verdict"] in _LISTED:
            by_verdict[_LISTED[entry["verdict"]]].append(entry["id"])
    for name, identifiers in by_verdict.items():
        if said[name] != identifiers:
            yield f"verdict.{name} is not what the requirements say"
    if said["complete"] == bool(by_verdict["unverified"]):
        yield "verdict.complete is not what the requirements say"
    yield from _reserve(journal)
    critical = any(p["severity"] == "critique" for p in journal["problems"])
    if said["validated"] and (by_verdict["refused"] or critical or not said["judged"]):
        yield "verdict.validated is not what the requirements and the problems say"


def _reserve(journal: Journal) -> Iterator[str]:
    """What leaves a verdict under reserve is what the findings leave open; a journal of before says nothing of it."""
    findings = every_finding(journal)
    if not findings or any("severity" not in f for f in findings):
        return
    left = {f["rule"] for f in left_open(journal) if f["severity"] == "critique"}
    if left != set(journal["verdict"].get("open_critical", ())):
        yield "verdict.open_critical is not what the findings leave open"
