"""What the templates need of a journal, prepared: symbols, groupings, sums. No French sentence is written here."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from audit.french.typography import counted
from audit.journal.corrections import verdict_word
from audit.journal.recorded_findings import every_finding, left_open
from audit.report.first_screen import FirstScreen, first_screen
from audit.report.open_causes import open_causes
from audit.report.practices import NEEDED_BY, SHOWN_BY
from audit.report.requirement_view import RequirementView, requirement_views
from audit.report.strike_section import StruckRow, drawing_name, struck_rows, worst_rows

# The aspects of family 8 that are requirements, and the one that a practice of no requirement concerns; of the other
# families, each aspect is a requirement.
_ASPECTS = {
    "Fonctionnement autonome": ("8.1", "8.2", "8.3"),
    "Redémarrage automatique": ("8.5",),
    "Disponibilité": ("8.4",),
    "Alerte à l'arrêt des workers": ("8.6",),
}
_SETTINGS = "Configuration robuste"
_PHASE_SYMBOLS = {"TERMINÉE": "✅", "À VALIDER": "➡️", "EN ATTENTE": "⏳"}
Journal = Mapping[str, Any]
Record = Mapping[str, Any]
_AROUND, _MOST = 2, 2
_WHOLE = 2 * _AROUND + 1


@dataclass(frozen=True)
class Tally:
    """Results of one category of tests: `judged` leaves out those that do not apply to the target."""

    name: str
    judged: int
    passed: int
    warned: int
    failed: int
    undetermined: int
    errors: int
    not_applicable: int

    @property
    def symbol(self) -> str:
        """Worst result first."""
        if self.failed or self.errors:
            return "❌"
        return "❔" if self.undetermined else "✅"


@dataclass(frozen=True)
class Conclusion:
    """Verdict of the checkpoint. `outcome` is `refused`, `nothing` (no requirement could be verified) or `validated`.

    `declared` says that something CONFORME is only known by reading.
    """

    outcome: str
    declared: bool
    bullets: tuple[tuple[str, str], ...]
    rejected: tuple[RequirementView, ...]
    partial: tuple[RequirementView, ...]
    unverified: tuple[RequirementView, ...]
    verified: tuple[RequirementView, ...]
    critical: tuple[int, ...]


@dataclass(frozen=True)
class Checkpoint:
    """A whole report. `journal` gives what the templates print as it is."""

    journal: Journal
    subject: str
    day: date
    tallies: tuple[Tally, ...]
    folded: tuple[Tally, ...]
    total: Tally
    requirements: tuple[RequirementView, ...]
    critical: tuple[Mapping[str, Any], ...]
    minor: tuple[Mapping[str, Any], ...]
    detailed: tuple[Mapping[str, Any], ...]
    untouched: tuple[str, ...]
    aspects: tuple[tuple[str, str], ...]
    conclusion: Conclusion
    phases: tuple[tuple[str, Mapping[str, Any]], ...]
    elsewhere: tuple[RequirementView, ...]
    loose_periodic_tasks: bool
    loose_experiments: tuple[Mapping[str, Any], ...]
    struck: tuple[StruckRow, ...]
    drawing: str
    soak: Mapping[str, Any] | None
    open_causes: tuple[tuple[str, int], ...]
    to_check: tuple[Mapping[str, Any], ...]
    reserved: tuple[Mapping[str, Any], ...]
    idle: tuple[Mapping[str, Any], ...]
    ungraded: bool
    loaded: bool
    played: bool
    major: tuple[Mapping[str, Any], ...]
    verdict_word: str
    screen: FirstScreen
    worst_rows: tuple[Mapping[str, Any], ...]
    found: str


def checkpoint(journal: Journal) -> Checkpoint:
    """The view of a schema-checked journal."""
    requirements = requirement_views(journal)
    problems = _problems(journal)
    tallies = tuple(_tally(c["name"], c) for c in journal["categories"])
    to_check = left_to_check(journal)
    reserved = tuple(
        {**f, "needed_by": NEEDED_BY.get(f["rule"], ())} for f in to_check if f.get("severity") == "critique"
    )
    fed = {e["id"] for r in requirements for e in r.experiments}
    return Checkpoint(
        journal=journal,
        subject=_subject(journal),
        day=date.fromisoformat(journal["volatile"]["date"]),
        tallies=tallies,
        folded=_folded(tallies) if journal["profile"] != "checkpoint-2025" else (),
        total=_tally("TOTAL", journal["totals"]),
        requirements=requirements,
        critical=tuple(p for p in problems if p["severity"] == "critique"),
        minor=tuple(p for p in problems if p["severity"] != "critique"),
        detailed=tuple(p for p in problems if _has_more_to_say(p, requirements)),
        untouched=tuple(r.id for r in requirements if r.status == "CONFORME" and not r.problems),
        aspects=_aspects(journal, requirements, reserved),
        conclusion=_conclusion(journal, requirements),
        phases=tuple((_PHASE_SYMBOLS.get(p["state"], "➖"), p) for p in journal["phases"]),
        elsewhere=tuple(r for r in requirements if r.weaker),
        loose_periodic_tasks=journal["family"] == "8"
        and bool(journal["periodic_tasks"]["rows"])
        and not any(r.periodic_tasks for r in requirements),
        loose_experiments=tuple(e for e in journal["experiments"] if e["id"] not in fed),
        struck=struck_rows(journal),
        drawing=drawing_name(journal),
        soak=journal.get("soak"),
        # The other profiles' reports keep the form that reviewers know.
        open_causes=open_causes(journal) if journal["profile"] == "celery" else (),
        to_check=to_check,
        idle=_idle(journal),
        reserved=reserved,
        ungraded=any("severity" not in f for f in to_check),
        loaded=any(p["name"] == "configuration" and not p["failure"] for p in journal["probes"]),
        played=bool(journal["experiments"]),
        major=tuple(p for p in problems if p["severity"] == "majeur"),
        worst_rows=worst_rows(journal.get("soak")),
        verdict_word=verdict_word(journal),
        screen=first_screen(journal, requirements, problems, to_check),
        found=_found(problems),
    )


def _problems(journal: Journal) -> list[dict[str, Any]]:
    """The problems of a journal, as the report tells and quotes them."""
    # Journals of before say neither the sentence of a problem nor all its places.
    problems = [{"sentence": "", "places": []} | p for p in journal["problems"]]
    # How an experiment went is told with its requirement: only what it saw is the situation.
    played = {e["id"] for e in journal["experiments"] if e["timeline"]}
    problems = [p | ({"situation_text": ""} if p["sentence"] and p["rule"] in played else {}) for p in problems]
    return [
        p | {"quoted": p["situation"] if journal["profile"] == "checkpoint-2025" else quotations(p)} for p in problems
    ]


def _found(problems: Sequence[Record]) -> str:
    """How many problems of each gravity; a gravity without any is not told, so that no zero stands beside a doubt."""
    severities = [p["severity"] for p in problems]
    told = ((severities.count(word), word) for word in ("critique", "majeur", "mineur"))
    return ", ".join(counted(count, word) for count, word in told if count)


def left_to_check(journal: Journal) -> tuple[Mapping[str, Any], ...]:
    """The undetermined points, each once, the most serious first; those that a requirement names or needs before others."""
    shown = {f["rule"] for f in every_finding(journal) if f["outcome"] == "établi"}
    left = {(f["rule"], f["sentence"], f["missing"]): _with_what_was_shown(f, shown) for f in left_open(journal)}
    ranks = ("critique", "majeur", "mineur", "")
    asked = {f["rule"] for r in journal["requirements"] for f in r["findings"]} | {*NEEDED_BY}
    return tuple(sorted(left.values(), key=lambda f: (ranks.index(f.get("severity", "")), f["rule"] not in asked)))


def _idle(journal: Journal) -> tuple[Mapping[str, Any], ...]:
    """The points of requirements that concern nothing in the target, each once."""
    every = [f for r in journal["requirements"] for f in r["findings"] if f["outcome"] == "sans objet"]
    return tuple({f["sentence"]: f for f in every}.values())


def _with_what_was_shown(point: Mapping[str, Any], shown: set[str]) -> Mapping[str, Any]:
    """A point that reading left open, with the experiment that shows it where it went."""
    experiment, requirement = SHOWN_BY.get(point["rule"], ("", ""))
    if experiment not in shown:
        return point
    told = f"montré à l'exécution (exigence {requirement}) pour ce qui a été essayé ; la lecture ne l'établit pas pour tous les chemins"
    return {**point, "shown": told}


def _aspects(
    journal: Journal, requirements: tuple[RequirementView, ...], reserved: tuple[Mapping[str, Any], ...]
) -> tuple[tuple[str, str], ...]:
    """The lines of section 5.1, each with what it holds under reserve of: what bears on no requirement bears on the settings."""
    apart = {f["rule"] for f in journal["unattached"]}
    general = [f"« {f['sentence'].rstrip('.')} »" for f in reserved if f["rule"] in apart and not f["needed_by"]]
    held = {
        r.id: [f"« {s} »" for s in r.reserves] + [f"problème critique n° {p['number']}" for p in r.grave]
        for r in requirements
    }
    told = []
    for name, status in ((a["name"], a["status"]) for a in journal["aspects"]):
        ids = _ASPECTS.get(name, (name.partition(" ")[0],))
        why = dict.fromkeys(general if name == _SETTINGS else (one for i in ids for one in held.get(i, ())))
        reserve = f", sous réserve : {' ; '.join(why)}" if why and status[0] in "✅⚠" else ""
        told.append((name, status.replace("✅", "⚠️") + reserve if reserve else status))
    return tuple(told)


def _folded(tallies: tuple[Tally, ...]) -> tuple[Tally, ...]:
    """The categories that one row tells: those where all is established, when there are several."""
    whole = tuple(t for t in tallies if t.judged == t.passed and t.judged and not t.warned and not t.not_applicable)
    return whole if len(whole) > 1 else ()


def _subject(journal: Journal) -> str:
    """What this checkpoint validates: the first phase listed is its own; a target's name stands in for none."""
    subject = journal["phases"][0]["title"] if journal["phases"] else journal["target"]["name"]
    return str(subject).removeprefix("Audit ")


def _tally(name: str, counts: Mapping[str, Any]) -> Tally:
    known = {k: int(counts[k]) for k in ("passed", "warned", "failed", "undetermined", "errors", "not_applicable")}
    judged = sum(known[k] for k in ("passed", "failed", "undetermined", "errors"))
    return Tally(name=name, judged=judged, **known)


def _conclusion(journal: Journal, requirements: tuple[RequirementView, ...]) -> Conclusion:
    verdict = journal["verdict"]
    open_ids = set(verdict["unverified"])
    unverified = tuple(r for r in requirements if r.status == "INDÉTERMINÉ" or r.id in open_ids)
    concerned = tuple(r for r in requirements if r.status != "SANS OBJET")
    nothing = not verdict["judged"] or len(unverified) == len(concerned)
    validated = "validated" if verdict["validated"] else "refused"
    return Conclusion(
        outcome="nothing" if nothing else validated,
        declared=any(r.status == "CONFORME" and r.known_by == "déclaré" for r in requirements),
        bullets=tuple((symbol, text) for symbol, text in verdict["bullets"]),
        rejected=tuple(r for r in requirements if r.status == "NON CONFORME"),
        partial=tuple(r for r in requirements if r.status == "PARTIEL"),
        unverified=unverified,
        verified=tuple(r for r in concerned if r not in unverified),
        critical=tuple(p["number"] for p in journal["problems"] if p["severity"] == "critique"),
    )


def _has_more_to_say(problem: Record, requirements: Sequence[RequirementView]) -> bool:
    """Whether a problem shows code, a solution, or a sentence that its requirement does not give as its reason."""
    if problem["situation"] or problem["solution"]:
        return True
    told = {r.reason for r in requirements if r.is_told_already}
    said = {problem["sentence"], problem["situation_text"]} - {""}
    return bool(said - told)


def quotations(problem: Record) -> tuple[Record, ...]:
    """The first excerpt of each of the first files, cut to the lines around its first fault; the others are only named."""
    first_of = {excerpt["path"]: excerpt for excerpt in reversed(problem["situation"])}
    most = 1 if problem["severity"] == "mineur" else _MOST
    return tuple(_cut(first_of[path], problem["places"]) for path in list(reversed(first_of))[:most])


def _cut(excerpt: Record, places: list[str]) -> Record:
    first, last = excerpt["first_line"], excerpt["last_line"]
    if last - first < _WHOLE:
        return excerpt
    fault = min(_faults(excerpt, places), default=first)
    low, high = max(first, fault - _AROUND), min(last, fault + _AROUND)
    lines = excerpt["text"].split("\n")[low - first : high - first + 1]
    return {**excerpt, "first_line": low, "last_line": high, "text": "\n".join(lines)}


def _faults(excerpt: Record, places: list[str]) -> Iterator[int]:
    for place in places:
        path, _, line = place.rpartition(":")
        if path == excerpt["path"] and line.isdigit() and excerpt["first_line"] <= int(line) <= excerpt["last_line"]:
            yield int(line)
