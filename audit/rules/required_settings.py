"""Settings that must have one value for no task to be lost (8.4)."""

from collections.abc import Callable, Sequence

from audit.model.findings import Finding, Severity
from audit.model.target_facts import TargetFacts
from audit.rules.domains.setting_domain import EVERYWHERE, Scope, everywhere
from audit.rules.domains.setting_scopes import late_only
from audit.rules.effective_settings import release_of
from audit.rules.exact_value import ExactValue
from audit.rules.example import Example, with_app
from audit.rules.rule import Guide, Rule, rule

_CONF = "https://docs.celeryq.dev/en/stable/userguide/configuration.html#"


def _where_it_exists(known: TargetFacts) -> Scope:
    """The setting came with Celery 5.3: nobody can write it for an older one."""
    line = release_of(known)
    if not line.told or line.declares("broker_connection_retry_on_startup"):
        return EVERYWHERE
    return Scope(f"Celery {line.asked}, que le projet demande, n'a pas ce réglage", read="version de Celery")


def _required(
    identifier: str,
    title: str,
    name: str,
    example: Example,
    *,
    passes: str,
    purpose: str,
    risk: str,
    default: bool | None,
    severity: Severity = Severity.CRITICAL,
    impact: str = "Faible",
    before: str = "",
    option: str = "",
    risk_of_default: str = "",
    scope: Callable[[TargetFacts], Scope] = everywhere,
) -> Rule:
    """The rule that a setting is True; `before` ends the advice, `default` is Celery's own value."""
    guide = Guide(
        severity=severity,
        passes=passes,
        fails=risk[:1].upper() + risk[1:],
        advice=f"Régler `{name}=True`{before}",
        solution=f"celery_app.conf.{name} = True",
        undetermined=f"la valeur de `{name}` ne se lit pas dans le code, ou une tâche a peut-être la sienne",
        impact=impact,
    )

    @rule(
        identifier,
        title,
        category="Configuration Celery",
        requirements=("8.4",),
        reference=_CONF + name.replace("_", "-"),
        guide=guide,
        example=example,
    )
    def check(known: TargetFacts) -> Sequence[Finding]:
        return ExactValue(name, True, default, guide, purpose, risk, scope, risk_of_default, option)(known)

    return check


_late = _required(
    "late-acknowledgement",
    "Acquittement tardif",
    "task_acks_late",
    with_app("""
        celery_app.conf.task_acks_late = True


        @celery_app.task«(acks_late=False)¦»
        def send(message_id): ...
    """),
    passes="Une tâche est acquittée après son exécution",
    purpose="Acknowledge après exécution",
    risk="une tâche acquittée avant son exécution est perdue si le worker meurt",
    impact="Élevé : la tâche en cours est perdue quand le worker meurt",
    before=", là où une tâche exécutée deux fois ne fait pas deux fois son effet",
    default=False,
    option="acks_late",
)
# What is acknowledged before it runs is never requeued, whatever this setting says.
_rejected = _required(
    "reject-on-worker-lost",
    "Remise en file à la mort d'un processus",
    "task_reject_on_worker_lost",
    with_app("""
        «celery_app.conf.task_acks_late = True¦celery_app.conf.update(task_acks_late=True, task_reject_on_worker_lost=True)»
    """),
    passes="Une tâche dont le processus est tué retourne dans la file",
    purpose="Requeue si worker crash",
    risk="une tâche dont le processus est tué est acquittée, donc perdue",
    impact="Élevé : la tâche en cours est perdue quand son processus est tué",
    default=False,
    option="reject_on_worker_lost",
    scope=late_only,
)
_startup = _required(
    "startup-retry",
    "Reconnexion au démarrage",
    "broker_connection_retry_on_startup",
    with_app("""
        celery_app.conf.broker_connection_retry_on_startup = «False¦True»
    """),
    severity=Severity.MINOR,
    passes="Un worker démarré avant son broker l'attend",
    purpose="Retry connexion Redis",
    risk="un worker démarré avant son broker peut s'arrêter",
    default=None,
    risk_of_default="Celery 5 suit alors `broker_connection_retry`, ce que Celery 6 ne fera plus",
    scope=_where_it_exists,
)
