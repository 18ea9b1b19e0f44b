"""Periodic tasks: each entry at its period (8.4), and a beat process that really runs them."""

from collections.abc import Sequence
from dataclasses import dataclass

from audit.facts import BeatEntry
from audit.known import Known
from audit.model import Excerpt, Finding, Problem, Severity
from audit.rules.rule import Rule, defect, established, undetermined, without_role
from audit.typography import french_duration

_DOC = "https://docs.celeryq.dev/en/stable/userguide/periodic-tasks.html"
MIDNIGHT = "0 0 * * *"


def frequency(entry: BeatEntry) -> str:
    """How often an entry runs, in French: « 2 min », « 00:00 UTC », or its crontab."""
    if entry.seconds is not None:
        return french_duration(entry.seconds)
    minute, hour, *rest = entry.crontab.split() or ["", "", ""]
    if minute.isdigit() and hour.isdigit() and rest == ["*", "*", "*"]:
        return f"{int(hour):02}:{int(minute):02} UTC"
    return f"crontab `{entry.crontab}`"


@dataclass(frozen=True)
class Periodic:
    """A check that the task of a role is in the beat schedule with this period (`seconds`, or `crontab`)."""

    role: str
    purpose: str
    seconds: float | None = None
    crontab: str = ""

    def __call__(self, known: Known) -> Sequence[Finding]:
        """Strongest probe first; the entry missing or another period is a defect."""
        expected = frequency(BeatEntry("", "", self.seconds, self.crontab))
        symbol = known.target.role(self.role)
        planned = "planifiée à" if self.crontab else "planifiée toutes les"
        sentence = f"{self.purpose} (`{symbol.rpartition(':')[2] or self.role}` {planned} {expected})"
        if not symbol:
            return [without_role(known, self.role, sentence)]
        seen = list(known.beat_of(symbol))
        if not seen:
            return [undetermined(sentence, known.why_silent or "le planning de beat n'a pas pu être lu en entier")]
        entry, facts = seen[0]
        name = symbol.rpartition(":")[2]
        if entry is None:
            text = f"`{name}` n'est pas dans le planning de beat (attendu : {expected})"
            return [defect(text, self._problem(name, expected, None), facts.evidence())]
        evidence = [f.evidence(e.excerpt, fréquence=frequency(e)) for e, f in seen if e is not None]
        if entry.seconds != self.seconds or entry.crontab != self.crontab:
            excerpt = next((e.excerpt for e, _ in seen if e is not None and e.excerpt), None)
            text = f"`{name}` est planifiée à « {frequency(entry)} » au lieu de « {expected} »"
            return [defect(text, self._problem(name, expected, excerpt), *evidence)]
        return [established(sentence, *evidence)]

    def _problem(self, name: str, expected: str, excerpt: Excerpt | None) -> Problem:
        schedule = f"{self.seconds}" if self.seconds is not None else "crontab(hour=0, minute=0)"
        return Problem(
            title=f"Planning de `{name}`",
            severity=Severity.CRITICAL,
            impact="Élevé : cette protection n'agit pas à la fréquence prévue",
            recommendation=f"Planifier `{name}` : {expected}",
            situation=(excerpt,) if excerpt else (),
            situation_text="" if excerpt else f"Aucune entrée de `beat_schedule` ne lance `{name}`.",
            solution=f'"{name}": {{"task": "…{name}", "schedule": {schedule}}},',
        )


def _beat_started(known: Known) -> Sequence[Finding]:
    sentence = "Les scripts de démarrage lancent `celery beat`"
    if not any(facts.beat for facts in known.probes):
        return [undetermined(sentence, "aucun planning de beat n'a été trouvé")]
    workers = known.processes("worker")
    if not workers:
        return [
            undetermined(
                sentence, "aucun fichier de démarrage ne lance de worker Celery", "renseigner `target.process_files`"
            )
        ]
    beats = known.processes("beat")
    served = {p.excerpt.path for p in beats}
    alone = {p.excerpt.path for p in known.source.processes if p.excerpt.path not in served}
    web_too = {p.excerpt.path for p in known.processes("web")} & {p.excerpt.path for p in workers}
    orphans = [w for w in workers if w.excerpt.path in alone and (not beats or w.excerpt.path in web_too)]
    if orphans:
        path = orphans[0].excerpt.path
        problem = Problem(
            title=f"`{path}` ne lance pas beat",
            severity=Severity.CRITICAL,
            impact="Élevé : aucune tâche périodique ne s'exécute, reprise comprise",
            recommendation=f"Lancer `celery beat` dans `{path}`",
            situation=(orphans[0].excerpt,),
            solution="celery -A <application> beat --loglevel=info &",
            solution_language="bash",
        )
        text = f"`{path}` lance un worker mais jamais beat : les tâches périodiques ne s'exécutent pas"
        return [defect(text, problem, known.source.evidence(orphans[0].excerpt))]
    return [established(sentence, *(known.source.evidence(b.excerpt) for b in beats))]


def _periodic(identifier: str, category: str, requirements: tuple[str, ...], check: Periodic) -> Rule:
    return Rule(identifier, check.purpose, category, requirements, _DOC, check)


_HEALTH, _MONITORING, _SOLID = "Tâches Health Check", "Service Monitoring", "Robustesse Workers"
_RECOVERY = "Récupération automatique des campagnes interrompues"

RULES = (
    _periodic("recovery", _SOLID, ("8.4", "8.5"), Periodic("recovery", _RECOVERY, 300)),
    _periodic("health-check-period", _HEALTH, ("8.4",), Periodic("health_check", "Health check périodique", 120)),
    _periodic("expiry-period", _HEALTH, ("8.4",), Periodic("expiry", "Expiration des 24 h sans interaction", 3600)),
    _periodic("lock-cleanup-period", _HEALTH, ("8.4",), Periodic("lock_cleanup", "Nettoyage des verrous expirés", 600)),
    _periodic(
        "monitoring-sync-period", _MONITORING, ("8.4",), Periodic("monitoring_sync", "Persistance des compteurs", 3600)
    ),
    _periodic(
        "monitoring-reset-period",
        _MONITORING,
        ("8.4",),
        Periodic("monitoring_reset", "Remise à zéro quotidienne des compteurs", crontab=MIDNIGHT),
    ),
    Rule("beat-started", "Beat est lancé", _SOLID, ("8.4",), _DOC, _beat_started),
)
