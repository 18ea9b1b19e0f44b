"""The retry functions that tests prove are those that the code calls."""

from collections.abc import Sequence

from audit.model.findings import Finding, Severity
from audit.model.observations.failure_handling import RetryFunction
from audit.model.target_facts import TargetFacts
from audit.rules.effective_settings import short
from audit.rules.practice import Fault, failed, out_of_scope, passed, practice, unknown
from audit.rules.rule import Guide

_RETRY = "https://docs.celeryq.dev/en/stable/userguide/tasks.html#retrying"


@practice(
    "retry-function-used",
    "Reprise employée",
    reference=_RETRY,
    guide=Guide(
        severity=Severity.MINOR,
        passes="Les fonctions de reprise testées sont celles que le code emploie",
        fails="Une fonction de reprise est testée, mais rien d'autre ne l'appelle : ce que les tests prouvent n'a pas lieu",
        advice="L'appeler dans la tâche, ou la retirer avec ses tests",
        solution="raise self.retry(countdown=retry_delay(self.request.retries))",
        undetermined="aucun code Python n'a été lu",
        impact="Moyen : des reprises que l'on croit prouvées",
    ),
    defective={
        "app.py": """
            from celery import Celery

            app = Celery("shop", broker="redis://localhost/0")


            def retry_delay(retries):
                return 60 * 2**retries


            @app.task(bind=True)
            def send(self, message_id):
                try:
                    deliver(message_id)
                except ConnectionError as error:
                    raise self.retry(exc=error, countdown=30)
        """,
        "tests/test_delays.py": """
            from app import retry_delay


            def test_the_delay_doubles():
                assert retry_delay(1) == 120
        """,
    },
    sound={
        "app.py": """
            from celery import Celery

            app = Celery("shop", broker="redis://localhost/0")


            def retry_delay(retries):
                return 60 * 2**retries


            @app.task(bind=True)
            def send(self, message_id):
                try:
                    deliver(message_id)
                except ConnectionError as error:
                    raise self.retry(exc=error, countdown=retry_delay(self.request.retries))
        """,
        "tests/test_delays.py": """
            from app import retry_delay


            def test_the_delay_doubles():
                assert retry_delay(1) == 120
        """,
    },
)
def _unused(known: TargetFacts) -> Sequence[Finding]:
    guide = _unused.guide
    if known.source.failure or not known.source.functions:
        return unknown(guide, known.source.failure or "aucun code Python n'a été lu")
    tested = [o for o in known.source.observations_of(RetryFunction) if o.tested]
    if not tested:
        return out_of_scope(guide, "aucune fonction de reprise n'est testée ici")
    unused = [o for o in tested if not o.used]
    if unused:
        faults = [Fault(f"`{short(o.symbol)}`", o.excerpt) for o in unused]
        return failed(
            guide, "Reprise testée, jamais employée", faults, *(known.source.evidence(o.excerpt) for o in unused)
        )
    return passed(guide, ", ".join(f"`{short(o.symbol)}`" for o in tested), known.source.evidence(tested[0].excerpt))
