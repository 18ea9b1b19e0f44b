"""From what each scenario saw to findings: pure functions, one a scenario."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from audit.experiments.canary.broker_findings import WHEN as _WHEN_BROKER
from audit.experiments.canary.broker_findings import judge_emptied, judge_return
from audit.experiments.canary.chord_findings import WHEN as _WHEN_CHORD
from audit.experiments.canary.chord_findings import judge_chord
from audit.experiments.canary.questions import CanaryQuestion
from audit.experiments.canary.scenario_counts import Observation
from audit.experiments.canary.sentences import defect, open_findings, recorded, reservation, wrongs
from audit.experiments.canary.stop_findings import judge_stop
from audit.experiments.canary.worker_findings import judge_answers, judge_pace, judge_poison, judge_reserve
from audit.experiments.experiment import Record
from audit.french.typography import counted, french_seconds
from audit.model.facts import Process
from audit.model.findings import Evidence, Finding, Outcome, Problem, Severity
from audit.model.gaps import Gap
from audit.model.observations.deployment_statements import BrokerService
from audit.model.observations.messages import ChordUse


@dataclass(frozen=True)
class Context:
    """What the scenarios need of the target: its delivery settings, its workers as shipped, its longest known delay (seconds)."""

    settings: Mapping[str, Any]
    workers: Sequence[Process] = ()
    longest_delay: float = 0.0
    longest_delay_of: str = ""
    stop: Mapping[str, Any] = field(default_factory=dict)
    brokers: Sequence[BrokerService] = ()
    chords: Sequence[ChordUse] = ()
    gaps: Sequence[Gap] = ()


def conclude(question: CanaryQuestion, seen: Observation, context: Context) -> tuple[tuple[Finding, ...], Record]:
    """Findings of one scenario, bound to its question, and the record they rest on."""
    record = recorded(seen)
    evidence = record.evidence(question.id)
    found = [_never_back(seen, evidence)] if seen.values.get("never_back") else []
    found = found or open_findings(seen, question.title, _WHEN[question.id])
    if not found:
        found = _JUDGES[question.id](seen, evidence, context)
    return tuple(question.bind(f) for f in found), record


def _never_back(seen: Observation, evidence: Evidence) -> Finding:
    """A worker that nothing brings back, not even the audit, is a matter of its return (8.5), not of what it left."""
    sentence = f"Le worker tué n'est pas revenu, même relancé par l'audit : {seen.values['never_back'].rstrip('.')}"
    advice = "Trouver ce qui empêche le worker de démarrer une seconde fois, puis le mettre sous un superviseur"
    return _about(defect("Le worker ne redémarre pas", sentence, seen, evidence, advice), "8.5")


def _ordinary(seen: Observation, evidence: Evidence, context: Context) -> list[Finding]:
    children, concurrency = seen.values["children"], seen.values["concurrency"]
    if found := wrongs(seen, _WHEN["canary-ordinary"], evidence, context.settings):
        return found
    pool = str(seen.values["pool"]).rpartition(".")[2]
    sentence = f"Le worker de la cible exécute {counted(seen.sent, 'tâche')} canari une seule fois chacune (pool `{pool}`, concurrence {concurrency})"
    if children > concurrency:
        bounds = [n for n in ("max_tasks_per_child", "max_memory_per_child") if context.settings.get(n)]
        told = " et ".join(f"`worker_{name}={context.settings[name]}`" for name in bounds)
        sentence += f" ; il a renouvelé ses processus enfants ({children} ont servi{f', {told}' if told else ''}) sans rien perdre"
    slowed = judge_pace(seen, evidence, context.settings)
    return [Finding(Outcome.ESTABLISHED, sentence, (evidence,)), *slowed]


def _child_killed(seen: Observation, evidence: Evidence, context: Context) -> list[Finding]:
    if found := wrongs(seen, _WHEN["canary-child-killed"], evidence, context.settings):
        return found
    if seen.back_seconds is None:
        missing = "la tâche du processus tué a abouti sans que sa seconde exécution ait été vue"
        return [Finding(Outcome.UNDETERMINED, "Reprise après la mort d'un enfant", missing=missing)]
    sentence = (
        f"Un processus enfant tué (SIGKILL) en pleine tâche : celle-ci recommence après {french_seconds(seen.back_seconds)} et va au bout "
        "une seule fois"
    )
    return [Finding(Outcome.ESTABLISHED, sentence, (evidence,))]


def _terminated(seen: Observation, evidence: Evidence, context: Context) -> list[Finding]:
    return judge_stop(seen, evidence, context.settings, context.stop)


def _broker_restarted(seen: Observation, evidence: Evidence, context: Context) -> list[Finding]:
    found = wrongs(seen, _WHEN["canary-broker-restarted"], evidence, context.settings)
    played = ", puis ".join(f"avec {load['slots']}" for load in seen.values["loads"])
    if seen.back_seconds is None:
        slots = seen.values["died_with"]
        gone = (
            f"s'arrête ({seen.worker_died})" if seen.worker_died else "ne consomme plus, 30 s après le retour du broker"
        )
        advice = "Mettre le worker sous un superviseur, et vérifier la version de Celery (5.7.0 meurt avec son broker)"
        sentence = f"Quand le broker redémarre, le worker {gone} ; {counted(seen.in_flight, 'tâche')} en vol, {slots}"
        found.insert(0, defect("Le worker ne survit pas au redémarrage du broker", sentence, seen, evidence, advice))
    if found:
        return found
    sentence = (
        f"Le broker, tué puis relancé avec ses données, {played} : le worker consomme de nouveau {french_seconds(seen.back_seconds or 0)} au plus "
        f"après son retour ; {seen.sent} messages, aucun perdu ni exécuté deux fois"
    )
    return [Finding(Outcome.ESTABLISHED, sentence, (evidence,))]


def _returned(seen: Observation, evidence: Evidence, context: Context) -> list[Finding]:
    return judge_return(seen, evidence, context.settings)


def _emptied(seen: Observation, evidence: Evidence, context: Context) -> list[Finding]:
    return judge_emptied(seen, evidence, context.settings, context.brokers)


def _chord(seen: Observation, evidence: Evidence, context: Context) -> list[Finding]:
    return judge_chord(seen, evidence, context.settings, context.chords, context.gaps)


def _asked(seen: Observation, evidence: Evidence, _: Context) -> list[Finding]:
    return judge_answers(seen, evidence)


def _poisoned(seen: Observation, evidence: Evidence, context: Context) -> list[Finding]:
    return judge_poison(seen, evidence, context.settings)


def _reserved(seen: Observation, evidence: Evidence, context: Context) -> list[Finding]:
    return wrongs(seen, _WHEN["canary-reserved"], evidence, context.settings) or judge_reserve(seen, evidence)


def _delayed(seen: Observation, evidence: Evidence, context: Context) -> list[Finding]:
    values = seen.values
    visibility, countdown = values["visibility_timeout"] or 0, french_seconds(values["countdown"])
    shown = french_seconds(visibility)
    if values["executions"] <= 1 and (found := wrongs(seen, _WHEN["canary-delayed"], evidence, context.settings)):
        return found
    if values["executions"] > 1:
        scaled = values.get("scaled")
        told = f"{shown}, ramené à {french_seconds(scaled)} pour l'essai" if scaled else shown
        sentence = (
            f"Un message différé de {countdown}, plus que `visibility_timeout` ({told}), s'est exécuté {values['executions']} fois après le "
            "démarrage d'un second worker"
        )
        advice = "Porter `visibility_timeout` au-dessus du plus long délai, de la plus longue reprise et de la plus longue tâche"
        title = "`visibility_timeout` est plus court que des délais : les messages différés se répètent"
        if context.longest_delay > visibility:
            longest = f" ; la cible a un délai de {french_seconds(context.longest_delay)} ({context.longest_delay_of})"
            return [defect(title, sentence + longest, seen, evidence, advice)]
        return [
            reservation(title, sentence + " ; aucun délai plus long n'a été lu dans la cible", seen, evidence, advice)
        ]
    if values["beyond"]:
        missing = f"le message différé au-delà de `visibility_timeout` ({shown}) n'a pas été redélivré pendant l'essai ; il aurait pu l'être"
        return [Finding(Outcome.UNDETERMINED, "Message différé au-delà de `visibility_timeout`", missing=missing)]
    sentence = (
        f"Un message différé de {countdown} s'exécute une seule fois, après {french_seconds(values.get('after_seconds', 0))} ; un délai au-delà de "
        f"`visibility_timeout` ({shown}) serait redélivré, ce que le canari n'a pas attendu"
    )
    return [Finding(Outcome.ESTABLISHED, sentence, (evidence,))]


def _main_killed(seen: Observation, evidence: Evidence, context: Context) -> list[Finding]:
    found = wrongs(seen, _WHEN["canary-main-killed"], evidence, context.settings)
    if seen.values.get("orphans"):
        sentence = f"{counted(seen.values['orphans'], 'processus enfant')} du worker tué vivaient encore 8 s après lui"
        found.append(
            reservation(
                "Des enfants survivent au worker", sentence, seen, evidence, "Relancer le groupe de processus entier"
            )
        )
    if not found:
        sentence = f"Le processus principal tué (SIGKILL) avec {counted(seen.in_flight, 'tâche')} en vol : {seen.sent} messages, tous exécutés une seule fois après la relance"
        found = [Finding(Outcome.ESTABLISHED, sentence, (evidence,))]
    # Bound apart: what is lost is not what brings the worker back.
    losses = [_about(f, "8.4") for f in found]
    return [*losses, _about(_restart(evidence, context), "8.5")]


def _restart(evidence: Evidence, context: Context) -> Finding:
    """The canary starts the worker bare: it only refutes 8.5, where every shipped file leaves it dead too."""
    bare = [w for w in context.workers if not w.restart]
    if bare and len(bare) == len(context.workers):
        path = bare[0].excerpt.path
        sentence = f"Le processus principal du worker, tué (SIGKILL), n'est revenu que parce que l'audit l'a relancé : `{path}` le lance sans rien qui le relance"
        problem = Problem(
            title="Pas de redémarrage automatique des workers",
            severity=Severity.CRITICAL,
            impact="Bloquant : plus rien ne part jusqu'à l'intervention d'une personne",
            recommendation="Relancer le worker par supervisord, systemd ou une boucle de redémarrage",
            situation=(bare[0].excerpt,),
        )
        return Finding(Outcome.DEFECT, sentence, (evidence,), problem=problem)
    how = "le canari lance le worker de la cible lui-même et l'a relancé lui-même" + (
        " : le superviseur livré n'a pas été essayé"
        if context.workers
        else " ; aucun fichier de démarrage d'un worker n'a été trouvé"
    )
    settles = "écrire un pilote qui démarre la pile sous son superviseur (`target.driver`)"
    return Finding(Outcome.UNDETERMINED, "Relance automatique du worker tué", missing=how, settles=settles)


def _about(finding: Finding, requirement: str) -> Finding:
    return Finding(**{**vars(finding), "requirements": (requirement,)})


_WHEN = {
    **_WHEN_BROKER,
    "canary-ordinary": "sans aucune faute",
    "canary-chord": _WHEN_CHORD,
    "canary-asked": "quand il est interrogé",
    "canary-poison": "quand un message tue chaque processus qu'il rencontre",
    "canary-reserved": "quand toutes les places du worker sont prises",
    "canary-child-killed": "quand un processus enfant meurt (SIGKILL)",
    "canary-sigterm": "quand le worker reçoit SIGTERM en charge",
    "canary-broker-restarted": "quand le broker meurt puis revient avec ses données",
    "canary-delayed": "quand un message est différé",
    "canary-main-killed": "quand le processus principal du worker meurt (SIGKILL)",
}
_JUDGES: Mapping[str, Callable[[Observation, Evidence, Context], list[Finding]]] = {
    "canary-ordinary": _ordinary,
    "canary-asked": _asked,
    "canary-poison": _poisoned,
    "canary-reserved": _reserved,
    "canary-child-killed": _child_killed,
    "canary-sigterm": _terminated,
    "canary-broker-restarted": _broker_restarted,
    "canary-chord": _chord,
    "canary-connections-cut": _returned,
    "canary-broker-frozen": _returned,
    "canary-broker-emptied": _emptied,
    "canary-delayed": _delayed,
    "canary-main-killed": _main_killed,
}
