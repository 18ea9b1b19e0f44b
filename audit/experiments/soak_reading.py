"""What the journal of a soak shows: its sizes, its losses, how fast workers came back, and what it lacks to conclude."""

import signal
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from audit.experiments.bounds import lower_bound, percentile, upper_bound
from audit.experiments.evidence_files import Soak
from audit.experiments.laboratory.fault_catalogue import CLASSES, CRASH_POINTS, FAULTS
from audit.french.typography import counted, french_integer, french_seconds

POINTS_EACH = 10
CLASSES_EACH = 4
DRAWN = 100
SENDS = 10_000
WORKERS = 2
CRASHES = 5
LONGEST_PERIOD_SECONDS = 60.0
LONGEST_DEADLINE_SECONDS = 60.0
# Less leaves a send in flight at a death neither its lease nor the sweep that finds it.
SHORTEST_DEADLINE_SECONDS = 15.0
LONGEST_RETURN_SECONDS = 6.0
# No worker starts faster: what is said to was not timed.
SHORTEST_RETURN_SECONDS = 0.05
LONGEST_RESUME_SECONDS = 60.0
AIM = 0.999
# 0,1 % of a day.
ALLOWED_SECONDS_A_DAY = 86.4

_WRONGS = {
    "lost": "perdus",
    "duplicated": "doublés",
    "unexpected": "inattendus",
}


def struck(soak: Soak) -> Sequence[Mapping[str, Any]]:
    """The strikes that hit something while a send was in flight."""
    return [s for s in soak.document["strikes"] if s["struck"]]


def wrongs(soak: Soak) -> list[str]:
    """What went wrong, with identifiers; empty when nothing did."""
    found = []
    for what in ("sends", "webhooks"):
        account = soak.document[what]
        name = "envois" if what == "sends" else "webhooks"
        for kind, word in _WRONGS.items():
            if keys := account[kind]:
                shown = ", ".join(keys[:5]) + (" …" if len(keys) > 5 else "")
                found.append(f"{name} {word} : {len(keys)} ({shown})")
    return found


def set_aside(soak: Soak) -> int:
    """Worker kills that are not timed, because the gateway is replaced at the same time."""
    killed = {f.id for f in FAULTS.values() if f.victim in {"main", "all"} and f.number is signal.SIGKILL}
    return sum(s["fault"] in killed for s in struck(soak)) - len(_kills(soak))


def orderly_stops(soak: Soak) -> list[float]:
    """Seconds until sending resumed after each SIGTERM or SIGQUIT."""
    asked = {f.id for f in FAULTS.values() if f.number in {signal.SIGTERM, signal.SIGQUIT}}
    return [float(s["recovery"]) for s in struck(soak) if s["fault"] in asked and s["recovery"] is not None]


def returns(soak: Soak) -> list[float]:
    """Seconds until sending resumed after each worker kill (main process or all workers, SIGKILL)."""
    return [float(s["recovery"]) for s in _kills(soak) if s["recovery"] is not None]


def _kills(soak: Soak) -> list[Mapping[str, Any]]:
    # Where the gateway is replaced at the same time, what is timed would be its return.
    kills = {
        f.id
        for f in FAULTS.values()
        if f.victim in {"main", "all"} and f.number is signal.SIGKILL and f.point != "after-claim"
    }
    return [s for s in struck(soak) if s["fault"] in kills]


def crashes_a_day(seconds: float) -> int:
    """How many deaths a day leave a worker above 99,9 %, when each costs so many seconds."""
    return int(ALLOWED_SECONDS_A_DAY // seconds) if seconds > 0 else 0


def service(soak: Soak) -> tuple[float, float] | None:
    """Lower and upper bounds of the service's availability; None when it was not measured."""
    measured = soak.document["availability"]
    if not measured or not measured["probes"]:
        return None
    return lower_bound(measured["in_time"], measured["probes"]), upper_bound(measured["in_time"], measured["probes"])


def refutes(soak: Soak) -> bool:
    """Whether the service is surely under the aim, by a measure no harsher than it says: a death a minute, time to recover."""
    measured, bounds = soak.document["availability"], service(soak)
    if bounds is None or bounds[1] >= AIM:
        return False
    fair: bool = (
        measured["period_seconds"] >= LONGEST_PERIOD_SECONDS
        and measured["deadline_seconds"] >= SHORTEST_DEADLINE_SECONDS
    )
    return fair


def lacks(soak: Soak) -> list[str]:
    """What this journal lacks to establish anything, in French; empty when it is as large and as clean as it must be."""
    document = soak.document
    hits = struck(soak)
    enumerated = Counter(s["fault"] for s in hits if not s["drawn"])
    missing = [] if "ledger" in document else ["son registre des envois n'est pas gardé : rien ne se recompte"]
    for faults, each, name in (
        (CRASH_POINTS, POINTS_EACH, "points de mort"),
        (CLASSES, CLASSES_EACH, "classes de fautes"),
    ):
        short = [f.id for f in faults if enumerated[f.id] < each]
        if short:
            missing.append(f"{name} frappés moins de {each} fois : {len(short)} (dont `{short[0]}`)")
    drawn = sum(s["drawn"] for s in hits)
    if drawn < DRAWN:
        missing.append(f"{counted(drawn, 'faute tirée')} au hasard au lieu de {DRAWN}")
    if document["sends"]["expected"] < SENDS:
        missing.append(f"{counted(document['sends']['expected'], 'envoi')} au lieu de {french_integer(SENDS)}")
    if not document["settled"] or document["sends"]["uncertain"]:
        missing.append(
            f"{counted(len(document['sends']['uncertain']), 'envoi')} au sort incertain, pile {'calme' if document['settled'] else 'non calmée'} à la fin"
        )
    if unclear := len(document["webhooks"]["uncertain"]):
        missing.append(f"{counted(unclear, 'webhook')} au sort incertain")
    if idle := sum(not s["keys"] for s in hits):
        missing.append(f"{counted(idle, 'faute')} sans aucun envoi en jeu")
    delivered = sum(s["fault"].startswith("webhook-") for s in hits)
    if document["webhooks"]["expected"] < max(1, delivered):
        missing.append(
            f"{counted(document['webhooks']['expected'], 'webhook attendu')} pour {counted(delivered, 'faute')} de webhooks"
        )
    return [*missing, *_slow(soak), *_not_resumed(hits), *_service_lacks(document["availability"])]


def _not_resumed(hits: Sequence[Mapping[str, Any]]) -> list[str]:
    """Faults of any kind after which sending was not seen to resume, or too late."""
    late = [s for s in hits if s["recovery"] is None or s["recovery"] > LONGEST_RESUME_SECONDS]
    if not late:
        return []
    return [
        f"reprise non observée en {french_seconds(LONGEST_RESUME_SECONDS)} après {counted(len(late), 'faute')} (dont `{late[0]['fault']}`)"
    ]


def _slow(soak: Soak) -> list[str]:
    seconds = returns(soak)
    unseen = sum(s["recovery"] is None for s in _kills(soak))
    if not seconds or unseen:
        return [
            f"retour du worker non observé après {counted(unseen, 'mort')}"
            if seconds
            else "aucune mort de worker chronométrée"
        ]
    if min(seconds) < SHORTEST_RETURN_SECONDS:
        return [
            f"un worker tué serait revenu en {french_seconds(round(min(seconds), 2))} : ce retour n'est pas chronométré"
        ]
    slowest = percentile(seconds, 0.99)
    if slowest > LONGEST_RETURN_SECONDS:
        return [
            f"retour d'un worker tué en {french_seconds(round(slowest, 2))} (99e centile), au-delà de {french_seconds(LONGEST_RETURN_SECONDS)}"
        ]
    return []


def _service_lacks(measured: Mapping[str, Any] | None) -> list[str]:
    if not measured or not measured["probes"]:
        return ["aucun message témoin n'a été envoyé"]
    missing = []
    if (
        measured["workers"] < WORKERS
        or measured["crashes"] < CRASHES
        or measured["period_seconds"] > LONGEST_PERIOD_SECONDS
        or measured["elapsed_seconds"] < CRASHES * LONGEST_PERIOD_SECONDS
        # A death more or less: the first comes after half a period.
        or measured["crashes"] < measured["elapsed_seconds"] / measured["period_seconds"] - 1
    ):
        missing.append(
            f"messages témoins envoyés avec {counted(measured['workers'], 'worker')} et {counted(measured['crashes'], 'mort')} en {french_seconds(measured['elapsed_seconds'])} au lieu de deux workers et d'une mort par minute pendant {CRASHES} minutes au moins"
        )
    if measured["deadline_seconds"] > LONGEST_DEADLINE_SECONDS:
        missing.append(
            f"sondes attendues {french_seconds(measured['deadline_seconds'])}, au-delà de {french_seconds(LONGEST_DEADLINE_SECONDS)}"
        )
    low = lower_bound(measured["in_time"], measured["probes"])
    if low < AIM:
        missing.append(f"borne inférieure de la part des messages témoins partis à temps sous 99,9 % ({percent(low)})")
    return missing


def percent(share: float) -> str:
    """A share as `99,93 %` or `95 %`, rounded down: no bound is shown better than it is."""
    # A share that is a whole number of hundredths must not lose one to its binary writing.
    whole, hundredths = divmod(int(round(share * 10_000, 9)), 100)
    return f"{whole},{hundredths:02d} %" if hundredths else f"{whole} %"
