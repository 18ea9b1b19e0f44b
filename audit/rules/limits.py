"""Execution: time limits, eager mode, memory and rates."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from audit.french.typography import counted
from audit.model.domains import Answer, conclude
from audit.model.facts import Facts, Process, Task
from audit.model.findings import Excerpt, Finding, Level, Severity
from audit.model.gaps import Doubt, Gap, UnreadProcess
from audit.model.observations.messages import DirectRun, PublishedMessage
from audit.model.plain_value import PlainValue
from audit.model.target_facts import TargetFacts
from audit.model.unknown import UNKNOWN, Unknown
from audit.rules.domains.process_domain import doubtful, other_starts, unread_options
from audit.rules.domains.route_domain import run_beside_routes
from audit.rules.domains.setting_domain import (
    EVERYWHERE,
    Scope,
    hidden_tasks,
    place_of,
    ruled_by,
    scope_of,
    setting_gaps,
    unread_tasks,
)
from audit.rules.effective_settings import NO_TASK, NO_WORKER, Reading, production_tasks, read, short
from audit.rules.example import with_app
from audit.rules.practice import Fault, answered, practice
from audit.rules.rule import Guide
from audit.rules.setting_comparison import SettingComparison
from audit.rules.task_options import published_limits
from audit.rules.worker_pools import Part, Pool, pool, unread_process_files

_CONF = "https://docs.celeryq.dev/en/stable/userguide/configuration.html#"
_WORKERS = "https://docs.celeryq.dev/en/stable/userguide/workers.html#"
_TESTING = "https://docs.celeryq.dev/en/stable/userguide/testing.html"
_TASKS = "https://docs.celeryq.dev/en/stable/userguide/tasks.html#"

_NAMED = 3
_Pair = tuple[float | Unknown | None, float | Unknown | None]


def limit(task: Task, facts: Facts, name: str, application: PlainValue) -> float | Unknown | None:
    """The limit a task runs under, in seconds: its own, else the application's; None without limit, UNKNOWN when unread."""
    own = task.options.get(name)
    if own is None and facts.level is Level.SOURCE and "base" in task.options:
        return UNKNOWN
    return limit_of(application if own is None else own)


def limit_of(value: PlainValue) -> float | Unknown | None:
    """A limit in seconds; None where there is none, UNKNOWN where it is no number."""
    if value is None or value == 0:
        return None
    return value if isinstance(value, int | float) and not isinstance(value, bool) else UNKNOWN


@practice(
    "time-limits",
    "Limites de temps",
    reference=_CONF + "task-time-limit",
    guide=Guide(
        severity=Severity.MINOR,
        passes="Chaque tâche a une limite de temps souple, plus courte que la dure",
        fails="Des tâches n'ont pas à la fois une limite de temps souple et une dure, plus longue",
        advice="Régler `task_soft_time_limit`, puis `task_time_limit` un peu au-dessus",
        solution="task_soft_time_limit = 60\ntask_time_limit = 90",
        undetermined="une limite de temps ne se lit pas, ou est donnée à la publication, ou aucune tâche n'a été trouvée",
        impact="Moyen : une tâche bloquée peut occuper un processus sans fin",
    ),
    example="""
        from celery import Celery

        app = Celery("shop", broker="redis://localhost/0")
        «app.conf.task_time_limit = 90¦app.conf.update(task_soft_time_limit=60, task_time_limit=90)»


        @app.task
        def report(day): ...
    """,
)
def _time_limits(known: TargetFacts) -> Sequence[Finding]:
    guide = _time_limits.guide
    soft, hard = read(known, "task_soft_time_limit"), read(known, "task_time_limit")
    applied = applied_limits(known, soft, hard)
    tasks = production_tasks(known) if applied else ()
    published = _limited_when_published(known)
    gaps: list[Gap] = [*unread_tasks(known)] if applied else []
    gaps += (
        other_starts(known, "soft-time-limit", "time-limit") if applied and not all(a.whole for a in applied) else []
    )
    gaps += _limits_of_any(known)
    found: list[Fault | None] = []
    for task, facts in tasks:
        name = short(task.symbol)
        limits = [
            (limit(task, facts, "soft_time_limit", a.soft), limit(task, facts, "time_limit", a.hard)) for a in applied
        ]
        if any(UNKNOWN in pair for pair in limits):
            gaps.append(_doubt(known, task, f"les limites de `{name}` ne se lisent pas dans le code"))
            continue
        faulty = {text: a for pair, a in zip(limits, applied, strict=True) if (text := _limit_fault(*pair))}
        if not faulty:
            given = [(p, a) for p in published_limits(known, task.symbol) for a in zip(limits, applied, strict=True)]
            over = [(_over(pair, below), a) for pair, (below, a) in given]
            faulty = {f"à la publication, {text}": a for pair, a in over if (text := _limit_fault(*pair))}
            if not faulty and any(UNKNOWN in pair for pair, _ in over):
                gaps.append(_doubt(known, task, f"les limites données à la publication de `{name}` ne se lisent pas"))
        if faulty and task.symbol in published:
            gaps.append(_doubt(known, task, f"`{name}` peut recevoir ses limites à la publication"))
            continue
        found += [_of_task(known, task, text, a.place) for text, a in faulty.items()] or [None]
    settings = () if applied and all(a.whole for a in applied) else (soft, hard)
    domain = ruled_by(known, settings, found, counted(len(production_tasks(known)), "tâche"), *gaps)
    answer: Answer[Fault] = conclude(domain, lambda fault: (fault,) if fault else ())
    answer = replace(answer, faults=tuple(_merged(answer.faults, len(tasks))))
    told = " ; ".join(dict.fromkeys(a.told for a in applied))
    evidence = (*soft.evidence, *hard.evidence)
    return answered(guide, "Limites de temps", answer, *evidence, nothing=NO_TASK, detail=f"{domain.read} : {told}")


@dataclass(frozen=True)
class AppliedLimits:
    """The limits of the tasks that have none of their own, and where they are; `whole`: a start line gives both."""

    soft: PlainValue
    hard: PlainValue
    told: str
    place: Excerpt | None
    whole: bool = False


def applied_limits(known: TargetFacts, soft: Reading, hard: Reading) -> list[AppliedLimits]:
    """For each worker: the options of its start line over the settings; none where these were not read."""
    found: list[AppliedLimits] = []
    written = soft.excerpt or hard.excerpt
    nowhere: list[tuple[Mapping[str, str], Excerpt | None, bool]] = [({}, written, False)]
    for options, place, hidden in [(w.options, w.excerpt, bool(w.unknown_words)) for w in known.workers] or nowhere:
        given = {name: options[name] for name in ("soft-time-limit", "time-limit") if name in options}
        if len(given) < 2 and (soft.missing or hard.missing):
            return []
        values = [
            _seconds(given[option]) if option in given else reading.value or (UNKNOWN if hidden else reading.value)
            for option, reading in (("soft-time-limit", soft), ("time-limit", hard))
        ]
        told = [f"`--{name}={value}`" for name, value in given.items()] or [soft.told, hard.told]
        whole = len(given) == 2
        found.append(AppliedLimits(values[0], values[1], " ; ".join(told), place if given else written, whole))
    return [a for index, a in enumerate(found) if (a.soft, a.hard) not in [(b.soft, b.hard) for b in found[:index]]]


def _limits_of_any(known: TargetFacts) -> list[Gap]:
    """The first publication that gives limits to a task that is not known."""
    messages = known.source.observations_of(PublishedMessage)
    found = [m for m in messages if not m.task and m.method != "retry" and (m.soft_limit, m.hard_limit) != (None, None)]
    why = "une publication donne des limites de temps à une tâche qui ne se lit pas"
    return [Doubt(*place_of(m.excerpt), why) for m in found[:1]]


def _over(given: _Pair, below: _Pair) -> _Pair:
    """The limits of a message, over those of its task."""
    soft, hard = (mine if mine is not None else other for mine, other in zip(given, below, strict=True))
    return soft, hard


def _seconds(word: str) -> PlainValue:
    try:
        return float(word)
    except ValueError:
        return UNKNOWN


def _doubt(known: TargetFacts, task: Task, why: str) -> Doubt:
    return Doubt(*place_of(known.head(task.symbol)), why)


def _limited_when_published(known: TargetFacts) -> set[str]:
    """Tasks of which every publication that was read gives limits, or options that cannot be read."""
    seen = known.source.observations_of(PublishedMessage)
    return {m.task for m in seen if m.gives_limits} - {m.task for m in seen if not m.gives_limits}


def _limit_fault(soft: float | Unknown | None, hard: float | Unknown | None) -> str:
    if soft is UNKNOWN or hard is UNKNOWN:
        return ""
    if soft is None and hard is None:
        return "aucune limite de temps"
    if hard is None:
        return "la souple seule, qui n'arrête ni ce qui attrape `SoftTimeLimitExceeded`, ni ce qui ne rend pas la main à Python"
    if soft is None:
        return "la dure seule, qui tue le processus sans que la tâche puisse s'interrompre d'elle-même"
    return "" if soft < hard else f"limite souple de {soft:g} s, dure de {hard:g} s, qui tue d'abord"


def _of_task(known: TargetFacts, task: Task, text: str, place: Excerpt | None) -> Fault:
    own = {"soft_time_limit", "time_limit"} & task.options.keys()
    excerpt = (known.head(task.symbol) if own else None) or place
    return Fault(f"`{short(task.symbol)}` : {text}", excerpt)


def _merged(faults: Sequence[Fault], total: int) -> list[Fault]:
    """One clause for all the tasks that have the same fault."""
    names: dict[str, list[str]] = {}
    for fault in faults:
        name, _, clause = fault.text.partition(" : ")
        names.setdefault(clause, []).append(name)
    places = {fault.text.partition(" : ")[2]: fault.excerpt for fault in reversed(faults)}
    return [Fault(f"{_listed(tasks, total)} : {clause}", places[clause]) for clause, tasks in names.items()]


def _listed(tasks: list[str], total: int) -> str:
    if len(tasks) == total > 1:
        return f"les {total} tâches"
    rest = len(tasks) - _NAMED
    more = f" et {rest} autre{'s' if rest > 1 else ''}" if rest > 0 else ""
    return ", ".join(tasks[:_NAMED]) + more


@practice(
    "limits-enforced",
    "Limites de temps appliquées",
    reference=_WORKERS + "time-limits",
    guide=Guide(
        severity=Severity.MINOR,
        passes="Le modèle d'exécution de chaque worker applique les limites de temps réglées",
        fails="Ce modèle d'exécution n'applique pas les limites de temps réglées",
        advice="Lancer le worker avec `--pool=prefork`, ou borner autrement chaque appel bloquant",
        solution="celery -A application worker --pool=prefork",
        undetermined="aucun fichier de démarrage ne lance de worker, ou l'option `--pool` ne se lit pas",
        impact="Moyen : une tâche bloquée n'est jamais arrêtée",
        language="bash",
    ),
    example={
        "app.py": with_app("""
            app.conf.update(task_soft_time_limit=60, task_time_limit=90)
        """),
        "start.sh": "celery -A app worker --pool=«threads¦prefork»",
    },
)
def _enforced(known: TargetFacts) -> Sequence[Finding]:
    guide = _enforced.guide
    limits = [read(known, name) for name in ("task_soft_time_limit", "task_time_limit")]
    scope = _limited(known, limits)
    pools = [(w, pool(known, w)) for w in known.workers]
    gaps: list[Gap] = [UnreadProcess(*place_of(w.excerpt), p.missing) for w, p in pools if p.missing]
    gaps += unread_process_files(known) if pools else [UnreadProcess(why=NO_WORKER)]
    sure = not scope.gaps

    def void(member: tuple[Process, Pool]) -> list[Fault]:
        worker, found = member
        text = f"`{worker.excerpt.path}` : `--pool={found.name}`"
        return [Fault(text, worker.excerpt)] if sure and found.voids(Part.TIME_LIMITS) else []

    told = [(w, p) for w, p in pools if not p.missing]
    answer = conclude(ruled_by(known, limits, told, counted(len(pools), "worker"), *gaps, scope=scope), void)
    evidence = [known.source.evidence(w.excerpt) for w, _ in pools]
    title = "Limites de temps sans effet"
    detail = f"{counted(len(pools), 'worker')} : {', '.join(dict.fromkeys(p.name for _, p in told))}"
    return answered(guide, title, answer, *evidence, nothing=scope.outside, detail=detail)


def _limited(known: TargetFacts, limits: Sequence[Reading]) -> Scope:
    """Whether some limit is written at all: for all tasks, for one, or on a start line."""
    own = any(
        task.options.get(name) for task, _ in production_tasks(known) for name in ("soft_time_limit", "time_limit")
    )
    lines = any(worker.options.keys() & {"soft-time-limit", "time-limit"} for worker in known.workers)
    if own or lines or any(r.value and not r.missing for r in limits):
        return EVERYWHERE
    if any(r.missing for r in limits):
        return Scope(gaps=setting_gaps(known, *limits))
    return scope_of(known, "aucune limite de temps n'est réglée", *limits, gaps=hidden_tasks(known))


@practice(
    "pool-aligned",
    "Modèle d'exécution aligné",
    reference=_WORKERS + "concurrency",
    guide=Guide(
        severity=Severity.MINOR,
        passes="Le modèle d'exécution des scripts est celui de la configuration",
        fails="Un script lance le worker avec un autre modèle d'exécution que la configuration, et l'emporte",
        advice="Écrire la même valeur aux deux endroits",
        solution="celery -A application worker --pool=prefork",
        undetermined="aucun fichier de démarrage ne lance de worker, ou `worker_pool` ne se lit pas",
        language="bash",
    ),
    example={
        "app.py": with_app("""
            app.conf.worker_pool = "prefork"
        """),
        "start.sh": "celery -A app worker --pool=«threads¦prefork»",
    },
)
def _same_pool(known: TargetFacts) -> Sequence[Finding]:
    guide = _same_pool.guide
    configured = read(known, "worker_pool", "prefork")
    unset = not configured.missing and not configured.written
    scope = scope_of(known, "`worker_pool` n'est pas réglé", configured) if unset else EVERYWHERE
    aliases = {"processes": "prefork", "": str(configured.value)}

    def other(worker: Process) -> list[Fault]:
        written = worker.options.get("pool", "")
        if configured.missing or "$" in written or aliases.get(written, written) == configured.value:
            return []
        text = f"`{worker.excerpt.path}` : `--pool={written}`, et `worker_pool={configured.value}`"
        return [Fault(text, worker.excerpt)]

    gaps: list[Gap] = unread_process_files(known) if known.workers else [UnreadProcess(why=NO_WORKER)]
    gaps += doubtful(known.workers, _unread_pool)
    domain = ruled_by(
        known, (configured,), known.workers, "" if configured.missing else configured.told, *gaps, scope=scope
    )
    title = "Modèle d'exécution différent"
    return answered(guide, title, conclude(domain, other), *configured.evidence, nothing=scope.outside)


def _unread_pool(worker: Process) -> str:
    written = worker.options.get("pool")
    return (
        unread_options(worker)
        if written is None
        else f"le modèle d'exécution `{written}` ne se lit pas" * ("$" in written)
    )


@practice(
    "not-eager",
    "Pas d'exécution immédiate",
    reference=_TESTING,
    requirements=("8.1", "8.4"),
    guide=Guide(
        severity=Severity.CRITICAL,
        passes="Les tâches publiées passent par le broker, et aucune route lue n'en exécute une elle-même",
        fails="Les tâches s'exécutent dans le processus qui les publie, sans worker ni reprise",
        advice="Réserver `task_always_eager` aux tests",
        solution="task_always_eager = False",
        undetermined="`task_always_eager` ne se lit pas dans le code",
        impact="Élevé : rien ne survit au processus web",
    ),
    example=with_app("""
        app.conf.task_always_eager = «True¦False»
    """),
)
def _not_eager(known: TargetFacts) -> Sequence[Finding]:
    title = "Exécution immédiate activée"
    called = replace(
        _not_eager.guide,
        severity=Severity.MAJOR,
        fails="Une tâche s'exécute dans le processus de la requête qui l'appelle, sans worker ni reprise",
        advice="La publier",
        solution="write_report.delay(report_id)",
    )
    return SettingComparison(
        "task_always_eager",
        False,
        lambda v: not v,
        _not_eager.guide,
        title,
        otherwise=_run_here,
        instead=(called, "Tâche appelée sans être publiée"),
        doubts=_perhaps_run_here,
    )(known)


def _run_here(known: TargetFacts) -> list[Fault]:
    text = "`{0}`, pour une requête, exécute {1} sans la publier"
    direct = [(o, f"`{short(o.task)}`" if o.task else "une tâche") for o in run_beside_routes(known) if not o.computed]
    instead = [o for o in known.source.observations_of(DirectRun) if o.instead and not o.computed]
    faults = [Fault(f"`{_publisher(o)}` exécute la tâche au lieu de la publier", o.excerpt) for o in instead]
    return [*faults, *(Fault(text.format(short(o.symbol), task), o.excerpt) for o, task in direct)]


def _publisher(run: DirectRun) -> str:
    return short(run.symbol) or (run.excerpt.path if run.excerpt else "")


def _perhaps_run_here(known: TargetFacts) -> list[Gap]:
    text = "`{0}`, pour une requête, exécute peut-être une tâche sans la publier (`{1}`)"
    computed = [o for o in run_beside_routes(known) if o.computed]
    gaps: list[Gap] = [Doubt(*place_of(o.excerpt), text.format(short(o.symbol), o.computed)) for o in computed]
    instead = [o for o in known.source.observations_of(DirectRun) if o.instead and o.computed]
    text = "`{0}` exécute la tâche au lieu de la publier si `{1}`, qui ne se lit pas"
    return [*gaps, *(Doubt(*place_of(o.excerpt), text.format(_publisher(o), o.computed)) for o in instead)]
