"""Beat is started where a worker is: without it no periodic task ever runs (8.4)."""

from collections.abc import Sequence

from audit.french.typography import counted
from audit.model.domains import conclude
from audit.model.facts import Process
from audit.model.findings import Finding, Problem, Severity
from audit.model.gaps import Doubt, Gap
from audit.model.target_facts import TargetFacts
from audit.rules.domains.beat_domain import NO_ENTRY, empty_schedule
from audit.rules.domains.process_domain import (
    narrowed,
    sleeping_beats,
    workers_of_any,
    workers_without_beat,
)
from audit.rules.effective_settings import NO_WORKER
from audit.rules.example import with_app
from audit.rules.practice import Fault, answered
from audit.rules.rule import Guide, defect, rule


@rule(
    "beat-started",
    "Beat est lancé",
    category="Robustesse Workers",
    requirements=("8.4",),
    reference="https://docs.celeryq.dev/en/stable/userguide/periodic-tasks.html",
    guide=Guide(
        severity=Severity.CRITICAL,
        passes="Les fichiers qui lancent les workers, ou un autre, lancent `celery beat`",
        fails="Un worker est lancé sans beat : aucune tâche périodique ne s'exécute, reprise comprise",
        advice="Lancer `celery beat`",
        solution="celery -A application beat --loglevel=info &",
        undetermined="aucun fichier de démarrage ne lance de worker, ou aucun planning n'a été trouvé",
        impact="Élevé",
        language="bash",
    ),
    example={
        "app.py": with_app("""
            celery_app.conf.beat_schedule = {"check": {"task": "app.check", "schedule": 120.0}}
        """),
        "start.sh": """
            «¦celery -A app beat &
            »celery -A app worker
        """,
    },
)
def _beat_started(known: TargetFacts) -> Sequence[Finding]:
    guide, started = _beat_started.guide, workers_of_any(known)
    if not known.processes("beat") and (empty := empty_schedule(known)):
        return answered(guide, "Beat jamais lancé", conclude(empty, lambda _: ()), nothing=NO_ENTRY)
    gaps: list[Gap] = (
        [] if any(facts.beat for facts in known.probes) else [Doubt(why="aucun planning de beat n'a été trouvé")]
    )
    gaps += sleeping_beats(known)
    orphans = workers_without_beat(known)
    domain = narrowed(started, started.members, gaps, _told(known))
    answer = conclude(domain, lambda worker: [Fault(worker.excerpt.path, worker.excerpt)] if worker in orphans else [])
    if answer.faults:
        return [_never(known, orphans[0])]
    evidence = (known.source.evidence(b.excerpt) for b in known.processes("beat"))
    return answered(guide, "Beat jamais lancé", answer, *evidence, nothing=NO_WORKER)


def _told(known: TargetFacts) -> str:
    return f"{counted(len(known.processes('worker')), 'worker')}, {counted(len(known.processes('beat')), 'beat')}"


def _never(known: TargetFacts, worker: Process) -> Finding:
    path = worker.excerpt.path
    problem = Problem(
        title=f"`{path}` ne lance pas beat",
        severity=Severity.CRITICAL,
        impact="Élevé : aucune tâche périodique ne s'exécute, reprise comprise",
        recommendation=f"Lancer `celery beat` dans `{path}`",
        situation=(worker.excerpt,),
        solution="celery -A <application> beat --loglevel=info &",
        solution_language="bash",
    )
    text = f"`{path}` lance un worker mais jamais beat : les tâches périodiques ne s'exécutent pas"
    return defect(text, problem, known.source.evidence(worker.excerpt))
