"""The first screen of a checkpoint: what each requirement rests on, what is left to check, and what to do first."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from audit.report.requirement_view import RequirementView

Record = Mapping[str, Any]
_SHORTEST, _LONGEST = 40, 170
# Lines for actions and points together, beside six requirements; each requirement more takes one of them.
_MOST_ACTIONS, _ROOM, _BESIDE, _LEAST = 5, 9, 6, 6
_LEVELS = ("déclaré", "configuré", "exécuté", "mesuré")
# What every proof of autonomy begins with, and says nothing of its own.
_PREAMBLE = re.compile(r"(?:Sans aucune session possible|Personne ne peut être connecté)(?: \([^)]*\))?\s*: ")


@dataclass(frozen=True)
class Proof:
    """One row: a requirement, what proves it in one line, and what that leaves unproved."""

    requirement: RequirementView
    proof: str
    unproved: str


@dataclass(frozen=True)
class Action:
    """Something to do: how serious what it mends is, the words, and the first place to look at."""

    gravity: str
    text: str
    place: str


@dataclass(frozen=True)
class FirstScreen:
    """All of it; `shown` are the first points to check, `left` how many more there are."""

    proofs: tuple[Proof, ...]
    actions: tuple[Action, ...]
    shown: tuple[Record, ...]
    left: int
    unread: tuple[str, ...]
    unread_count: int


def first_screen(
    journal: Record, views: Sequence[RequirementView], problems: Sequence[Record], to_check: Sequence[Record]
) -> FirstScreen:
    """The first screen of a journal: within forty lines beside six requirements, within fifty beside twelve."""
    whole = max(_LEAST, _ROOM - max(0, len(views) - _BESIDE))
    actions = _actions(views, problems, min(_MOST_ACTIONS, max(4, (whole + 1) // 2)))
    room = whole - len(actions)
    unread = [path for probe in journal["probes"] for path, _ in probe["unread"]]
    return FirstScreen(
        tuple(_proof(record, view) for record, view in zip(journal["requirements"], views, strict=True)),
        actions,
        tuple({**f, "missing": brief(f["missing"]), "sentence": brief(f["sentence"])} for f in to_check[:room]),
        max(0, len(to_check) - room),
        tuple(unread[:4]),
        len(unread),
    )


def brief(text: str, longest: int = _LONGEST) -> str:
    """The first sentence of a text, or its first clauses and an ellipsis, where a code span is never cut."""
    told = _PREAMBLE.sub("", text, count=1)
    first = re.split(r"(?<=[^\d\s])[.] (?=[A-ZÀ-ÖÉ])", told, maxsplit=1)[0].rstrip(".")
    if len(first) <= longest:
        return first
    ends = [m.start() for m in re.finditer(r"(?: ;|,| :| \() ", first) if _SHORTEST <= m.start() <= longest]
    ends = [e for e in ends if first[:e].count("`") % 2 == 0 and first[:e].count("(") == first[:e].count(")")]
    spaces = [m.start() for m in re.finditer(r"\s", first[:longest]) if first[: m.start()].count("`") % 2 == 0]
    if not ends and not spaces:
        return first.replace("`", "")[:longest] + " …"
    cut = max(ends, default=0) or max(spaces)
    return f"{first[:cut].rstrip(' ;,:')} …"


def _proof(record: Record, view: RequirementView) -> Proof:
    proved = [f for f in record["findings"] if f["outcome"] == "établi"]
    best = max(proved, key=_strength, default=None)
    sentence = best["sentence"] if best and view.status in {"CONFORME", "PARTIEL"} else record["reason"]
    return Proof(view, brief(sentence), record.get("unproved", ""))


def _strength(finding: Record) -> int:
    return max((_LEVELS.index(e["level"]) for e in finding["evidence"]), default=-1)


def _actions(views: Sequence[RequirementView], problems: Sequence[Record], most: int) -> tuple[Action, ...]:
    """What to mend, the most serious first, then what would settle what is not known."""
    mending = [
        Action(p["severity"], f"{p['title']} : {p['recommendation']}", next(iter(p["places"]), ""))
        for p in problems
        if "waived" not in p
    ]
    settling = dict.fromkeys(s for v in views if v.status == "INDÉTERMINÉ" for s in v.settling)
    open_ids = [v.id for v in views if v.status == "INDÉTERMINÉ"]
    told = [Action("", f"Pour {', '.join(open_ids)} : {brief(s, 300)}", "") for s in list(settling)[:1]]
    return (*mending[: most - len(told)], *told)
