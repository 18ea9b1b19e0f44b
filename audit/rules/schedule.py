"""Periodic tasks: one beat, entries that name real tasks, and executions that do not pile up."""

from collections.abc import Sequence
from pathlib import PurePosixPath

from audit.french.typography import french_duration
from audit.model.facts import BeatEntry, Facts, Process
from audit.model.findings import Excerpt, Finding, Level, Severity
from audit.model.target_facts import TargetFacts
from audit.model.unknown import UNKNOWN, Unknown
from audit.rules.beat_processes import beats_apart
from audit.rules.crontabs import crontab_seconds
from audit.rules.effective_settings import number, places, production_tasks, read
from audit.rules.limits import limit, limit_of
from audit.rules.practice import Fault, failed, out_of_scope, passed, practice, unknown
from audit.rules.rule import Guide

_BEAT = "https://docs.celeryq.dev/en/stable/userguide/periodic-tasks.html"
_NO_ENTRY = "le planning de beat est vide"
_UNREAD = "le planning de beat n'a pas pu être lu en entier"


def _schedule(known: TargetFacts) -> tuple[tuple[BeatEntry, ...], Facts | None]:
    """The entries as the strongest probe that has some, or knows that there are none, told them."""
    facts = next((f for f in known.probes if f.beat or f.beat_known), None)
    return (facts.beat if facts else ()), facts


def _opening(known: TargetFacts, guide: Guide) -> list[Finding]:
    """The answer where there is no entry to judge; none where there is."""
    entries, facts = _schedule(known)
    if entries:
        return []
    if facts is None or not facts.settings:
        return unknown(guide, known.why_silent or _UNREAD)
    return out_of_scope(guide, _NO_ENTRY)


def _concluded(
    guide: Guide, title: str, faults: list[Fault], facts: Facts, *, unread: str = "", detail: str
) -> list[Finding]:
    """Faults first; then what could not be read; else a pass."""
    if faults:
        return failed(guide, title, faults, facts.evidence())
    missing = unread or ("" if facts.beat_known else _UNREAD)
    return unknown(guide, missing) if missing else passed(guide, detail, facts.evidence())


@practice(
    "beat-tasks-registered",
    "Planning de tâches connues",
    reference=_BEAT + "#entries",
    guide=Guide(
        severity=Severity.CRITICAL,
        passes="Chaque entrée du planning nomme une tâche enregistrée",
        fails="Une entrée du planning nomme une tâche que les workers ne connaissent pas",
        advice="Corriger le nom de la tâche dans `beat_schedule`",
        solution='"cleanup": {"task": "application.tasks.cleanup", "schedule": 300.0},',
        undetermined="le planning ne se lit pas en entier, ou la tâche vient d'un paquet que l'audit ne lit pas",
        impact="Élevé : la tâche n'est jamais exécutée, et chaque message est rejeté",
    ),
    defective="""
        from celery import Celery

        app = Celery("shop", broker="redis://localhost/0")
        app.conf.beat_schedule = {
            "sweep": {"task": "app.clean", "schedule": 300.0},
        }


        @app.task
        def sweep(): ...
    """,
    sound="""
        from celery import Celery

        app = Celery("shop", broker="redis://localhost/0")
        app.conf.beat_schedule = {
            "sweep": {"task": "app.sweep", "schedule": 300.0},
        }


        @app.task
        def sweep(): ...
    """,
)
def _registered(known: TargetFacts) -> Sequence[Finding]:
    guide = _registered.guide
    entries, facts = _schedule(known)
    if facts is None or not entries:
        return _opening(known, guide)
    names = {task.name for f in known.probes for task in f.tasks}
    open_names = any(task.options.get("name", task.name) != task.name for task in facts.tasks)
    faults, unread = [], ""
    for entry in entries:
        if entry.task in names or entry.task.startswith("celery."):
            continue
        if entry.task and not open_names and _decided(known, entry.task, facts):
            faults.append(Fault(f"`{entry.name}` nomme `{entry.task}`", entry.excerpt or _written(known, entry.name)))
        else:
            unread = unread or f"la tâche de l'entrée `{entry.name}` n'a pas été trouvée (`{entry.task or '?'}`)"
    return _concluded(guide, "Tâche périodique inconnue", faults, facts, unread=unread, detail=_counted(entries))


def _decided(known: TargetFacts, name: str, facts: Facts) -> bool:
    """Whether no worker can know a task of this name: all of them were imported, or it is one of the project's own."""
    if facts.level > Level.SOURCE:
        return not facts.failures
    packages = {symbol.partition(":")[0].partition(".")[0] for symbol in known.source.functions}
    alike = {task.symbol.rpartition(":")[2] for task in facts.tasks}
    return name.partition(".")[0] in packages or ("." not in name and name in alike)


def _written(known: TargetFacts, name: str) -> Excerpt | None:
    return next((e.excerpt for e in known.source.beat if e.name == name and e.excerpt), None)


def _counted(entries: Sequence[BeatEntry]) -> str:
    return f"{len(entries)} entrée{'s' if len(entries) > 1 else ''}"


@practice(
    "beat-overlap",
    "Périodes et limites de temps",
    reference=_BEAT,
    guide=Guide(
        severity=Severity.MINOR,
        passes="Les exécutions d'une tâche périodique ne s'accumulent pas",
        fails="Une tâche périodique peut durer plus que sa période, et ses exécutions s'accumulent",
        advice="Choisir une période plus longue que la limite de temps, ou poser `expires` sous la période",
        solution='"sweep": {"task": "application.tasks.sweep", "schedule": 30.0, "options": {"expires": 25}},',
        undetermined="une limite de temps, une période ou `expires` ne se lit pas",
    ),
    defective="""
        from celery import Celery

        app = Celery("shop", broker="redis://localhost/0")
        app.conf.task_time_limit = 60
        app.conf.beat_schedule = {
            "sweep": {"task": "app.sweep", "schedule": 30.0},
        }


        @app.task
        def sweep(): ...
    """,
    sound="""
        from celery import Celery

        app = Celery("shop", broker="redis://localhost/0")
        app.conf.task_time_limit = 60
        app.conf.beat_schedule = {
            "sweep": {"task": "app.sweep", "schedule": 300.0},
        }


        @app.task
        def sweep(): ...
    """,
)
def _piles_up(known: TargetFacts) -> Sequence[Finding]:
    guide = _piles_up.guide
    entries, facts = _schedule(known)
    if facts is None or not entries:
        return _opening(known, guide)
    hard = read(known, "task_time_limit")
    if hard.missing:
        return unknown(guide, hard.missing)
    tasks = {task.name: (task, f) for task, f in production_tasks(known)}
    faults, judged, unread = [], 0, ""
    for entry in entries:
        period = entry.seconds if entry.seconds is not None else crontab_seconds(entry.crontab)
        lasts = limit(*tasks[entry.task], "time_limit", hard.value) if entry.task in tasks else limit_of(hard.value)
        expires = _expires(known, entry)
        if period is None or lasts is UNKNOWN or expires is UNKNOWN:
            unread = unread or f"la période, la limite ou l'expiration de `{entry.name}` ne se lit pas"
        elif lasts:
            judged += 1
            if period <= lasts and not (expires is not None and expires <= period):
                text = f"`{entry.name}` part toutes les {french_duration(period)}, limite de {lasts} s"
                faults.append(Fault(text, entry.excerpt or _written(known, entry.name)))
    if not faults and not judged and not unread:
        return out_of_scope(guide, "aucune limite de temps n'est réglée")
    return _concluded(
        guide, "Tâches périodiques qui s'accumulent", faults, facts, unread=unread, detail=_counted(entries)
    )


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
        passes="Une tâche périodique qui a trop attendu est abandonnée",
        fails="Workers arrêtés, les tâches périodiques s'empilent dans la file, puis partent toutes ensemble",
        advice="Poser `expires` dans les options de l'entrée, un peu sous la période",
        solution='"cleanup": {"task": "application.tasks.cleanup", "schedule": 300.0, "options": {"expires": 290}},',
        undetermined="le planning ne se lit pas en entier",
    ),
    defective="""
        from celery import Celery

        app = Celery("shop", broker="redis://localhost/0")
        app.conf.beat_schedule = {
            "sweep": {"task": "app.sweep", "schedule": 300.0},
        }


        @app.task
        def sweep(): ...
    """,
    sound="""
        from celery import Celery

        app = Celery("shop", broker="redis://localhost/0")
        app.conf.beat_schedule = {
            "sweep": {"task": "app.sweep", "schedule": 300.0, "options": {"expires": 290}},
        }


        @app.task
        def sweep(): ...
    """,
)
def _expire(known: TargetFacts) -> Sequence[Finding]:
    guide = _expire.guide
    entries, facts = _schedule(known)
    if facts is None or not entries:
        return _opening(known, guide)
    without = [e for e in entries if _expires(known, e) in (None, 0)]
    faults = [Fault(f"`{e.name}` n'a pas d'`expires`", e.excerpt or _written(known, e.name)) for e in without]
    return _concluded(guide, "Tâches périodiques sans expiration", faults, facts, detail=_counted(entries))


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
    defective="""
        from celery import Celery
        from celery.schedules import crontab

        app = Celery("shop", broker="redis://localhost/0")
        app.conf.beat_schedule = {
            "report": {"task": "app.report", "schedule": crontab(hour=8, minute=0)},
        }


        @app.task
        def report(): ...
    """,
    sound="""
        from celery import Celery
        from celery.schedules import crontab

        app = Celery("shop", broker="redis://localhost/0")
        app.conf.timezone = "Europe/Paris"
        app.conf.beat_schedule = {
            "report": {"task": "app.report", "schedule": crontab(hour=8, minute=0)},
        }


        @app.task
        def report(): ...
    """,
)
def _zone(known: TargetFacts) -> Sequence[Finding]:
    guide = _zone.guide
    entries, facts = _schedule(known)
    if facts is None or not entries:
        return _opening(known, guide)
    crontabs = [e for e in entries if e.crontab]
    if not crontabs and facts.beat_known:
        return out_of_scope(guide, "aucune entrée n'est un crontab")
    reading = read(known, "timezone")
    if reading.missing or not crontabs:
        return unknown(guide, reading.missing or _UNREAD)
    if reading.value:
        return passed(guide, reading.told, *reading.evidence)
    # The minute of any hour is the same everywhere.
    timed = [e for e in crontabs if set(e.crontab.split()[1:]) != {"*"}]
    if not timed and facts.beat_known:
        return out_of_scope(guide, "aucun crontab ne dépend de l'heure du jour")
    first = (timed or crontabs)[0]
    fault = Fault(f"`{first.name}`, crontab `{first.crontab}`", first.excerpt)
    return failed(guide, "Fuseau horaire implicite", [fault], *reading.evidence)


def copies(process: Process) -> int:
    """How many of this process are asked for, one where that is not told; none more where it is started instead of another."""
    if process.instead:
        return 0
    return 1 if process.copies is None else process.copies


def _folder(process: Process) -> PurePosixPath:
    return PurePosixPath(process.excerpt.path).parent


@practice(
    "single-beat",
    "Un seul beat",
    reference=_BEAT + "#starting-the-scheduler",
    guide=Guide(
        severity=Severity.CRITICAL,
        passes="Un seul beat publie le planning",
        fails="Plusieurs beats publient le même planning : chaque tâche périodique part plusieurs fois",
        advice="Ne lancer qu'un `celery beat`, hors des workers répliqués",
        solution="celery -A application beat --loglevel=info",
        undetermined="aucun fichier de démarrage ne lance beat",
        impact="Élevé : tâches périodiques en double",
        language="bash",
    ),
    defective={
        "app.py": """
            from celery import Celery

            app = Celery("shop", broker="redis://localhost/0")
        """,
        "start.sh": """
            celery -A app beat &
            celery -A app worker -B
        """,
    },
    sound={
        "app.py": """
            from celery import Celery

            app = Celery("shop", broker="redis://localhost/0")
        """,
        "start.sh": """
            celery -A app beat &
            celery -A app worker
        """,
    },
)
def _single(known: TargetFacts) -> Sequence[Finding]:
    guide = _single.guide
    beats = known.processes("beat")
    if not beats:
        return unknown(guide, "aucun fichier de démarrage ne lance beat")
    scheduler = str(read(known, "beat_scheduler", "").value)
    if all("redbeat" in b.options.get("scheduler", scheduler).lower() for b in beats):
        return passed(guide, "RedBeat en élit un", *(known.source.evidence(b.excerpt) for b in beats))
    groups: dict[tuple[str, str], list[Process]] = {}
    for beat in beats:
        groups.setdefault((beat.excerpt.path, beat.options.get("app", "")), []).append(beat)
    faults = []
    for (path, _), group in groups.items():
        count = sum(copies(b) for b in group)
        if count > 1:
            inside = ", dans des workers (`-B`)" if all("worker" in b.role for b in group) else ""
            faults += [Fault(f"`{path}` en lance {count}{inside}", b.excerpt) for b in group]
    for one in beats_apart(known):
        within = [b for b in beats if "worker" in b.role and _folder(b) == _folder(one)]
        faults += [
            Fault(f"`{b.excerpt.path}` en lance un, et `{one.excerpt.path}` un autre", b.excerpt) for b in within
        ]
    if faults:
        told = [Fault(text, next(f.excerpt for f in faults if f.text == text)) for text in {f.text: 0 for f in faults}]
        return failed(guide, "Plusieurs beats", told, *(known.source.evidence(f.excerpt) for f in faults))
    open_ended = next((b for b in beats if b.copies is None), None)
    if open_ended:
        path = (open_ended.runner or open_ended.excerpt).path
        return unknown(
            guide, f"le nombre de beats que lance `{path}` : un par machine, ou un nombre qui n'est pas écrit"
        )
    return passed(guide, places(beats), *(known.source.evidence(b.excerpt) for b in beats))
