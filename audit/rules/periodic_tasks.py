"""Periodic tasks: each entry at its period (8.4), and a beat process that really runs them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise
from pathlib import PurePosixPath
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from audit.french.typography import french_duration
from audit.model.facts import BeatEntry, Facts, Process
from audit.model.findings import Evidence, Excerpt, Finding, Problem, Severity
from audit.model.target_facts import TargetFacts
from audit.rules.rule import Rule, defect, established, undetermined, without_role

_DOC = "https://docs.celeryq.dev/en/stable/userguide/periodic-tasks.html"
MIDNIGHT = "0 0 * * *"
_DAY = 24 * 60


def frequency(entry: BeatEntry, zone: str = "UTC") -> str:
    """How often an entry runs, in French: « 2 min », « 00:00 UTC », or its crontab. `zone` is the one crontabs are in."""
    if entry.seconds is not None:
        return french_duration(entry.seconds)
    times = daily_times(entry.crontab)
    seconds = crontab_seconds(entry.crontab)
    if len(times) == 1:
        return f"{times[0] // 60:02}:{times[0] % 60:02} {zone}"
    return french_duration(seconds) if seconds else f"crontab `{entry.crontab}`"


def daily_times(crontab: str) -> tuple[int, ...]:
    """Minutes of the day at which a crontab of every day fires; empty when it is not of every day, or not understood."""
    fields = crontab.split()
    if len(fields) != 5 or fields[2:] != ["*", "*", "*"]:
        return ()
    minutes, hours = _values(fields[0], 60), _values(fields[1], 24)
    return tuple(sorted(hour * 60 + minute for hour in hours for minute in minutes))


def crontab_seconds(crontab: str) -> float | None:
    """Seconds between two firings of a crontab that fires at equal intervals, day after day; None for another."""
    times = daily_times(crontab)
    gaps = {after - before for before, after in pairwise([*times, *(t + _DAY for t in times[:1])])}
    return 60.0 * gaps.pop() if len(gaps) == 1 else None


def _values(field: str, size: int) -> frozenset[int]:
    """What a field such as `*/5`, `0,30` or `8-18/2` names; empty when it is not understood."""
    found: set[int] = set()
    for part in field.split(","):
        match = re.fullmatch(r"(?:\*|(\d+)(?:-(\d+))?)(?:/([1-9]\d*))?", part)
        if not match or (match[3] and match[1] and not match[2]):
            return frozenset()
        first = int(match[1] or 0)
        last = int(match[2] or first) if match[1] else size - 1
        if not first <= last < size:
            return frozenset()
        found |= set(range(first, last + 1, int(match[3] or 1)))
    return frozenset(found)


def crontab_zone(known: TargetFacts) -> str:
    """Time zone that beat reads crontabs in, as the strongest probe knows it; empty when it cannot be told."""
    zone = next((s.value for s, _ in known.setting("timezone")), None)
    if zone:
        return zone if isinstance(zone, str) else ""
    if not known.probes or (zone is None and "*" in known.probes[0].settings):
        return ""
    # Without a zone Celery takes the machine's, unless told to keep to UTC, as it does by default.
    return "UTC" if next((s.value for s, _ in known.setting("enable_utc")), True) is True else ""


def _same_as_utc(zone: str) -> bool | None:
    """Whether this zone keeps to UTC all year; None for a zone that this machine does not know."""
    if zone.upper() == "UTC":
        return True
    try:
        year = [datetime(2025, month, 1, tzinfo=ZoneInfo(zone)) for month in range(1, 13)]
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
    return not any(day.utcoffset() for day in year)


@dataclass(frozen=True)
class Periodic:
    """A check that the task of a role is in the beat schedule with this period (`seconds`, or `crontab`)."""

    role: str
    purpose: str
    seconds: float | None = None
    crontab: str = ""

    def __call__(self, known: TargetFacts) -> Sequence[Finding]:
        """Strongest probe first; the entry missing or another period is a defect."""
        expected = frequency(BeatEntry("", "", self.seconds, self.crontab))
        symbol = known.target.role(self.role)
        every = "toutes les heures" if self.seconds == 3600 else f"toutes les {expected}"
        planned = f"planifiée à {expected}" if self.crontab else f"planifiée {every}"
        sentence = f"{self.purpose} (`{symbol.rpartition(':')[2] or self.role}` {planned})"
        if not symbol:
            return [without_role(known, self.role, sentence)]
        seen = list(known.beat_of(symbol))
        if not seen:
            return [undetermined(sentence, known.why_silent or "le planning de beat n'a pas pu être lu en entier")]
        entries, facts = seen[0]
        name = symbol.rpartition(":")[2]
        if not entries:
            return [self._absent(name, expected, facts)]
        matching = [[e for e in told if self._on_time(e)] for told, _ in seen]
        chosen = [(right or list(told))[0] for right, (told, _) in zip(matching, seen, strict=True) if told]
        excerpt = next((e.excerpt for e in chosen if e.excerpt), None)
        zone = crontab_zone(known) or "heure de la machine"
        evidence = [
            f.evidence(e.excerpt, fréquence=frequency(e, zone))
            for e, (_, f) in zip(chosen, (s for s in seen if s[0]), strict=True)
        ]
        if not matching[0]:
            text = f"`{name}` est planifiée à « {frequency(chosen[0], zone)} » au lieu de « {expected} »"
            return [defect(text, self._problem(name, expected, excerpt), *evidence)]
        if self.crontab:
            problem = replace(self._problem(name, expected, excerpt), solution='celery_app.conf.timezone = "UTC"')
            return [self._at_that_hour(known, sentence, problem, evidence)]
        return [established(sentence, *evidence)]

    def _on_time(self, entry: BeatEntry) -> bool:
        if self.crontab:
            return bool(entry.crontab) and daily_times(entry.crontab) == daily_times(self.crontab)
        return (entry.seconds if entry.seconds is not None else crontab_seconds(entry.crontab)) == self.seconds

    def _absent(self, name: str, expected: str, facts: Facts) -> Finding:
        text = f"`{name}` n'est pas dans le planning de beat (attendu : {expected})"
        registered = {task.name for task in facts.tasks}
        alike = [e for e in facts.beat if e.task.rpartition(".")[2] == name and e.task not in registered]
        if alike:
            text = f"{text} : l'entrée `{alike[0].name}` nomme `{alike[0].task}`, qui n'est pas une tâche enregistrée"
        return defect(text, self._problem(name, expected, alike[0].excerpt if alike else None), facts.evidence())

    def _at_that_hour(self, known: TargetFacts, sentence: str, problem: Problem, evidence: list[Evidence]) -> Finding:
        """Whether the hour of the crontab is one of UTC."""
        zone = crontab_zone(known)
        utc = _same_as_utc(zone) if zone else None
        if utc is None:
            missing = "le fuseau horaire de beat (`timezone`, `enable_utc`) ne se lit pas, n'est pas connu ou dépend de la machine"
            return undetermined(sentence, missing, 'régler `timezone="UTC"`')
        if utc:
            return established(sentence, *evidence)
        actual, expected = (frequency(BeatEntry("", "", crontab=self.crontab), z) for z in (zone, "UTC"))
        name = known.target.role(self.role).rpartition(":")[2]
        text = f"`{name}` est planifiée à « {actual} » au lieu de « {expected} »"
        return defect(text, problem, *evidence, known.probes[0].evidence(timezone=zone))

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


def _beat_started(known: TargetFacts) -> Sequence[Finding]:
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
    orphans = [] if beats_apart(known) else orphans
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


def beats_apart(known: TargetFacts) -> list[Process]:
    """Beats of files that start no worker and have no file of workers alone beside them: they serve the other files."""
    workers = {p.excerpt.path for p in known.processes("worker")}
    folders = {PurePosixPath(w).parent for w in workers - {p.excerpt.path for p in known.processes("web")}}
    apart = [b for b in known.processes("beat") if b.excerpt.path not in workers]
    return [b for b in apart if PurePosixPath(b.excerpt.path).parent not in folders]


def _periodic(identifier: str, category: str, requirements: tuple[str, ...], check: Periodic) -> Rule:
    return Rule(identifier, check.purpose, category, requirements, _DOC, check)


_HEALTH, _MONITORING, _SOLID = "Tâches Health Check", "Service Monitoring", "Robustesse Workers"
_RECOVERY = "Récupération automatique des campagnes interrompues"

RULES = (
    _periodic("recovery", _SOLID, ("8.4", "8.5"), Periodic("recovery", _RECOVERY, 300)),
    _periodic("health-check-period", _HEALTH, ("8.4",), Periodic("health_check", "Health check périodique", 120)),
    _periodic(
        "expiry-period", _HEALTH, ("7.4", "8.4"), Periodic("expiry", "Expiration des 24 h sans interaction", 3600)
    ),
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
