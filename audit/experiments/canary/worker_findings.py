"""What the running worker answers, how it takes poison, and what it takes in advance: from counts to findings."""

from collections.abc import Mapping
from typing import Any

from audit.experiments.canary.scenario_counts import Observation
from audit.experiments.canary.sentences import defect, reservation
from audit.french.typography import counted, french_seconds
from audit.model.findings import Evidence, Finding, Outcome


def judge_answers(seen: Observation, evidence: Evidence) -> list[Finding]:
    """A setting that the worker in service has otherwise than the import is a defect, by name."""
    values = seen.values
    if values["different"]:
        named = " ; ".join(
            f"`{name}` : `{running}` au lieu de `{read}`" for name, read, running in values["different"][:8]
        )
        sentence = f"Le worker en marche ne répond pas ce que l'import de la cible donne : {named}"
        advice = "Régler la livraison dans la configuration, et non dans un signal de démarrage du worker"
        title = "Le worker en marche a d'autres réglages que ceux qui sont lus"
        return [defect(title, sentence, seen, evidence, advice)]
    compared = counted(values["settings"], "réglage")
    tasks = f" et {counted(values['tasks'], 'tâche')}" if values["tasks"] else ""
    sentence = (
        f"Le worker en marche répond (`inspect`) ce que l'import de la cible donne : {compared}{tasks} ; pool `{values['pool']}`, "
        f"{values['processes']} processus, {values['prefetch_count']} messages pris d'avance au plus"
    )
    return [Finding(Outcome.ESTABLISHED, sentence, (evidence,))]


def judge_poison(seen: Observation, evidence: Evidence, settings: Mapping[str, Any]) -> list[Finding]:
    """Delivered again without end is a reservation: the slot is lost to every other message meanwhile."""
    count, seconds = seen.values["deliveries"], french_seconds(seen.values["seconds"])
    deliveries = counted(count, "livraison")
    if seen.worker_died:
        sentence = f"Un message qui tue (SIGKILL) le processus qui l'exécute a arrêté le worker ({seen.worker_died})"
        return [defect("Un seul message arrête le worker", sentence, seen, evidence, "Borner les livraisons")]
    if not count:
        return [Finding(Outcome.UNDETERMINED, "Message qui tue", missing=f"aucune livraison en {seconds}")]
    if not seen.values["given_up"]:
        sentence = (
            f"Un message qui tue (SIGKILL) chaque processus qui l'exécute : {deliveries} en {seconds}, et rien ne les borne "
            f"(`reject_on_worker_lost={settings.get('reject_on_worker_lost')}`)"
        )
        advice = "Compter les livraisons d'un message dans une clé qui expire, et l'abandonner après quelques-unes (sous RabbitMQ : `x-delivery-limit` d'une file quorum)"
        title = "Un message qui tue son processus revient sans fin"
        return [reservation(title, sentence, seen, evidence, advice)]
    sentence = f"Un message qui tue (SIGKILL) le processus qui l'exécute est abandonné : {deliveries} en {seconds}"
    return [Finding(Outcome.ESTABLISHED, sentence, (evidence,))]


def judge_reserve(seen: Observation, evidence: Evidence) -> list[Finding]:
    """One message in advance for each slot is what a worker needs; more waits for nothing."""
    taken, slots = seen.values["reserved"], seen.values["concurrency"]
    told = f"Un worker dont les {slots} places sont prises" if slots > 1 else "Un worker dont la seule place est prise"
    if taken > slots:
        sentence = f"{told} garde {counted(taken, 'message')} d'avance, qu'aucun autre worker n'exécute tant que ses tâches durent"
        advice = "`worker_prefetch_multiplier=1`, avec `task_acks_late`"
        return [reservation("Un worker occupé réserve des messages", sentence, seen, evidence, advice)]
    told_taken = f"{counted(taken, 'message')} d'avance" if taken else "aucun message d'avance"
    sentence = f"{told} ne garde que {told_taken}" if taken else f"{told} ne garde {told_taken}"
    sentence += f", sur {seen.values['behind']} en attente"
    return [Finding(Outcome.ESTABLISHED, sentence, (evidence,))]


def judge_pace(seen: Observation, evidence: Evidence, settings: Mapping[str, Any]) -> list[Finding]:
    """Where the target's default pace slows the canary's tasks, it slows every task that gives none."""
    started, sent = seen.values.get("paced"), seen.values.get("paced_sent")
    if started is None or sent is None or started >= sent:
        return []
    sentence = (
        f"À la cadence que la cible donne à toute tâche (`{settings.get('rate_limit')}`, `task_default_rate_limit` ou `task_annotations`), "
        f"{started} {'messages' if started > 1 else 'message'} sur {sent} {'ont' if started > 1 else 'a'} commencé en "
        f"{french_seconds(seen.values['paced_seconds'])} : chaque worker retient les autres ; la suite est jouée à la cadence du canari"
    )
    advice = "Donner une cadence aux seules tâches qui en ont besoin (`rate_limit` de la tâche)"
    return [reservation("Une cadence par défaut ralentit toutes les tâches", sentence, seen, evidence, advice)]
