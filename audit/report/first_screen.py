"""The first screen of a checkpoint: what each requirement rests on, what is left to check, and what to do first."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from audit.report.requirement_view import RequirementView

Record = Mapping[str, Any]
_SHORTEST, _LONGEST = 40, 170
# Lines for actions and points together, beside six requirements; each requirement more takes one of them.
_MOST_ACTIONS, _ROOM, _BESIDE, _LEAST = 5, 9, 6, 7
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
    """Something to do: how serious what it mends is, what it is about, the words, and the first place to look at."""

    gravity: str
    title: str
    text: str
    place: str


@dataclass(frozen=True)
class FirstScreen:
    """All of it; `shown` are the first points to check, `left` the rules of the others, `untold` those not told in full."""

    proofs: tuple[Proof, ...]
    actions: tuple[Action, ...]
    others: tuple[Action, ...]
    shown: tuple[Record, ...]
    untold: tuple[Record, ...]
    left: tuple[str, ...]
    unread: tuple[str, ...]
    unread_count: int


def first_screen(
    journal: Record, views: Sequence[RequirementView], problems: Sequence[Record], to_check: Sequence[Record]
) -> FirstScreen:
    """The first screen of a journal: within forty lines beside six requirements, within fifty beside twelve."""
    lines = max(_LEAST, _ROOM - max(0, len(views) - _BESIDE))
    settling = _settling(views)
    mending = [_mending(p) for p in problems if "waived" not in p]
    first = min(_MOST_ACTIONS, max(4, (lines + 1) // 2)) - len(settling)
    room = lines - len(mending[:first]) - len(settling) - bool(mending[first:])
    shown = [{**f, "missing": brief(f["missing"]), "sentence": brief(f["sentence"])} for f in to_check[:room]]
    unread = [path for probe in journal["probes"] for path, _ in probe["unread"]]
    return FirstScreen(
        tuple(_proof(record, view) for record, view in zip(journal["requirements"], views, strict=True)),
        (*mending[:first], *settling),
        tuple(mending[first:]),
        tuple(shown),
        (*(whole for whole, told in zip(to_check, shown, strict=False) if _cut(whole, told)), *to_check[room:]),
        tuple(dict.fromkeys(f["rule"] for f in to_check[room:])),
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


def _cut(whole: Record, told: Record) -> bool:
    return bool(whole["settles"]) or any(whole[k].rstrip(".") != told[k].rstrip(".") for k in ("sentence", "missing"))


def _proof(record: Record, view: RequirementView) -> Proof:
    proved = [f for f in record["findings"] if f["outcome"] == "établi"]
    best = max(proved, key=_strength, default=None)
    sentence = best["sentence"] if best and view.status in {"CONFORME", "PARTIEL"} else record["reason"]
    return Proof(view, brief(sentence), record.get("unproved", ""))


def _strength(finding: Record) -> int:
    return max((_LEVELS.index(e["level"]) for e in finding["evidence"]), default=-1)


def _mending(problem: Record) -> Action:
    return Action(problem["severity"], problem["title"], problem["recommendation"], next(iter(problem["places"]), ""))


def _settling(views: Sequence[RequirementView]) -> tuple[Action, ...]:
    """What would settle what is not known."""
    open_ones = [v for v in views if v.status == "INDÉTERMINÉ"]
    told = dict.fromkeys(s for v in open_ones for s in v.settling)
    return tuple(Action("", f"Pour {', '.join(v.id for v in open_ones)}", brief(s, 300), "") for s in list(told)[:1])
