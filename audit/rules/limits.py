"""Execution: time limits, eager mode, memory and rates."""

from collections.abc import Sequence

from audit.model.facts import Facts, Task
from audit.model.findings import Finding, Level, Severity
from audit.model.observations.messages import PublishedMessage
from audit.model.plain_value import PlainValue
from audit.model.target_facts import TargetFacts
from audit.model.unknown import UNKNOWN, Unknown
from audit.rules.effective_settings import NO_TASK, NO_WORKER, Reading, production_tasks, read, short
from audit.rules.practice import Fault, failed, out_of_scope, passed, practice, unknown
from audit.rules.rule import Guide
from audit.rules.setting_comparison import SettingComparison
from audit.rules.worker_pools import Part, pool

_CONF = "https://docs.celeryq.dev/en/stable/userguide/configuration.html#"
_WORKERS = "https://docs.celeryq.dev/en/stable/userguide/workers.html#"
_TESTING = "https://docs.celeryq.dev/en/stable/userguide/testing.html"
_TASKS = "https://docs.celeryq.dev/en/stable/userguide/tasks.html#"

_NAMED = 3


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
    defective="""
        from celery import Celery

        app = Celery("shop", broker="redis://localhost/0")
        app.conf.task_time_limit = 90


        @app.task
        def report(day): ...
    """,
    sound="""
        from celery import Celery

        app = Celery("shop", broker="redis://localhost/0")
        app.conf.update(task_soft_time_limit=60, task_time_limit=90)


        @app.task
        def report(day): ...
    """,
)
def _time_limits(known: TargetFacts) -> Sequence[Finding]:
    guide = _time_limits.guide
    soft, hard = read(known, "task_soft_time_limit"), read(known, "task_time_limit")
    tasks = production_tasks(known)
    if soft.missing or hard.missing or not tasks:
        return unknown(guide, soft.missing or hard.missing or NO_TASK)
    faults, unread = [], ""
    published = _limited_when_published(known)
    for task, facts in tasks:
        own_soft = limit(task, facts, "soft_time_limit", soft.value)
        own_hard = limit(task, facts, "time_limit", hard.value)
        if own_soft is UNKNOWN or own_hard is UNKNOWN:
            unread = unread or f"les limites de `{short(task.symbol)}` ne se lisent pas dans le code"
            continue
        text = _limit_fault(own_soft, own_hard)
        if text and task.symbol in published:
            unread = unread or f"`{short(task.symbol)}` peut recevoir ses limites à la publication"
        elif text:
            faults.append(_of_task(known, task, text, soft, hard))
    if faults:
        return failed(guide, "Limites de temps", _merged(faults, len(tasks)), *soft.evidence, *hard.evidence)
    if unread:
        return unknown(guide, unread)
    return passed(guide, f"{soft.told} ; {hard.told}", *soft.evidence, *hard.evidence)


def _limited_when_published(known: TargetFacts) -> set[str]:
    """Tasks of which every publication that was read gives limits, or options that cannot be read."""
    seen = known.source.observations_of(PublishedMessage)
    return {m.task for m in seen if m.gives_limits} - {m.task for m in seen if not m.gives_limits}


def _limit_fault(soft: float | None, hard: float | None) -> str:
    if soft is None and hard is None:
        return "aucune limite de temps"
    if hard is None:
        return "la souple seule, qui n'arrête ni ce qui attrape `SoftTimeLimitExceeded`, ni ce qui ne rend pas la main à Python"
    if soft is None:
        return "la dure seule, qui tue le processus sans que la tâche puisse s'interrompre d'elle-même"
    return "" if soft < hard else f"limite souple de {soft} s, dure de {hard} s, qui tue d'abord"


def _of_task(known: TargetFacts, task: Task, text: str, soft: Reading, hard: Reading) -> Fault:
    own = {"soft_time_limit", "time_limit"} & task.options.keys()
    excerpt = (known.head(task.symbol) if own else None) or soft.excerpt or hard.excerpt
    return Fault(f"`{short(task.symbol)}` : {text}", excerpt)


def _merged(faults: list[Fault], total: int) -> list[Fault]:
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
        passes="Le modèle d'exécution des workers applique les limites de temps",
        fails="Ce modèle d'exécution n'applique pas les limites de temps réglées",
        advice="Lancer le worker avec `--pool=prefork`, ou borner autrement chaque appel bloquant",
        solution="celery -A application worker --pool=prefork",
        undetermined="aucun fichier de démarrage ne lance de worker, ou l'option `--pool` ne se lit pas",
        impact="Moyen : une tâche bloquée n'est jamais arrêtée",
        language="bash",
    ),
    defective={
        "app.py": """
            from celery import Celery

            app = Celery("shop", broker="redis://localhost/0")
            app.conf.update(task_soft_time_limit=60, task_time_limit=90)
        """,
        "start.sh": "celery -A app worker --pool=threads",
    },
    sound={
        "app.py": """
            from celery import Celery

            app = Celery("shop", broker="redis://localhost/0")
            app.conf.update(task_soft_time_limit=60, task_time_limit=90)
        """,
        "start.sh": "celery -A app worker --pool=prefork",
    },
)
def _enforced(known: TargetFacts) -> Sequence[Finding]:
    guide = _enforced.guide
    limits = [read(known, name) for name in ("task_soft_time_limit", "task_time_limit")]
    missing = next((r.missing for r in limits if r.missing), "")
    if missing:
        return unknown(guide, missing)
    if not any(r.value for r in limits):
        return out_of_scope(guide, "aucune limite de temps n'est réglée")
    if not known.workers:
        return unknown(guide, "aucun fichier de démarrage ne lance de worker Celery")
    pools = [(w, pool(known, w)) for w in known.workers]
    other = [Fault(f"`{w.excerpt.path}` : `--pool={p.name}`", w.excerpt) for w, p in pools if p.voids(Part.TIME_LIMITS)]
    if other:
        return failed(guide, "Limites de temps sans effet", other, *(known.source.evidence(f.excerpt) for f in other))
    missing = next((p.missing for _, p in pools if p.missing), "")
    if missing:
        return unknown(guide, missing)
    return passed(guide, "prefork", *(known.source.evidence(w.excerpt) for w, _ in pools))


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
    defective={
        "app.py": """
            from celery import Celery

            app = Celery("shop", broker="redis://localhost/0")
            app.conf.worker_pool = "prefork"
        """,
        "start.sh": "celery -A app worker --pool=threads",
    },
    sound={
        "app.py": """
            from celery import Celery

            app = Celery("shop", broker="redis://localhost/0")
            app.conf.worker_pool = "prefork"
        """,
        "start.sh": "celery -A app worker --pool=prefork",
    },
)
def _same_pool(known: TargetFacts) -> Sequence[Finding]:
    guide = _same_pool.guide
    configured = read(known, "worker_pool", "prefork")
    if configured.missing or not known.workers:
        return unknown(guide, configured.missing or NO_WORKER)
    if not configured.written:
        return out_of_scope(guide, "`worker_pool` n'est pas réglé")
    aliases = {"processes": "prefork", "": str(configured.value)}
    told = [(w, w.options.get("pool", "")) for w in known.workers]
    other = [(w, pool) for w, pool in told if aliases.get(pool, pool) != configured.value]
    if other:
        faults = [
            Fault(f"`{w.excerpt.path}` : `--pool={p}`, et `worker_pool={configured.value}`", w.excerpt)
            for w, p in other
        ]
        return failed(
            guide, "Modèle d'exécution différent", faults, *(known.source.evidence(w.excerpt) for w, _ in other)
        )
    return passed(guide, configured.told, *configured.evidence)


@practice(
    "not-eager",
    "Pas d'exécution immédiate",
    reference=_TESTING,
    requirements=("8.1", "8.4"),
    guide=Guide(
        severity=Severity.CRITICAL,
        passes="Les tâches passent par le broker",
        fails="Les tâches s'exécutent dans le processus qui les publie, sans worker ni reprise",
        advice="Réserver `task_always_eager` aux tests",
        solution="task_always_eager = False",
        undetermined="`task_always_eager` ne se lit pas dans le code",
        impact="Élevé : rien ne survit au processus web",
    ),
    defective="""
        from celery import Celery

        app = Celery("shop", broker="redis://localhost/0")
        app.conf.task_always_eager = True
    """,
    sound="""
        from celery import Celery

        app = Celery("shop", broker="redis://localhost/0")
        app.conf.task_always_eager = False
    """,
)
def _not_eager(known: TargetFacts) -> Sequence[Finding]:
    return SettingComparison(
        "task_always_eager", False, lambda v: not v, _not_eager.guide, "Exécution immédiate activée"
    )(known)


@practice(
    "default-rate-limit",
    "Pas de débit par défaut",
    reference=_TASKS + "Task.rate_limit",
    guide=Guide(
        severity=Severity.MINOR,
        passes="Aucun débit par défaut ne freine les tâches de service",
        fails="Un débit par défaut freine toutes les tâches, celles de reprise et de surveillance comprises",
        advice="Poser `rate_limit` sur les seules tâches qui en ont besoin",
        solution='@app.task(rate_limit="10/s")\ndef send(message_id): ...',
        undetermined="`task_default_rate_limit` ne se lit pas dans le code",
    ),
    defective="""
        from celery import Celery

        app = Celery("shop", broker="redis://localhost/0")
        app.conf.task_default_rate_limit = "10/s"
    """,
    sound="""
        from celery import Celery

        app = Celery("shop", broker="redis://localhost/0")
        app.conf.update(task_acks_late=True)


        @app.task(rate_limit="10/s")
        def send(message_id): ...
    """,
)
def _default_rate_limit(known: TargetFacts) -> Sequence[Finding]:
    return SettingComparison(
        "task_default_rate_limit", None, lambda v: not v, _default_rate_limit.guide, "Débit par défaut"
    )(known)
