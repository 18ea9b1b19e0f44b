"""The periodic tasks that the checkpoint expects are in the beat schedule, at their period (7.4, 8.4, 8.5)."""

from collections.abc import Sequence

from audit.model.findings import Finding, Severity
from audit.model.target_facts import TargetFacts
from audit.rules.periodic_task import Periodic
from audit.rules.rule import Guide, Rule, rule

_DOC = "https://docs.celeryq.dev/en/stable/userguide/periodic-tasks.html"
_HEALTH, _MONITORING, _SOLID = "Tâches Health Check", "Service Monitoring", "Robustesse Workers"
MIDNIGHT = "0 0 * * *"


_APP = """
from celery import Celery{imported}

celery_app = Celery("shop", broker="redis://localhost/0")
celery_app.conf.beat_schedule = {{
    "{task}": {{"task": "app.{task}", "schedule": «{wrong}¦{right}»}},
}}


@celery_app.task
def {task}(): ...
"""


def _periodic(
    identifier: str,
    title: str,
    *,
    category: str,
    passes: str,
    entry: str,
    role: str,
    task: str,
    wrong: str,
    seconds: float | None = None,
    crontab: str = "",
    requirements: tuple[str, ...] = ("8.4",),
) -> Rule:
    """The rule that the task of a role is planned so; `entry` is the schedule that it asks for, `task` and `wrong` are of its example."""
    guide = Guide(
        severity=Severity.CRITICAL,
        passes=passes,
        fails="La tâche n'est pas dans le planning de beat, ou pas à cette fréquence",
        advice="Planifier la tâche à la fréquence prévue",
        solution=entry,
        undetermined="le planning de beat ne se lit pas en entier, ou le rôle n'est pas renseigné dans `audit.toml`",
        impact="Élevé : cette protection n'agit pas",
    )
    right = entry.partition('"schedule": ')[2].removesuffix("},")
    imported = "\nfrom celery.schedules import crontab" if crontab else ""
    example = {
        "audit.toml": f'[roles]\n{role} = "app:{task}"',
        "app.py": _APP.format(task=task, wrong=wrong, right=right, imported=imported),
    }

    @rule(
        identifier,
        title,
        category=category,
        requirements=requirements,
        reference=_DOC,
        guide=guide,
        example=example,
    )
    def check(known: TargetFacts) -> Sequence[Finding]:
        return Periodic(role, title, seconds, crontab)(known)

    return check


_recovery = _periodic(
    "recovery",
    "Récupération automatique des campagnes interrompues",
    category=_SOLID,
    requirements=("8.4", "8.5"),
    passes="La tâche qui reprend les campagnes interrompues est planifiée toutes les 5 min",
    entry='"recover": {"task": "application.tasks.recover_interrupted_campaigns", "schedule": 300.0},',
    role="recovery",
    task="recover",
    wrong="900.0",
    seconds=300,
)
_health = _periodic(
    "health-check-period",
    "Health check périodique",
    category=_HEALTH,
    passes="La tâche du contrôle de santé est planifiée toutes les 2 min",
    entry='"health": {"task": "application.tasks.system_health_check", "schedule": 120.0},',
    role="health_check",
    task="check",
    wrong="3600.0",
    seconds=120,
)
_expiry = _periodic(
    "expiry-period",
    "Expiration des 24 h sans interaction",
    category=_HEALTH,
    requirements=("7.4", "8.4"),
    passes="La tâche qui fait expirer les messages sans interaction est planifiée toutes les heures",
    entry='"expiry": {"task": "application.tasks.check_expired_interactions", "schedule": 3600.0},',
    role="expiry",
    task="expire",
    wrong="86400.0",
    seconds=3600,
)
_locks = _periodic(
    "lock-cleanup-period",
    "Nettoyage des verrous expirés",
    category=_HEALTH,
    passes="La tâche qui retire les verrous expirés est planifiée toutes les 10 min",
    entry='"locks": {"task": "application.tasks.cleanup_expired_locks", "schedule": 600.0},',
    role="lock_cleanup",
    task="clean_locks",
    wrong="3600.0",
    seconds=600,
)
_sync = _periodic(
    "monitoring-sync-period",
    "Persistance des compteurs",
    category=_MONITORING,
    passes="La tâche qui enregistre les compteurs est planifiée toutes les heures",
    entry='"counters": {"task": "application.tasks.sync_monitoring", "schedule": 3600.0},',
    role="monitoring_sync",
    task="sync",
    wrong="86400.0",
    seconds=3600,
)
_reset = _periodic(
    "monitoring-reset-period",
    "Changement de jour des compteurs",
    category=_MONITORING,
    passes="La tâche du changement de jour des compteurs est planifiée à 00:00 UTC",
    entry='"reset": {"task": "application.tasks.reset_daily_monitoring", "schedule": crontab(hour=0, minute=0)},',
    role="monitoring_reset",
    task="reset",
    wrong="crontab(hour=6, minute=0)",
    crontab=MIDNIGHT,
)
