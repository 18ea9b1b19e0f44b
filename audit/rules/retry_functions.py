"""The retry functions that tests prove are those that the code calls."""

from collections.abc import Sequence

from audit.model.domains import conclude
from audit.model.findings import Finding, Severity
from audit.model.target_facts import TargetFacts
from audit.rules.domains.task_domain import tested_retries
from audit.rules.effective_settings import short
from audit.rules.example import with_app
from audit.rules.practice import Fault, answered, practice
from audit.rules.rule import Guide

_RETRY = "https://docs.celeryq.dev/en/stable/userguide/tasks.html#retrying"


@practice(
    "retry-function-used",
    "Reprise employée",
    reference=_RETRY,
    guide=Guide(
        severity=Severity.MINOR,
        passes="Chaque fonction de reprise que des tests appellent sert aussi au code",
        fails="Une fonction de reprise est testée, mais rien d'autre ne l'appelle : ce que les tests prouvent n'a pas lieu",
        advice="L'appeler dans la tâche, ou la retirer avec ses tests",
        solution="raise self.retry(countdown=retry_delay(self.request.retries))",
        undetermined="aucun code Python n'a été lu",
        impact="Moyen : des reprises que l'on croit prouvées",
    ),
    example={
        "app.py": with_app("""
            def retry_delay(retries):
                return 60 * 2**retries


            @app.task(bind=True)
            def send(self, message_id):
                try:
                    deliver(message_id)
                except ConnectionError as error:
                    raise self.retry(exc=error, countdown=«30¦retry_delay(self.request.retries)»)
        """),
        "tests/test_delays.py": """
            from app import retry_delay


            def test_the_delay_doubles():
                assert retry_delay(1) == 120
        """,
    },
)
def _unused(known: TargetFacts) -> Sequence[Finding]:
    domain = tested_retries(known)
    answer = conclude(domain, lambda o: [] if o.used else [Fault(f"`{short(o.symbol)}`", o.excerpt)])
    quoted = [fault.excerpt for fault in answer.faults] or [o.excerpt for o in domain.members[:1]]
    evidence = [known.source.evidence(excerpt) for excerpt in quoted]
    told = ", ".join(f"`{short(o.symbol)}`" for o in domain.members)
    nothing = "aucun test lu n'appelle de fonction qui, par son nom ou ses paramètres, calcule des reprises"
    return answered(_unused.guide, "Reprise testée, jamais employée", answer, *evidence, nothing=nothing, detail=told)
