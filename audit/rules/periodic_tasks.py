"""The periodic tasks that the checkpoint expects are in the beat schedule, at their period (7.4, 8.4, 8.5)."""

from collections.abc import Callable, Sequence

from audit.model.findings import Finding, Severity
from audit.model.target_facts import TargetFacts
from audit.rules.example import Example
from audit.rules.periodic_task import Periodic
from audit.rules.rule import Check, Guide, Rule, rule

_DOC = "https://docs.celeryq.dev/en/stable/userguide/periodic-tasks.html"
_HEALTH, _MONITORING, _SOLID = "Tâches Health Check", "Service Monitoring", "Robustesse Workers"
MIDNIGHT = "0 0 * * *"


def _periodic(
    identifier: str,
    title: str,
    *,
    category: str,
    passes: str,
    entry: str,
    example: Example,
    requirements: tuple[str, ...] = ("8.4",),
) -> Callable[[Check], Rule]:
    guide = Guide(
        severity=Severity.CRITICAL,
        passes=passes,
        fails="La tâche n'est pas dans le planning de beat, ou pas à cette fréquence",
        advice="Planifier la tâche à la fréquence prévue",
        solution=entry,
        undetermined="le planning de beat ne se lit pas en entier, ou le rôle n'est pas renseigné dans `audit.toml`",
        impact="Élevé : cette protection n'agit pas",
    )
    return rule(
        identifier,
        title,
        category=category,
        requirements=requirements,
        reference=_DOC,
        guide=guide,
        example=example,
    )


@_periodic(
    "recovery",
    "Récupération automatique des campagnes interrompues",
    category=_SOLID,
    requirements=("8.4", "8.5"),
    passes="Les campagnes interrompues sont reprises toutes les 5 min",
    entry='"recover": {"task": "application.tasks.recover_interrupted_campaigns", "schedule": 300.0},',
    example={
        "audit.toml": """
            [roles]
            recovery = "app:recover"
        """,
        "app.py": """
            from celery import Celery

            celery_app = Celery("shop", broker="redis://localhost/0")
            celery_app.conf.beat_schedule = {
                "recover": {"task": "app.recover", "schedule": «900.0¦300.0»},
            }


            @celery_app.task
            def recover(): ...
        """,
    },
)
def _recovery(known: TargetFacts) -> Sequence[Finding]:
    return Periodic("recovery", "Récupération automatique des campagnes interrompues", 300)(known)


@_periodic(
    "health-check-period",
    "Health check périodique",
    category=_HEALTH,
    passes="Un contrôle de santé part toutes les 2 min",
    entry='"health": {"task": "application.tasks.system_health_check", "schedule": 120.0},',
    example={
        "audit.toml": """
            [roles]
            health_check = "app:check"
        """,
        "app.py": """
            from celery import Celery

            celery_app = Celery("shop", broker="redis://localhost/0")
            celery_app.conf.beat_schedule = {
                "check": {"task": "app.check", "schedule": «3600.0¦120.0»},
            }


            @celery_app.task
            def check(): ...
        """,
    },
)
def _health(known: TargetFacts) -> Sequence[Finding]:
    return Periodic("health_check", "Health check périodique", 120)(known)


@_periodic(
    "expiry-period",
    "Expiration des 24 h sans interaction",
    category=_HEALTH,
    requirements=("7.4", "8.4"),
    passes="Les messages sans interaction depuis 24 h expirent, toutes les heures",
    entry='"expiry": {"task": "application.tasks.check_expired_interactions", "schedule": 3600.0},',
    example={
        "audit.toml": """
            [roles]
            expiry = "app:expire"
        """,
        "app.py": """
            from celery import Celery

            celery_app = Celery("shop", broker="redis://localhost/0")
            celery_app.conf.beat_schedule = {
                "expire": {"task": "app.expire", "schedule": «86400.0¦3600.0»},
            }


            @celery_app.task
            def expire(): ...
        """,
    },
)
def _expiry(known: TargetFacts) -> Sequence[Finding]:
    return Periodic("expiry", "Expiration des 24 h sans interaction", 3600)(known)


@_periodic(
    "lock-cleanup-period",
    "Nettoyage des verrous expirés",
    category=_HEALTH,
    passes="Les verrous expirés sont retirés toutes les 10 min",
    entry='"locks": {"task": "application.tasks.cleanup_expired_locks", "schedule": 600.0},',
    example={
        "audit.toml": """
            [roles]
            lock_cleanup = "app:clean_locks"
        """,
        "app.py": """
            from celery import Celery

            celery_app = Celery("shop", broker="redis://localhost/0")
            celery_app.conf.beat_schedule = {
                "clean_locks": {"task": "app.clean_locks", "schedule": «3600.0¦600.0»},
            }


            @celery_app.task
            def clean_locks(): ...
        """,
    },
)
def _locks(known: TargetFacts) -> Sequence[Finding]:
    return Periodic("lock_cleanup", "Nettoyage des verrous expirés", 600)(known)


@_periodic(
    "monitoring-sync-period",
    "Persistance des compteurs",
    category=_MONITORING,
    passes="Les compteurs sont persistés toutes les heures",
    entry='"counters": {"task": "application.tasks.sync_monitoring", "schedule": 3600.0},',
    example={
        "audit.toml": """
            [roles]
            monitoring_sync = "app:sync"
        """,
        "app.py": """
            from celery import Celery

            celery_app = Celery("shop", broker="redis://localhost/0")
            celery_app.conf.beat_schedule = {
                "sync": {"task": "app.sync", "schedule": «86400.0¦3600.0»},
            }


            @celery_app.task
            def sync(): ...
        """,
    },
)
def _sync(known: TargetFacts) -> Sequence[Finding]:
    return Periodic("monitoring_sync", "Persistance des compteurs", 3600)(known)


@_periodic(
    "monitoring-reset-period",
    "Remise à zéro quotidienne des compteurs",
    category=_MONITORING,
    passes="Les compteurs du jour repartent de zéro à 00:00 UTC",
    entry='"reset": {"task": "application.tasks.reset_daily_monitoring", "schedule": crontab(hour=0, minute=0)},',
    example={
        "audit.toml": """
            [roles]
            monitoring_reset = "app:reset"
        """,
        "app.py": """
            from celery import Celery
            from celery.schedules import crontab

            celery_app = Celery("shop", broker="redis://localhost/0")
            celery_app.conf.beat_schedule = {
                "reset": {"task": "app.reset", "schedule": crontab(hour=«6¦0», minute=0)},
            }


            @celery_app.task
            def reset(): ...
        """,
    },
)
def _reset(known: TargetFacts) -> Sequence[Finding]:
    return Periodic("monitoring_reset", "Remise à zéro quotidienne des compteurs", crontab=MIDNIGHT)(known)
