"""What a worker does when its broker fails without dying for good, and what a broker that comes back empty has lost."""

from collections.abc import Mapping, Sequence
from typing import Any

from audit.experiments.canary.scenario_counts import Observation
from audit.experiments.canary.sentences import defect, place_of, reservation, wrongs
from audit.french.typography import counted, french_seconds
from audit.model.findings import Evidence, Finding, Outcome
from audit.model.observations.deployment_statements import BrokerService

WHEN = {
    "canary-connections-cut": "quand ses connexions au broker sont coupées",
    "canary-broker-frozen": "quand le broker se fige quelques secondes",
    "canary-broker-emptied": "quand le broker meurt puis revient sans ses données",
}
_ADVICE = (
    "Mettre le worker sous un superviseur, garder `broker_connection_retry=True`, et vérifier la version de Celery ; avec des threads, "
    "`worker_cancel_long_running_tasks_on_connection_loss` arrête le worker"
)
_KEEP = "Lancer le broker avec `--appendonly yes` sur un volume, ou tenir la vérité en base et l'y reprendre"


def judge_return(seen: Observation, evidence: Evidence, settings: Mapping[str, Any]) -> list[Finding]:
    """The worker consumes again by itself, and no message is lost or repeated."""
    when = WHEN[seen.scenario]
    found = [*_dead(seen, evidence), *wrongs(seen, when, evidence, settings)]
    if found:
        return found
    sentence = f"{_survives(seen)} ; {seen.sent} messages, aucun perdu ni exécuté deux fois"
    return [Finding(Outcome.ESTABLISHED, sentence, (evidence,))]


def judge_emptied(
    seen: Observation, evidence: Evidence, settings: Mapping[str, Any], shipped: Sequence[BrokerService]
) -> list[Finding]:
    """What an emptied broker loses is never safe: the shipped files say whether theirs comes back empty."""
    lost, seen.lost = seen.lost, ()
    found = [*_dead(seen, evidence), *wrongs(seen, WHEN[seen.scenario], evidence, settings)]
    seen.lost = lost
    gone = (
        f"{counted(len(lost), 'message')} sur {seen.sent} {'sont perdus' if len(lost) > 1 else 'est perdu'} avec ses données"
        if lost
        else "aucun message n'y attendait plus"
    )
    forgetful = [one for one in shipped if one.forgets]
    if forgetful and len(forgetful) == len(shipped):
        place = f"`{forgetful[0].names[0]}` de {place_of(forgetful[0].excerpt)}"
        sentence = f"Le broker, relancé sans ses données comme le lance {place}, qui n'écrit rien sur disque : {gone}"
        title = "Le broker livré perd les files quand il redémarre"
        worker = [] if found else [_established(seen, evidence)]
        return [*found, _lost_by_broker(title, sentence, seen, evidence), *worker]
    if found:
        return found
    keeping = [one for one in shipped if not one.forgets and not one.unread]
    if keeping and len(keeping) == len(shipped):
        kept = (
            f"`{keeping[0].names[0]}` de {place_of(keeping[0].excerpt)} garde les siennes, à sa dernière écriture près"
        )
        return [_established(seen, evidence, f" ; {gone} : {kept}")]
    why = "aucun fichier lu ne lance un serveur que l'adresse du broker nomme"
    if shipped:
        unread = next((one.unread for one in shipped if one.unread), "")
        why = unread or "les serveurs que les fichiers lancent ne gardent pas tous leurs données"
    missing = f"{gone} quand le broker revient vide, et rien ne dit si celui de la cible garde ses données : {why}"
    settles = (
        "dire dans un fichier de déploiement comment le broker est lancé, ou vérifier sa persistance chez son hébergeur"
    )
    return [Finding(Outcome.UNDETERMINED, "Broker qui revient vide", missing=missing, settles=settles)]


def _lost_by_broker(title: str, sentence: str, seen: Observation, evidence: Evidence) -> Finding:
    # Which server of the files is the broker is read, not played.
    make = defect if seen.lost else reservation
    return make(title, sentence, seen, evidence, _KEEP)


def _established(seen: Observation, evidence: Evidence, more: str = "") -> Finding:
    return Finding(Outcome.ESTABLISHED, f"{_survives(seen)}{more}", (evidence,))


def _survives(seen: Observation) -> str:
    played = ", puis ".join(f"avec {load['slots']}" for load in seen.values["loads"])
    who = WHEN[seen.scenario][0].upper() + WHEN[seen.scenario][1:]
    return f"{who} ({played}), le worker consomme de nouveau après {french_seconds(seen.back_seconds or 0)} au plus"


def _dead(seen: Observation, evidence: Evidence) -> list[Finding]:
    if seen.back_seconds is not None:
        return []
    how = f"s'arrête ({seen.worker_died})" if seen.worker_died else "ne consomme plus, 30 s après la faute"
    when, slots = WHEN[seen.scenario], seen.values["died_with"]
    sentence = f"Le worker {how} {when} ; {counted(seen.in_flight, 'tâche')} en vol, {slots}"
    return [defect(f"Le worker ne survit pas {when}", sentence, seen, evidence, _ADVICE)]
