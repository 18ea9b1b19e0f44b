"""Periodic tasks: entries that name real tasks, and executions that do not pile up."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from audit.french.typography import french_duration
from audit.model.domains import conclude
from audit.model.facts import BeatEntry, Facts
from audit.model.findings import Excerpt, Finding, Level, Severity
from audit.model.gaps import Doubt
from audit.model.observations.shared_data import LockWithExpiry, LockWithoutExpiry
from audit.model.target_facts import TargetFacts
from audit.model.unknown import UNKNOWN, Unknown
from audit.rules.crontabs import crontab_seconds
from audit.rules.domains.beat_domain import NO_ENTRY, beat_entries, schedule
from audit.rules.domains.setting_domain import ruled_by
from audit.rules.domains.task_domain import tasks_running
from audit.rules.effective_settings import hard_limit, number, production_tasks, read
from audit.rules.example import with_app
from audit.rules.limits import limit, limit_of
from audit.rules.practice import Fault, answered, practice
from audit.rules.rule import Guide

_INSIDE = (
    "Beat s'arrête avec son worker, mais s'il publie plus vite que le worker n'exécute, les tâches périodiques s'empilent "
    "dans la file"
)
_BEAT = "https://docs.celeryq.dev/en/stable/userguide/periodic-tasks.html"


def _judged(
    known: TargetFacts,
    guide: Guide,
    title: str,
    faults: Callable[[BeatEntry], list[Fault]],
    unread: Callable[[BeatEntry], str] = lambda _: "",
    *,
    entries: Callable[[BeatEntry], bool] = lambda _: True,
    nothing: str = NO_ENTRY,
    perhaps: bool = False,
) -> list[Finding]:
    """A rule that speaks of each entry of the schedule; `unread` says why one cannot be judged, or nothing.

    `perhaps`: what is at fault does harm in some cases only.
    """
    domain = beat_entries(known, entries)
    doubts = [Doubt(why=why) for entry in domain.members if not faults(entry) and (why := unread(entry))]
    none: list[Fault] = []
    judged = beat_entries(known, entries, doubts)
    answer = conclude(judged, lambda _: none, possible_of=faults) if perhaps else conclude(judged, faults)
    facts = schedule(known) or known.source
    told = f"{len(domain.members)} entrée{'s' if len(domain.members) > 1 else ''}"
    return answered(guide, title, answer, facts.evidence(), nothing=nothing, detail=told)


@practice(
    "beat-tasks-registered",
    "Planning de tâches connues",
    reference=_BEAT + "#entries",
    guide=Guide(
        severity=Severity.CRITICAL,
        passes="Chaque entrée du planning nomme une tâche de ce code, ou de Celery",
        fails="Une entrée du planning nomme une tâche que les workers ne connaissent pas",
        advice="Corriger le nom de la tâche dans `beat_schedule`",
        solution='"cleanup": {"task": "application.tasks.cleanup", "schedule": 300.0},',
        undetermined="le planning ne se lit pas en entier, ou la tâche vient d'un paquet que l'audit ne lit pas",
        impact="Élevé : la tâche n'est jamais exécutée, et chaque message est rejeté",
    ),
    example=with_app("""
        app.conf.beat_schedule = {
            "sweep": {"task": "«app.clean¦app.sweep»", "schedule": 300.0},
        }


        @app.task
        def sweep(): ...
    """),
)
def _registered(known: TargetFacts) -> Sequence[Finding]:
    facts = schedule(known) or known.source
    names = {task.name for f in known.probes for task in f.tasks}
    open_names = any(task.options.get("name", task.name) != task.name for task in facts.tasks)

    def is_unknown(entry: BeatEntry) -> bool:
        return entry.task not in names and not entry.task.startswith("celery.")

    def faults(entry: BeatEntry) -> list[Fault]:
        sure = is_unknown(entry) and entry.task and not open_names and _decided(known, entry.task, facts)
        return [Fault(f"`{entry.name}` nomme `{entry.task}`", _place(known, entry))] if sure else []

    lost = {one.module for one in known.source.unloaded} if facts.level is Level.SOURCE else set()
    unloaded = {task.name for task in facts.tasks if task.symbol.partition(":")[0] in lost}

    def unread(entry: BeatEntry) -> str:
        if entry.task in unloaded:
            return f"rien de ce qui a été lu n'importe, dans un worker, la tâche de l'entrée `{entry.name}`"
        told = f"la tâche de l'entrée `{entry.name}` n'a pas été trouvée (`{entry.task or '?'}`)"
        return told if is_unknown(entry) else ""

    return _judged(known, _registered.guide, "Tâche périodique inconnue", faults, unread)


def _decided(known: TargetFacts, name: str, facts: Facts) -> bool:
    """Whether no worker can know a task of this name: all of them were imported, or it is one of the project's own."""
    if facts.level > Level.SOURCE:
        return not facts.failures
    packages = {symbol.partition(":")[0].partition(".")[0] for symbol in known.source.functions}
    alike = {task.symbol.rpartition(":")[2] for task in facts.tasks}
    return name.partition(".")[0] in packages or ("." not in name and name in alike)


def _place(known: TargetFacts, entry: BeatEntry) -> Excerpt | None:
    written = (e.excerpt for e in known.source.beat if e.name == entry.name and e.excerpt)
    return entry.excerpt or next(written, None)


@practice(
    "beat-overlap",
    "Périodes et limites de temps",
    reference=_BEAT,
    guide=Guide(
        severity=Severity.MINOR,
        passes="Chaque tâche périodique limitée en temps l'est sous sa période, ou ses messages en retard expirent",
        fails="Une tâche périodique peut durer plus que sa période, et ses exécutions s'accumulent",
        advice="Choisir une période plus longue que la limite de temps, ou poser `expires` sous la période",
        solution='"sweep": {"task": "application.tasks.sweep", "schedule": 30.0, "options": {"expires": 25}},',
        undetermined="une limite de temps, une période ou `expires` ne se lit pas",
    ),
    example=with_app("""
        app.conf.task_time_limit = 60
        app.conf.beat_schedule = {
            "sweep": {"task": "app.sweep", "schedule": «30.0¦300.0»},
        }


        @app.task
        def sweep(): ...
    """),
)
def _piles_up(known: TargetFacts) -> Sequence[Finding]:
    hard = hard_limit(known)
    tasks = {task.name: (task, f) for task, f in production_tasks(known)}
    locks = {
        o.symbol
        for o in (*known.source.observations_of(LockWithExpiry), *known.source.observations_of(LockWithoutExpiry))
    }
    running = {started for symbol in locks for started in tasks_running(known, symbol)}
    locked = {name for name, (task, _) in tasks.items() if task.symbol in running}

    def lasts(entry: BeatEntry) -> float | Unknown | None:
        if entry.task in tasks:
            return limit(*tasks[entry.task], "time_limit", hard.value)
        return UNKNOWN if hard.missing else limit_of(hard.value)

    def faults(entry: BeatEntry) -> list[Fault]:
        period, longest, expires = _period(entry), lasts(entry), _expires(known, entry)
        if period is None or longest is None or isinstance(longest, Unknown) or period > longest:
            return []
        if isinstance(expires, Unknown) or (expires is not None and expires <= period) or entry.task in locked:
            return []
        text = f"`{entry.name}` part toutes les {french_duration(period)}, limite de {longest} s"
        return [Fault(text, _place(known, entry))]

    def unread(entry: BeatEntry) -> str:
        if hard.missing and lasts(entry) is UNKNOWN:
            return hard.missing
        if entry.task in locked:
            return f"`{entry.task}` prend un verrou, qui écarte peut-être une exécution de trop"
        hidden = _period(entry) is None or UNKNOWN in (lasts(entry), _expires(known, entry))
        return f"la période, la limite ou l'expiration de `{entry.name}` ne se lit pas" if hidden else ""

    return _judged(
        known,
        _piles_up.guide,
        "Tâches périodiques qui s'accumulent",
        faults,
        unread,
        entries=lambda entry: lasts(entry) not in (None, 0),
        nothing="aucune tâche du planning n'a de limite de temps : rien ne dit combien de temps elle dure"
        if beat_entries(known, lambda _: True).members
        else NO_ENTRY,
    )


def _period(entry: BeatEntry) -> float | None:
    return entry.seconds if entry.seconds is not None else crontab_seconds(entry.crontab)


def _expires(known: TargetFacts, entry: BeatEntry) -> float | Unknown | None:
    """Seconds after which a message of this entry is dropped; None when it never is, UNKNOWN when it cannot be told."""
    given = entry.options.get("expires")
    if given is None:
        task = next((t for f in known.probes for t in f.tasks if t.name == entry.task), None)
        given = task.options.get("expires") if task else None
    if given is None:
        return None
    seconds = number(given)
    return UNKNOWN if seconds is None else seconds


@practice(
    "beat-expires",
    "Expiration des tâches périodiques",
    reference=_BEAT + "#available-fields",
    guide=Guide(
        severity=Severity.MINOR,
        passes="Chaque entrée du planning, ou sa tâche, a un `expires`",
        fails="Workers arrêtés, les tâches périodiques s'empilent dans la file, puis partent toutes ensemble",
        advice="Poser `expires` dans les options de l'entrée, un peu sous la période",
        solution='"cleanup": {"task": "application.tasks.cleanup", "schedule": 300.0, "options": {"expires": 290}},',
        undetermined="le planning ne se lit pas en entier",
    ),
    example=with_app("""
        app.conf.beat_schedule = {
            "sweep": {"task": "app.sweep", "schedule": 300.0«¦, "options": {"expires": 290}»},
        }


        @app.task
        def sweep(): ...
    """),
)
def _expire(known: TargetFacts) -> Sequence[Finding]:
    def faults(entry: BeatEntry) -> list[Fault]:
        without = _expires(known, entry) in (None, 0)
        return [Fault(f"`{entry.name}` n'a pas d'`expires`", _place(known, entry))] if without else []

    def unread(entry: BeatEntry) -> str:
        return f"l'`expires` de `{entry.name}` ne se lit pas" if _expires(known, entry) is UNKNOWN else ""

    running = known.processes("worker")
    inside = bool(running) and all(p.role == "worker+beat" for p in (*running, *known.processes("beat")))
    guide = replace(_expire.guide, fails=_INSIDE) if inside else _expire.guide
    return _judged(known, guide, "Tâches périodiques sans expiration", faults, unread, perhaps=inside)


@practice(
    "beat-timezone",
    "Fuseau horaire écrit",
    reference=_BEAT + "#time-zones",
    guide=Guide(
        severity=Severity.MINOR,
        passes="Le fuseau horaire des crontabs est écrit",
        fails="Des crontabs sont planifiés sans que le fuseau horaire soit écrit",
        advice="Régler `timezone`",
        solution='timezone = "Europe/Paris"',
        undetermined="`timezone` ne se lit pas dans le code",
    ),
    example="""
        from celery import Celery
        from celery.schedules import crontab

        app = Celery("shop", broker="redis://localhost/0")«¦
        app.conf.timezone = "Europe/Paris"»
        app.conf.beat_schedule = {
            "report": {"task": "app.report", "schedule": crontab(hour=8, minute=0)},
        }


        @app.task
        def report(): ...
    """,
)
def _zone(known: TargetFacts) -> Sequence[Finding]:
    reading = read(known, "timezone")
    entries = beat_entries(known).members
    doubts = [Doubt(why=f"le planning de `{e.name}` ne se lit pas") for e in entries if _period_is_unread(e)]
    # The minute of any hour is the same everywhere.
    timed = beat_entries(known, lambda entry: bool(entry.crontab) and set(entry.crontab.split()[1:]) != {"*"}, doubts)
    if reading.missing and timed.members:
        timed = beat_entries(known, lambda entry: entry in timed.members, [Doubt(why=reading.missing), *doubts])

    def faults(entry: BeatEntry) -> list[Fault]:
        written = reading.missing or reading.value
        return [] if written else [Fault(f"`{entry.name}`, crontab `{entry.crontab}`", entry.excerpt)]

    evidence = reading.evidence or (known.source.evidence(),)
    written = bool(reading.value) and not reading.missing
    if written and not timed.members and timed.gaps:
        # Whatever crontab was not read, its time zone is written.
        none: list[Fault] = []
        settled = conclude(ruled_by(known, (reading,), (reading,), timed.read), lambda _: none)
        return answered(_zone.guide, "Fuseau horaire implicite", settled, *evidence, nothing="", detail=reading.told)
    answer = conclude(timed, faults, may_hide=lambda _: not written)
    crontabs = any(entry.crontab for entry in entries)
    nothing = "aucun crontab ne dépend de l'heure du jour" if crontabs else "aucune entrée n'est un crontab"
    nothing = nothing if entries else NO_ENTRY
    return answered(_zone.guide, "Fuseau horaire implicite", answer, *evidence, nothing=nothing, detail=reading.told)


def _period_is_unread(entry: BeatEntry) -> bool:
    return not entry.crontab and entry.seconds is None
