"""Waivers applied to the problems of a journal: which are accepted, by whom and until when, and which waivers are void."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from audit.target.line_waivers import Misread, line_waivers
from audit.target.target_file import Target
from audit.target.waivers import Waiver

Problem = dict[str, Any]


def accept_all(problems: Sequence[Problem], target: Target, today: date) -> tuple[list[Problem], list[dict[str, str]]]:
    """What `accept` makes of the waivers of the target file, and of those that comments hold."""
    written, misread = line_waivers(target.root, target.exclude)
    return accept(problems, (*target.waivers, *written), today, misread)


def accept(
    problems: Sequence[Problem], waivers: Sequence[Waiver], today: date, misread: Sequence[Misread] = ()
) -> tuple[list[Problem], list[dict[str, str]]]:
    """The problems, those that are accepted with `waived`, and one more for each waiver that expired, serves nothing or cannot be read.

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
    void = [_void(w, state) for w, state in states.items() if state != "appliquée"] + [_unread(m) for m in misread]
    numbered = [p | {"number": len(told) + n} for n, p in enumerate(void, 1)]
    rows = [
        {
            "rule": w.rule,
            "path": w.place,
            "reason": w.reason,
            "who": w.who,
            "until": w.until.isoformat(),
            "state": state,
        }
        for w, state in states.items()
    ]
    return [*told, *numbered], rows


def _serving(problem: Mapping[str, Any], waivers: Sequence[Waiver]) -> list[Waiver]:
    """The waivers that accept all of this problem; none when a place is left out."""
    serving = []
    for place in problem["places"] or [""]:
        found = next((w for w in waivers if w.covers(problem["rule"], place) and (place or not w.path)), None)
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
    where = f" dans `{waiver.place}`" if waiver.path else ""
    return _problem(
        f"Dispense {what} : `{waiver.rule}`{where}",
        "Corriger la faute, ou renouveler la dispense" if expired else "Retirer la dispense",
        f"Accordée par {waiver.who} jusqu'au {waiver.until.isoformat()} : {waiver.reason}",
        [waiver.place] if waiver.line else [],
    )


def _unread(misread: Misread) -> Problem:
    """A comment that accepts nothing, whatever who wrote it believes."""
    return _problem(
        f"Dispense illisible dans `{misread.place}`",
        'Écrire `# audit: accept RÈGLE until=AAAA-MM-JJ by=NOM reason="…"`, ou retirer le commentaire',
        f"Ce commentaire n'accepte rien : {misread.why}",
        [misread.place],
    )


def _problem(title: str, recommendation: str, sentence: str, places: list[str]) -> Problem:
    return {
        "rule": "waiver",
        "requirements": [],
        "title": title,
        "severity": "mineur",
        "impact": "Faible",
        "recommendation": recommendation,
        "situation": [],
        "situation_text": "",
        "solution": "",
        "solution_language": "",
        "sentence": sentence,
        "places": places,
    }
