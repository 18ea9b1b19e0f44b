"""A rule of the house: every task says whether its result is kept."""

from collections.abc import Sequence

from audit.model.target_facts import TargetFacts
from audit.model.findings import Finding, Severity
from audit.rules.practice import Fault, failed, passed, practice, unknown
from audit.rules.effective_settings import NO_TASK, production_tasks, short
from audit.rules.rule import Guide

GUIDE = Guide(
    severity=Severity.MINOR,
    passes="Chaque tâche dit si son résultat est gardé",
    fails="Des tâches ne disent pas si leur résultat est gardé",
    advice="Écrire `ignore_result` dans le décorateur",
    solution="@app.task(ignore_result=True)\ndef sweep(): ...",
    undetermined=NO_TASK,
)


@practice(
    "house-result-said",
    "Résultat dit",
    reference="https://docs.celeryq.dev/en/stable/userguide/tasks.html",
    guide=GUIDE,
    defective="""
        from celery import Celery

        app = Celery("shop")


        @app.task
        def sweep(): ...
    """,
    sound="""
        from celery import Celery

        app = Celery("shop")


        @app.task(ignore_result=True)
        def sweep(): ...
    """,
)
def says_so(known: TargetFacts) -> Sequence[Finding]:
    tasks = production_tasks(known)
    if not tasks:
        return unknown(GUIDE, NO_TASK)
    silent = [task for task, _ in tasks if "ignore_result" not in task.options]
    if silent:
        return failed(GUIDE, "Résultat de tâche", [Fault(f"`{short(t.symbol)}`") for t in silent], known.source.evidence())
    return passed(GUIDE, "", known.source.evidence())


RULES = (says_so,)
