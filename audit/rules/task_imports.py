"""Every task module imports: a worker that meets one that does not import never starts."""

import re
from collections.abc import Sequence

from audit.model.domains import conclude
from audit.model.facts import Facts
from audit.model.findings import Finding, Level, Problem, Severity
from audit.model.target_facts import TargetFacts
from audit.rules.concluded_points import Wrong, concluded
from audit.rules.domains.import_domain import Imported, imported_modules
from audit.rules.rule import Guide, rule
from audit.target.target_file import Target

_SENTENCE = "Tous les modules de tâches s'importent"
# What no environment changes; anything else may come from a variable or a server that only production has.
_WRITTEN_IN_THE_CODE = ("SyntaxError", "IndentationError", "TabError", "NameError")
_MISSING_MODULE = re.compile(r"ModuleNotFoundError : No module named '(?P<top>\w+)")


@rule(
    "imports",
    "Import des modules de tâches",
    category="Robustesse Workers",
    requirements=("8.4", "8.5"),
    reference="https://docs.celeryq.dev/en/stable/userguide/configuration.html#imports",
    needs=Level.CONFIGURATION,
    guide=Guide(
        severity=Severity.CRITICAL,
        passes="Tous les modules de tâches s'importent",
        fails="Un module de tâches ne s'importe pas : le worker s'arrête au démarrage",
        advice="Corriger l'import",
        solution="python -c 'import application.tasks'",
        undetermined="l'audit s'arrête à la lecture, ou l'échec peut venir de l'environnement de la sonde",
        impact="Élevé",
        language="bash",
    ),
    example={
        "audit.toml": """
            [target]
            celery_app = "app:celery_app"
        """,
        "app.py": """
            from celery import Celery

            celery_app = Celery("shop", broker="redis://localhost/0", include=["tasks"])
            celery_app.conf.task_acks_late = True
        """,
        "tasks.py": """
            from app import celery_app


            @celery_app.task(max_retries=«LIMIT¦3»)
            def send(message_id): ...
        """,
    },
)
def _imports(known: TargetFacts) -> Sequence[Finding]:
    target = known.target
    domain = imported_modules(known, lambda cause: _certain(cause, target))
    broken = [one.failure for one in domain.members if one.failure]

    def faults(one: Imported) -> list[Wrong]:
        return [_broken(broken, known.configuration)] if one.failure and known.configuration else []

    evidence = [known.configuration.evidence()] if known.configuration else []
    failed = known.configuration is not None and bool(known.configuration.failures)
    settles = "donner à la sonde l'interpréteur et les variables d'un worker" if failed else ""
    return [concluded(_SENTENCE, conclude(domain, faults), *evidence, settles=settles)]


def _certain(cause: str, target: Target) -> bool:
    """Whether a worker would meet the same error, in whatever environment it starts."""
    missing = _MISSING_MODULE.match(cause)
    if missing:
        # In the harness's own interpreter a dependency of the target may be the only thing that lacks.
        own = any((target.root / name).exists() for name in (missing["top"], f"{missing['top']}.py"))
        return own or bool(target.python)
    return cause.startswith(_WRITTEN_IN_THE_CODE)


def _broken(told: Sequence[str], facts: Facts) -> Wrong:
    problem = Problem(
        title="Un module de tâches ne s'importe pas",
        severity=Severity.CRITICAL,
        impact="Élevé : le worker s'arrête au démarrage",
        recommendation="Corriger l'import, puis relancer l'audit",
        situation_text=" ".join(told),
    )
    return Wrong(f"Le worker ne peut pas démarrer. {told[0]}", problem, (facts.evidence(),))
