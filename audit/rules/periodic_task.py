"""A task of a role is in the beat schedule, with the period or at the hour that is expected."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from audit.model.domains import conclude
from audit.model.facts import BeatEntry, Facts
from audit.model.findings import Evidence, Excerpt, Finding, Problem, Severity
from audit.model.target_facts import TargetFacts
from audit.rules.concluded_points import Wrong, concluded
from audit.rules.crontabs import crontab_seconds, crontab_zone, daily_times, frequency, same_as_utc
from audit.rules.domains.period_domain import Planned, planned
from audit.rules.domains.process_domain import workers_without_beat
from audit.rules.rule import without_role


@dataclass(frozen=True)
class Periodic:
    """A check that the task of a role is in the beat schedule with this period (`seconds`, or `crontab`)."""

    role: str
    purpose: str
    seconds: float | None = None
    crontab: str = ""

    def __call__(self, known: TargetFacts) -> Sequence[Finding]:
        """Strongest probe first; the entry missing or another period is a defect."""
        expected = self._expected
        symbol = known.target.role(self.role)
        every = "toutes les heures" if self.seconds == 3600 else f"toutes les {expected}"
        at = f"planifiée à {expected}" if self.crontab else f"planifiée {every}"
        if not symbol:
            return [without_role(known, self.role, f"{self.purpose}, tâche {at}")]
        # What the task does is not read.
        sentence = f"{self.purpose} : `{symbol.rpartition(':')[2]}` est {at}"
        domain = planned(known, self.role, zoned=bool(self.crontab))
        answer = conclude(
            domain, lambda one: self._faults(known, one), possible_of=lambda one: self._never_run(known, one)
        )
        settles = 'régler `timezone="UTC"`' if domain.members else ""
        return [concluded(sentence, answer, *self._evidence(known), settles=settles)]

    @property
    def _expected(self) -> str:
        return frequency(BeatEntry("", "", self.seconds, self.crontab))

    def _chosen(self, entries: Sequence[BeatEntry]) -> BeatEntry:
        return next(filter(self._on_time, entries), entries[0])

    def _evidence(self, known: TargetFacts) -> list[Evidence]:
        """The entry as each probe sees it."""
        zone = crontab_zone(known) or "heure de la machine"
        told = [(self._chosen(e), facts) for e, facts in known.beat_of(known.target.role(self.role)) if e]
        return [facts.evidence(e.excerpt, fréquence=frequency(e, zone)) for e, facts in told]

    def _faults(self, known: TargetFacts, one: Planned) -> list[Wrong]:
        name = known.target.role(self.role).rpartition(":")[2]
        if not one.entries:
            return [self._absent(name, self._expected, one.facts)]
        entry = self._chosen(one.entries)
        problem, evidence = self._problem(name, self._expected, entry.excerpt), tuple(self._evidence(known))
        zone = crontab_zone(known)
        if not self._on_time(entry):
            actual = frequency(entry, zone or "heure de la machine")
            text = f"`{name}` est planifiée à « {actual} » au lieu de « {self._expected} »"
            return [Wrong(text, problem, evidence)]
        if not self.crontab or not zone or same_as_utc(zone) is not False:
            return []
        text = f"`{name}` est planifiée à « {frequency(entry, zone)} » au lieu de « {frequency(entry, 'UTC')} »"
        shown = (*evidence, known.probes[0].evidence(timezone=zone))
        return [Wrong(text, replace(problem, solution='celery_app.conf.timezone = "UTC"'), shown)]

    def _never_run(self, known: TargetFacts, one: Planned) -> list[Wrong]:
        """What is planned as it should be and that beat, which serves no worker here, does not run."""
        alone = workers_without_beat(known)
        if not alone or not one.entries:
            return []
        name, path = known.target.role(self.role).rpartition(":")[2], alone[0].excerpt.path
        problem = replace(
            self._problem(name, self._expected, self._chosen(one.entries).excerpt),
            recommendation=f"Lancer `celery beat` auprès du worker de `{path}`",
            solution="celery -A <application> beat --loglevel=info &",
            solution_language="bash",
        )
        text = (
            f"`{name}` est planifiée ({self._expected}), mais `{path}` lance un worker sans beat : rien ne la déclenche"
        )
        return [Wrong(text, problem, tuple(self._evidence(known)))]

    def _on_time(self, entry: BeatEntry) -> bool:
        if self.crontab:
            return bool(entry.crontab) and daily_times(entry.crontab) == daily_times(self.crontab)
        return (entry.seconds if entry.seconds is not None else crontab_seconds(entry.crontab)) == self.seconds

    def _absent(self, name: str, expected: str, facts: Facts) -> Wrong:
        text = f"`{name}` n'est pas dans le planning de beat (attendu : {expected})"
        registered = {task.name for task in facts.tasks}
        alike = [e for e in facts.beat if e.task.rpartition(".")[2] == name and e.task not in registered]
        if alike:
            text = f"{text} : l'entrée `{alike[0].name}` nomme `{alike[0].task}`, qui n'est pas une tâche enregistrée"
        problem = self._problem(name, expected, alike[0].excerpt if alike else None)
        return Wrong(text, problem, (facts.evidence(),))

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
