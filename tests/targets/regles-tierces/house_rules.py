"""A rule of the house: every task says whether its result is kept."""

from collections.abc import Sequence

from audit.model.domains import conclude
from audit.model.facts import Facts, Task
from audit.model.findings import Finding, Severity
from audit.model.target_facts import TargetFacts
from audit.rules.domains.task_domain import tasks
from audit.rules.effective_settings import NO_TASK, short
from audit.rules.practice import Fault, answered, practice
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
    example="""
        from celery import Celery

        app = Celery("shop")


        @app.task«¦(ignore_result=True)»
        def sweep(): ...
    """,
)
def says_so(known: TargetFacts) -> Sequence[Finding]:
    def silent(member: tuple[Task, Facts]) -> list[Fault]:
        task, _ = member
        return [] if "ignore_result" in task.options else [Fault(f"`{short(task.symbol)}`")]

    answer = conclude(tasks(known, lambda _: True), silent)
    return answered(GUIDE, "Résultat de tâche", answer, known.source.evidence(), nothing=NO_TASK)


RULES = (says_so,)
