"""Settings that must have one value for no task to be lost (8.4)."""

from collections.abc import Sequence

from audit.model.findings import Finding, Severity
from audit.model.target_facts import TargetFacts
from audit.rules.domains.setting_domain import EVERYWHERE, Scope
from audit.rules.domains.setting_scopes import late_only
from audit.rules.effective_settings import release_of
from audit.rules.exact_value import ExactValue
from audit.rules.example import with_app
from audit.rules.rule import Guide, rule
from audit.rules.setting_comparison import exactly

_CONF = "https://docs.celeryq.dev/en/stable/userguide/configuration.html#"
_CATEGORY = "Configuration Celery"


def _guide(name: str, severity: Severity, passes: str, fails: str, *, impact: str, before: str = "") -> Guide:
    unread = f"la valeur de `{name}` ne se lit pas dans le code, ou une tâche a peut-être la sienne"
    return Guide(
        severity, passes, fails, f"Régler `{name}=True`{before}", f"celery_app.conf.{name} = True", unread, impact
    )


@rule(
    "late-acknowledgement",
    "Acquittement tardif",
    category=_CATEGORY,
    requirements=("8.4",),
    reference=_CONF + "task-acks-late",
    guide=_guide(
        "task_acks_late",
        Severity.CRITICAL,
        "Une tâche est acquittée après son exécution",
        "Une tâche acquittée avant son exécution est perdue si le worker meurt",
        impact="Élevé : la tâche en cours est perdue quand le worker meurt",
        before=", là où une tâche exécutée deux fois ne fait pas deux fois son effet",
    ),
    example=with_app("""
        celery_app.conf.task_acks_late = True


        @celery_app.task«(acks_late=False)¦»
        def send(message_id): ...
    """),
)
def _late(known: TargetFacts) -> Sequence[Finding]:
    exact = ExactValue(
        "task_acks_late",
        value=True,
        guide=_late.guide,
        purpose="Acknowledge après exécution",
        risk="une tâche acquittée avant son exécution est perdue si le worker meurt",
        option="acks_late",
    )
    return exactly(exact, default=False)(known)


@rule(
    "reject-on-worker-lost",
    "Remise en file à la mort d'un processus",
    category=_CATEGORY,
    requirements=("8.4",),
    reference=_CONF + "task-reject-on-worker-lost",
    guide=_guide(
        "task_reject_on_worker_lost",
        Severity.CRITICAL,
        "Une tâche dont le processus est tué retourne dans la file",
        "Une tâche dont le processus est tué est acquittée, donc perdue",
        impact="Élevé : la tâche en cours est perdue quand son processus est tué",
    ),
    example="""
        from celery import Celery

        celery_app = Celery("shop", broker="redis://localhost/0")
        «celery_app.conf.task_acks_late = True¦celery_app.conf.update(task_acks_late=True, task_reject_on_worker_lost=True)»
    """,
)
def _rejected(known: TargetFacts) -> Sequence[Finding]:
    exact = ExactValue(
        "task_reject_on_worker_lost",
        value=True,
        guide=_rejected.guide,
        purpose="Requeue si worker crash",
        risk="une tâche dont le processus est tué est acquittée, donc perdue",
        option="reject_on_worker_lost",
    )
    # What is acknowledged before it runs is never requeued, whatever this setting says.
    return exactly(exact, default=False, scope=late_only)(known)


@rule(
    "startup-retry",
    "Reconnexion au démarrage",
    category=_CATEGORY,
    requirements=("8.4",),
    reference=_CONF + "broker-connection-retry-on-startup",
    guide=_guide(
        "broker_connection_retry_on_startup",
        Severity.MINOR,
        "Un worker démarré avant son broker l'attend",
        "Un worker démarré avant son broker peut s'arrêter",
        impact="Faible",
    ),
    example=with_app("""
        celery_app.conf.broker_connection_retry_on_startup = «False¦True»
    """),
)
def _startup(known: TargetFacts) -> Sequence[Finding]:
    exact = ExactValue(
        "broker_connection_retry_on_startup",
        value=True,
        guide=_startup.guide,
        purpose="Retry connexion Redis",
        risk="un worker démarré avant son broker peut s'arrêter",
        risk_of_default="Celery 5 suit alors `broker_connection_retry`, ce que Celery 6 ne fera plus",
    )
    return exactly(exact, default=None, scope=_where_it_exists)(known)


def _where_it_exists(known: TargetFacts) -> Scope:
    """The setting came with Celery 5.3: nobody can write it for an older one."""
    line = release_of(known)
    if not line.told or line.declares("broker_connection_retry_on_startup"):
        return EVERYWHERE
    return Scope(f"Celery {line.name}, que le projet demande, n'a pas ce réglage", read="version de Celery")
