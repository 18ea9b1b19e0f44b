"""The first screen of a checkpoint: what each requirement rests on, what is left to check, and what to do first."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from audit.report.open_causes import open_causes
from audit.report.practices import NEEDED_BY
from audit.report.requirement_view import RequirementView

Record = Mapping[str, Any]
_LONGEST, _LONGEST_REASONS = 260, 200
# Lines of the screen that are always there, and the fewest that remain for actions and points.
_LINES, _FIXED, _LEAST, _MOST_ACTIONS = 40, 23, 5, 5
# Beside more requirements than that, those that nothing settled share one row.
_MOST_ROWS = 8
_GRAVITIES = ("critique", "majeur", "mineur", "")
_LEVELS = ("déclaré", "configuré", "exécuté", "mesuré")
# Of a requirement that something asked with it refuses, by its floor: what it states was not looked at so closely.
_UNTRIED = {
    "configuré": "la configuration n'est pas chargée",
    "exécuté": "l'énoncé lui-même n'est pas essayé",
    "mesuré": "l'énoncé lui-même n'est pas mesuré",
}
# What every proof of autonomy begins with, and says nothing of its own.
_PREAMBLE = re.compile(r"(?:Sans aucune session possible|Personne ne peut être connecté)(?: \([^)]*\))?\s*: ")
# What settles a requirement that asks for no stronger evidence: what to do first is then what leaves most of it open.
_BELOW = "Le niveau exigé est"
_UNSTARTED = "aucun fichier de démarrage"
_READ = "lire ce qui manque"
_IN_FULL = "répondre en section 6"
_EMPTY = re.compile(r"\(`(\w+)`\) est vide dans la livraison")
_PLACE = re.compile(r"`([^`\s]+)`, ligne (\d+)|`([^`\s]+:\d+)`")


@dataclass(frozen=True)
class Proof:
    """One row: a requirement, what proves it in one line, and what that leaves unproved."""

    requirement: RequirementView
    proof: str
    unproved: str


@dataclass(frozen=True)
class Action:
    """Something to do: how serious what it mends is, what it is about, what it costs, the words, and the first place.

    `kind` is said after the gravity: what is to be checked is no problem that was found.
    """

    gravity: str
    title: str
    cost: str
    text: str
    place: str
    kind: str = ""


@dataclass(frozen=True)
class FirstScreen:
    """All of it. `shared` are the requirements of one row, `shown` the first points to check, `grave` what the critical
    ones after them ask, `left` how many are not among either.

    `unread` are the paths that were not read, by reason; `settled` what settles the requirements that the last action is
    about, as each of them says it.
    """

    proofs: tuple[Proof, ...]
    shared: tuple[RequirementView, ...]
    actions: tuple[Action, ...]
    others: tuple[Action, ...]
    shown: tuple[Record, ...]
    grave: tuple[str, ...]
    left: int
    unread: tuple[tuple[str, tuple[str, ...]], ...]
    settled: tuple[str, ...]


def first_screen(
    journal: Record, views: Sequence[RequirementView], problems: Sequence[Record], to_check: Sequence[Record]
) -> FirstScreen:
    """The first screen of a journal, within forty lines."""
    open_views = [v for v in views if v.status == "INDÉTERMINÉ"]
    shared = tuple(open_views) if len(views) > _MOST_ROWS and len(open_views) > 1 else ()
    rows = len(views) - max(0, len(shared) - 1)
    lines = max(_LEAST, _LINES - _FIXED - rows - _above(journal))
    settling, settled = _settling(open_views, journal)
    empty = _left_empty(journal)
    awaited = {rule for view in open_views for rule in view.rules}
    to_check = sorted(to_check, key=lambda f: (_GRAVITIES.index(f.get("severity", "")), f["rule"] in awaited))
    doubtful = [f for f in to_check if f.get("severity") == "critique" and f["rule"] not in awaited]
    critical = [f for f in to_check if f.get("severity") == "critique"]
    checking = _checking(doubtful, len(critical))
    asked = [*(_mending(p) for p in problems if "waived" not in p), *checking]
    asked.sort(key=lambda action: _GRAVITIES.index(action.gravity))
    first = min(_MOST_ACTIONS, max(4, (lines + 1) // 2)) - len(settling) - len(empty)
    at_fault = {f["rule"] for r in journal["requirements"] for f in r["findings"] if f["outcome"] == "défaut"}
    faults, after = [p for p in problems if p["rule"] in at_fault], (*empty, *settling)
    actions, others, room = _laid_out(asked, first, faults, views, after, lines)
    if others and first > 1 and len(critical) == room + 1:
        # One row short of all the critical points: two of them would share the last.
        actions, others, room = _laid_out(asked, first - 1, faults, views, after, lines)
    # No critical point is left to a later section unnamed: those without a row of their own share the last.
    own = room - 1 if critical[room:] and room else room
    grave = tuple(brief(f["sentence"]) for f in critical[own:]) if room else ()
    shown = [
        {
            **f,
            "missing": _told(f["missing"]),
            "sentence": brief(f["sentence"]),
            "needed_by": NEEDED_BY.get(f["rule"], ()),
        }
        for f in to_check[:own]
    ]
    if not (shown or grave):
        actions = tuple(replace(a, text=_IN_FULL) if a in checking else a for a in actions)
    return FirstScreen(
        tuple(_proof(r, v) for r, v in zip(journal["requirements"], views, strict=True) if v not in shared),
        shared,
        actions,
        tuple(_together(others)),
        tuple(shown),
        grave,
        len(to_check[own:]) - len(grave),
        _unread(journal),
        settled,
    )


def _laid_out(  # noqa: PLR0917  what fills one screen, from the top
    asked: Sequence[Action],
    first: int,
    faults: Sequence[Record],
    views: Sequence[RequirementView],
    after: Sequence[Action],
    lines: int,
) -> tuple[tuple[Action, ...], list[Action], int]:
    """The actions to take before `after`, those that follow in section 3, and the rows left for points to check."""
    refusing, others = _refusing(asked[first:], faults, views)
    if lines - first - len(refusing) - len(after) - bool(others) < 1:
        # The points to check need a line too: what refuses is then among what follows.
        refusing, others = (), [*asked[first:]]
    actions = (*asked[:first], *refusing, *after)
    return actions, others, max(0, lines - len(actions) - bool(others))


def _refusing(
    asked: Sequence[Action], problems: Sequence[Record], views: Sequence[RequirementView]
) -> tuple[tuple[Action, ...], list[Action]]:
    """What refuses requirements, as one action to take before what settles the others; and the rest."""
    refused = {v.id for v in views if v.status == "NON CONFORME"}
    titles = {_title(p): refused & {*p["requirements"]} for p in problems if refused & {*p["requirements"]}}
    causes = [a for a in asked if a.title in titles and a.gravity == "majeur"]
    if not causes:
        return (), [*asked]
    ids = sorted({i for a in causes for i in titles[a.title]})
    others = [a for a in asked if a not in causes]
    if len(causes) == 1:
        (cause,) = causes
        return (replace(cause, cost=f"fait refuser {', '.join(ids)}"),), others
    text = " ; ".join(f"{a.title}, {a.text}{f' (`{a.place}`)' if a.place else ''}" for a in causes)
    return (Action("majeur", f"Ce qui fait refuser {', '.join(ids)}", "", text, ""),), others


def _together(actions: Sequence[Action]) -> Iterator[Action]:
    """The actions, those of one gravity whose titles begin alike told as one: several deprecations are one thing to do."""
    for (_, head), group in groupby(actions, key=lambda a: (a.gravity, _head(a))):
        alike = list(group)
        about = [a.title.partition(" : ")[2].partition(",")[0] for a in alike]
        yield (
            replace(
                alike[0], title=f"{head.replace('Avertissement ', 'Avertissements ')} : {', '.join(about)}", place=""
            )
            if len(alike) > 1
            else alike[0]
        )


def _head(action: Action) -> str:
    head, colon, _ = action.title.partition(" : ")
    return head.replace("Avertissements ", "Avertissement ") if colon else action.title


def _above(journal: Record) -> int:
    """The lines above the table that another journal would not have, and those of waivers."""
    limited = journal["level"] != "execution" or not journal["experiments"]
    told = limited + sum(bool(p["failure"]) + bool(p.get("failures")) for p in journal["probes"])
    named = 3 if journal["profile"] == "checkpoint-2025" else 0
    return 2 * (told + ("supposed" in journal)) + named + len(journal.get("waivers", ()))


def _unread(journal: Record) -> tuple[tuple[str, tuple[str, ...]], ...]:
    by_reason: dict[str, list[str]] = {}
    for probe in journal["probes"]:
        for path, why in probe["unread"]:
            by_reason.setdefault(why, []).append(path)
    return tuple((why, tuple(paths)) for why, paths in by_reason.items())


def brief(text: str, longest: int = _LONGEST) -> str:
    """The first sentence of a text, or as many of its clauses as fit; no clause is ever cut, nor a code span."""
    told = _PREAMBLE.sub("", text, count=1)
    first = re.split(r"(?<=[^\d\s])[.] (?=[A-ZÀ-ÖÉ])", told, maxsplit=1)[0].rstrip(".")
    if len(first) <= longest:
        return first
    ends = [m.start() for m in re.finditer(r"\s;\s", first) if _whole(first[: m.start()])]
    fitting = [end for end in ends if end <= longest] or ends[:1]
    return f"{first[: fitting[-1]].rstrip()} ; …" if fitting else first


def _told(missing: str) -> str:
    """What a point lacks: its first reasons, and how many more there are."""
    told = brief(missing, _LONGEST_REASONS)
    if not told.endswith("…"):
        return told
    # What was read ends the text, and is no reason.
    kept, reasons = (
        told.removesuffix(" ; …"),
        re.split(r"\s;\s", re.sub(r"\s\(lu\s:[^()]*(?:\([^()]*\)[^()]*)*\)$", "", missing)),
    )
    unsaid = re.search(r"\(et (\d+) autres?(?: :[^)]*)?\)", missing)
    others = len(reasons) - len(re.split(r"\s;\s", kept)) + (int(unsaid[1]) if unsaid else 0)
    return f"{kept} ; et {others} autre{'s' if others > 1 else ''}"


def _whole(text: str) -> bool:
    return text.count("`") % 2 == 0 and text.count("(") == text.count(")")


def _proof(record: Record, view: RequirementView) -> Proof:
    proved = [f for f in record["findings"] if f["outcome"] == "établi"]
    best = max(proved, key=_strength, default=None)
    sentence = best["sentence"] if best and view.status == "CONFORME" else record["reason"]
    if best and sentence.startswith(_BELOW):
        level = _LEVELS[_strength(best)]
        sentence = f"{brief(best['sentence'], _LONGEST_REASONS)} ({level} ; le niveau exigé est « {record['floor']} »)"
    # Nothing is said to be proved of what is open.
    unproved = record.get("unproved", "") if view.status in {"CONFORME", "PARTIEL"} else ""
    if view.status == "NON CONFORME" and view.known_by in _LEVELS[: _LEVELS.index(view.floor)]:
        unproved = _UNTRIED[view.floor]
    return Proof(view, brief(sentence), unproved)


def _strength(finding: Record) -> int:
    return max((_LEVELS.index(e["level"]) for e in finding["evidence"]), default=-1)


def _mending(problem: Record) -> Action:
    # A word that begins a sentence, and neither code nor an acronym.
    text = re.sub(r"^[A-ZÀ-Ý](?=[a-zà-ÿ'])", lambda m: m.group().lower(), problem["recommendation"])
    place = next(iter(problem["places"]), "")
    return Action(problem["severity"], _title(problem), _consequence(problem["impact"]), text, place)


def _title(problem: Record) -> str:
    return str(problem["title"]).rstrip().removesuffix(".")


def _consequence(impact: str) -> str:
    """What an impact says after its size, as « événements perdus » of « Élevé : événements perdus »."""
    return re.sub(r"^[^:]*?\s*:\s+|^[^:]*$", "", impact)


def _checking(points: Sequence[Record], critical: int) -> list[Action]:
    """What a person must look at: the critical points that no stronger evidence, asked for apart, would settle, first."""
    if not points:
        return []
    found = _PLACE.search(points[0]["missing"])
    place = (f"{found[1]}:{found[2]}" if found[1] else found[3]) if found else ""
    sentence = points[0]["sentence"].rstrip(".")
    lost = _consequence(points[0].get("impact", ""))
    several = f"Vérifier à la main {critical} points critiques, d'abord « {sentence} »"
    title = several if critical > 1 else f"Vérifier à la main « {sentence} »"
    where = (
        "répondre dans le tableau ci-dessous, et en section 6"
        if critical > 1
        else "répondre dans le tableau ci-dessous"
    )
    return [Action("critique", title, f"sinon : {lost}" if lost else "", where, place, "non vérifié")]


def _left_empty(journal: Record) -> list[Action]:
    """The settings that are empty as delivered, where what a requirement leaves unproved says so: one thing to do."""
    found = {name: r["id"] for r in journal["requirements"] for name in _EMPTY.findall(r.get("unproved", ""))}
    named = ", ".join(f"`{name}` (pour {identifier})" for name, identifier in found.items())
    text = f"régler {named}, vide{'s' if len(found) > 1 else ''} dans la livraison"
    return [Action("", "Avant la mise en service", "", text, "")] if found else []


def _settling(open_views: Sequence[RequirementView], journal: Record) -> tuple[tuple[Action, ...], tuple[str, ...]]:
    """What would settle most of what is not known; where that is to read what was missing, what leaves most of it open.

    With it, what several requirements say that it stands for, empty where it says something else.
    """
    told = Counter(s for v in open_views for s in v.settling)
    if not told:
        return (), ()
    ids = ", ".join(v.id for v in open_views)
    settled, count = told.most_common(1)[0]
    causes = [f"« {cause} » ({count} points)" for cause, count in open_causes(journal)[:2]]
    if settled.startswith(_READ) and causes:
        unstarted = any(_UNSTARTED in cause for cause in causes)
        how = " (nommer dans `target.process_files` les fichiers qui les lancent)" if unstarted else ""
        return (
            Action("", f"Pour {ids}", "", f"lever d'abord {' et '.join(causes)}{how}, puis auditer de nouveau", ""),
        ), ()
    text = brief(settled, 300)
    return (Action("", f"Pour {ids}", "", text, ""),), (settled,) if count > 1 and text == settled.rstrip(".") else ()
