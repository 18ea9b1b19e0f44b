"""Every task module imports: a worker that meets one that does not import never starts."""

import re
from collections.abc import Sequence

from audit.model.facts import Facts
from audit.model.findings import Finding, Level, Problem, Severity
from audit.model.target_facts import TargetFacts
from audit.rules.rule import Guide, defect, established, rule, undetermined
from audit.target.target_file import Target

_SENTENCE = "Tous les modules de tâches s'importent"
_IMPORT = re.compile(r"L'import de « (?P<module>[^»]+) » (?:a échoué : )?(?P<cause>.*)")
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
    defective={
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


            @celery_app.task(max_retries=LIMIT)
            def send(message_id): ...
        """,
    },
    sound={
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


            @celery_app.task(max_retries=3)
            def send(message_id): ...
        """,
    },
)
def _imports(known: TargetFacts) -> Sequence[Finding]:
    facts, target = known.configuration, known.target
    if facts is None:
        return [undetermined(_SENTENCE, "l'import des modules (l'audit s'arrête à la lecture des fichiers)")]
    failed = _failed_imports(facts, target)
    decided = [text for text, cause in failed if _certain(cause, target)]
    if decided:
        return [_broken(decided, facts)]
    if failed:
        return [undetermined(_SENTENCE, failed[0][0], "donner à la sonde l'interpréteur et les variables d'un worker")]
    if not facts.settings:
        missing = facts.failure or " ".join(facts.failures) or "aucune application Celery n'a été importée"
        return [undetermined(_SENTENCE, missing)]
    return [established(_SENTENCE, facts.evidence())]


def _failed_imports(facts: Facts, target: Target) -> list[tuple[str, str]]:
    """What the probe says of each task module that did not import, and the cause; the web application is no task module."""
    web = target.asgi_app.partition(":")[0] if target.asgi_app != target.celery_app else ""
    told = [(text, _IMPORT.match(text)) for text in facts.failures]
    discovery = [(text, "") for text in facts.failures if text.startswith("La découverte des modules de tâches")]
    return [(text, found["cause"]) for text, found in told if found and found["module"] != web] + discovery


def _certain(cause: str, target: Target) -> bool:
    """Whether a worker would meet the same error, in whatever environment it starts."""
    missing = _MISSING_MODULE.match(cause)
    if missing:
        # In the harness's own interpreter a dependency of the target may be the only thing that lacks.
        own = any((target.root / name).exists() for name in (missing["top"], f"{missing['top']}.py"))
        return own or bool(target.python)
    return cause.startswith(_WRITTEN_IN_THE_CODE)


def _broken(told: Sequence[str], facts: Facts) -> Finding:
    problem = Problem(
        title="Un module de tâches ne s'importe pas",
        severity=Severity.CRITICAL,
        impact="Élevé : le worker s'arrête au démarrage",
        recommendation="Corriger l'import, puis relancer l'audit",
        situation_text=" ".join(told),
    )
    return defect(f"Le worker ne peut pas démarrer. {told[0]}", problem, facts.evidence())
