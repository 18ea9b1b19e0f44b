"""How the canary's counts become findings: what was lost, run twice or kept back, each with its own sentence."""

from collections.abc import Mapping, Sequence
from typing import Any

from audit.experiments.canary.scenario_counts import Observation
from audit.experiments.experiment import Record
from audit.french.typography import counted, french_seconds
from audit.model.findings import Evidence, Excerpt, Finding, Outcome, Problem, Severity

_LATE = (
    "Acquitter après l'exécution, rejouer ce qu'un worker mort laisse, et rendre les tâches idempotentes ; ou tenir la "
    "vérité en base et l'y reprendre"
)
_SOLUTION = "app.conf.task_acks_late = True\napp.conf.task_reject_on_worker_lost = True\napp.conf.worker_prefetch_multiplier = 1"

_FAULTS = {
    "canary-child-killed": "SIGKILL, enfant du worker de la cible",
    "canary-sigterm": "SIGTERM, worker de la cible, relancé par l'audit",
    "canary-broker-restarted": "SIGKILL, broker privé, relancé avec ses données",
    "canary-chord": "SIGKILL, enfant du worker qui exécute une tâche d'un chord",
    "canary-connections-cut": "Connexions au broker privé coupées",
    "canary-broker-frozen": "SIGSTOP puis SIGCONT, broker privé",
    "canary-broker-emptied": "SIGKILL, broker privé, relancé sans ses données",
    "canary-main-killed": "SIGKILL, worker de la cible, relancé par l'audit",
}


def recorded(seen: Observation) -> Record:
    """Figures and timeline of a scenario, for the journal."""
    record = Record(seen.started, timeline=list(seen.timeline))
    always = (
        ("Messages canari envoyés", seen.sent),
        ("Exécutés jusqu'au bout", seen.executed),
        ("Perdus", len(seen.lost)),
        ("Exécutés deux fois", len(seen.twice)),
    )
    some = (
        ("En vol au moment de la faute", seen.in_flight),
        ("Retenus par le broker, non acquittés", len(seen.waiting)),
        ("Livraisons du message qui tue", seen.values.get("deliveries", 0)),
        ("Exécutés, et qui le seront encore", len(seen.due)),
        ("Sans issue connue", len(seen.unsettled)),
    )
    for label, value in (*always, *(row for row in some if row[1])):
        record.figure(label, value)
    if seen.back_seconds is not None:
        record.figure("De retour après", french_seconds(seen.back_seconds))
    boot = seen.values.get("boot_seconds")
    if boot is not None:
        record.figure("Relancé par l'audit : consomme après", french_seconds(boot))
    if seen.scenario in _FAULTS and not seen.not_played:
        record.blow(_FAULTS[seen.scenario], seen.in_flight, boot if seen.back_seconds is None else seen.back_seconds)
        repeated, open_ones = len(seen.twice) + len(seen.due), len(seen.waiting) + len(seen.unsettled)
        record.losses = (len(seen.lost), repeated, open_ones)
    return record


def place_of(excerpt: Excerpt | None) -> str:
    """« `compose.yaml:3` »; what nothing places is in the target's files all the same."""
    return f"`{excerpt.path}:{excerpt.first_line}`" if excerpt else "les fichiers de la cible"


def settings_told(settings: Mapping[str, Any]) -> str:
    """The delivery settings that a sentence quotes."""
    late, reject = settings.get("acks_late"), settings.get("reject_on_worker_lost")
    return f"`acks_late={late}`, `reject_on_worker_lost={reject}`"


def open_findings(seen: Observation, title: str, when: str) -> list[Finding]:
    """Why a scenario concluded nothing; empty when it was played to its end."""
    if seen.not_played:
        return [Finding(Outcome.UNDETERMINED, title, missing=seen.not_played)]
    if seen.unsettled:
        missing = (
            f"{counted(len(seen.unsettled), 'message')} sans issue connue quand le temps d'attente a pris fin, {when}"
        )
        return [Finding(Outcome.UNDETERMINED, title, missing=missing)]
    return []


def wrongs(seen: Observation, when: str, evidence: Evidence, settings: Mapping[str, Any]) -> list[Finding]:
    """Findings about lost, repeated and retained messages; empty when there were none."""
    visibility = french_seconds(settings.get("visibility_timeout") or 0)
    found = []
    if seen.lost:
        text = f"Des tâches sont perdues {when}"
        sentence = f"{counted(len(seen.lost), 'tâche')} sur {seen.sent} {_are(seen.lost, 'perdue')} {when} ({settings_told(settings)})"
        found.append(_defect(text, sentence, seen, evidence))
    repeated = (*seen.twice, *seen.due)
    if repeated:
        sentence = (
            f"{counted(len(repeated), 'tâche')} sur {seen.sent} {_are(repeated, 'exécutée')} deux fois {when} ; sans dommage "
            "seulement si la tâche est idempotente, ce que le canari ne peut pas voir"
        )
        found.append(
            reservation(
                f"Des tâches s'exécutent deux fois {when}", sentence, seen, evidence, "Rendre les tâches idempotentes"
            )
        )
    if seen.waiting and settings.get("broker") == "amqp":
        sentence = f"{counted(len(seen.waiting), 'message')} sur {seen.sent} {_are(seen.waiting, 'resté')} non acquittés {when} : RabbitMQ ne les rend qu'à la fermeture du canal, ou après `consumer_timeout`"
        found.append(
            reservation(
                f"Des messages restent non acquittés {when}",
                sentence,
                seen,
                evidence,
                "Fermer le canal du worker qui les tient",
            )
        )
    elif seen.waiting:
        sentence = (
            f"{counted(len(seen.waiting), 'message')} sur {seen.sent} {_are(seen.waiting, 'retenu')} par le broker {when}, sans être perdu ni exécuté : la "
            f"reprise attend `visibility_timeout` ({visibility}), que le canari n'a pas attendu"
        )
        advice = "Reprendre le travail depuis la base sans attendre le broker, ou réduire `visibility_timeout` en le gardant au-dessus du plus long délai et de la plus longue tâche ; `worker_prefetch_multiplier=1` réduit ce qui est retenu"
        found.append(
            reservation(f"Des messages attendent `visibility_timeout` {when}", sentence, seen, evidence, advice)
        )
    return found


def defect(title: str, sentence: str, seen: Observation, evidence: Evidence, advice: str) -> Finding:
    """A critical problem, with what happened as its situation."""
    problem = Problem(
        title, Severity.CRITICAL, "Bloquant : du travail est perdu ou s'arrête", advice, situation_text=_told(seen)
    )
    return Finding(Outcome.DEFECT, sentence, (evidence,), problem=problem)


def _defect(title: str, sentence: str, seen: Observation, evidence: Evidence) -> Finding:
    problem = Problem(
        title=title,
        severity=Severity.CRITICAL,
        impact="Bloquant : ce que la tâche devait faire n'est jamais fait, à moins qu'une reprise propre à la cible le retrouve",
        recommendation=_LATE,
        situation_text=_told(seen),
        solution=_SOLUTION,
    )
    return Finding(Outcome.DEFECT, sentence, (evidence,), problem=problem)


def reservation(title: str, sentence: str, seen: Observation, evidence: Evidence, advice: str) -> Finding:
    problem = Problem(title, Severity.MINOR, "Moyen", advice, situation_text=_told(seen))
    return Finding(Outcome.RESERVATION, sentence, (evidence,), problem=problem)


def _are(keys: Sequence[str], participle: str) -> str:
    return f"sont {participle}s" if len(keys) > 1 else f"est {participle}"


def _told(seen: Observation) -> str:
    return " ; ".join(f"{at:.1f} s : {event}".replace(".", ",", 1) for at, event in seen.timeline)
