"""A task of a role is in the beat schedule, with the period or at the hour that is expected."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from audit.model.facts import BeatEntry, Facts
from audit.model.findings import Evidence, Excerpt, Finding, Problem, Severity
from audit.model.target_facts import TargetFacts
from audit.rules.crontabs import crontab_seconds, crontab_zone, daily_times, frequency, same_as_utc
from audit.rules.rule import defect, established, undetermined, without_role


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
        utc = same_as_utc(zone) if zone else None
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
