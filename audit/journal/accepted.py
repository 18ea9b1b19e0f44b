"""Waivers applied to the problems of a journal: which are accepted, by whom and until when, and which waivers are void."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from audit.target.waivers import Waiver

Problem = dict[str, Any]


def accept(
    problems: Sequence[Problem], waivers: Sequence[Waiver], today: date
) -> tuple[list[Problem], list[dict[str, str]]]:
    """The problems, those that are accepted with `waived`, and one more for each waiver that expired or serves nothing.

    A problem is accepted when each of its places is. No verdict changes.
    """
    valid = [w for w in waivers if w.until >= today]
    used: set[Waiver] = set()
    told = []
    for problem in problems:
        serving = _serving(problem, valid)
        used |= set(serving)
        told.append(problem | ({"waived": _signed(serving)} if serving else {}))
    states = {w: "appliquée" if w in used else "sans objet" if w in valid else "expirée" for w in waivers}
    void = [_void(w, state) for w, state in states.items() if state != "appliquée"]
    numbered = [p | {"number": len(told) + n} for n, p in enumerate(void, 1)]
    rows = [
        {"rule": w.rule, "path": w.path, "reason": w.reason, "who": w.who, "until": w.until.isoformat(), "state": state}
        for w, state in states.items()
    ]
    return [*told, *numbered], rows


def _serving(problem: Mapping[str, Any], waivers: Sequence[Waiver]) -> list[Waiver]:
    """The waivers that accept all of this problem; none when a place is left out."""
    paths = [place.rpartition(":")[0] for place in problem["places"]] or [""]
    serving = []
    for path in paths:
        found = next((w for w in waivers if w.covers(problem["rule"], path) and (path or not w.path)), None)
        if found is None:
            return []
        serving.append(found)
    return list(dict.fromkeys(serving))


def _signed(serving: Sequence[Waiver]) -> dict[str, str]:
    """Who accepts, until the first of their days."""
    return {
        "who": ", ".join(dict.fromkeys(w.who for w in serving)),
        "until": min(w.until for w in serving).isoformat(),
        "reason": " ; ".join(dict.fromkeys(w.reason for w in serving)),
    }


def _void(waiver: Waiver, state: str) -> Problem:
    expired = state == "expirée"
    what = "expirée" if expired else "sans objet"
    where = f" dans `{waiver.path}`" if waiver.path else ""
    return {
        "rule": "waiver",
        "requirements": [],
        "title": f"Dispense {what} : `{waiver.rule}`{where}",
        "severity": "mineur",
        "impact": "Faible",
        "recommendation": "Corriger la faute, ou renouveler la dispense" if expired else "Retirer la dispense",
        "situation": [],
        "situation_text": "",
        "solution": "",
        "solution_language": "",
        "sentence": f"Accordée par {waiver.who} jusqu'au {waiver.until.isoformat()} : {waiver.reason}",
        "places": [],
    }
