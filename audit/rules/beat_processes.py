"""Beat is started where a worker is: without it no periodic task ever runs (8.4)."""

from collections.abc import Sequence
from pathlib import PurePosixPath

from audit.model.facts import Process
from audit.model.findings import Finding, Problem, Severity
from audit.model.target_facts import TargetFacts
from audit.rules.rule import Guide, defect, established, rule, undetermined


@rule(
    "beat-started",
    "Beat est lancé",
    category="Robustesse Workers",
    requirements=("8.4",),
    reference="https://docs.celeryq.dev/en/stable/userguide/periodic-tasks.html",
    guide=Guide(
        severity=Severity.CRITICAL,
        passes="Les scripts de démarrage lancent `celery beat`",
        fails="Un worker est lancé sans beat : aucune tâche périodique ne s'exécute, reprise comprise",
        advice="Lancer `celery beat`",
        solution="celery -A application beat --loglevel=info &",
        undetermined="aucun fichier de démarrage ne lance de worker, ou aucun planning n'a été trouvé",
        impact="Élevé",
        language="bash",
    ),
    defective={
        "app.py": """
            from celery import Celery

            celery_app = Celery("shop", broker="redis://localhost/0")
            celery_app.conf.beat_schedule = {"check": {"task": "app.check", "schedule": 120.0}}
        """,
        "start.sh": "celery -A app worker",
    },
    sound={
        "app.py": """
            from celery import Celery

            celery_app = Celery("shop", broker="redis://localhost/0")
            celery_app.conf.beat_schedule = {"check": {"task": "app.check", "schedule": 120.0}}
        """,
        "start.sh": """
            celery -A app beat &
            celery -A app worker
        """,
    },
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
