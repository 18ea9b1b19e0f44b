"""Delivery: what late acknowledgement and Redis's visibility timeout ask of the other settings."""

from collections.abc import Sequence

from audit.model.findings import Finding, Outcome, Severity
from audit.model.target_facts import TargetFacts
from audit.rules.effective_settings import (
    Reading,
    broker,
    number,
    options,
    production_tasks,
    read,
    results,
    shared_redis,
)
from audit.rules.practice import Fault, failed, out_of_scope, passed, practice, unknown
from audit.rules.rule import Guide
from audit.rules.setting_comparison import SettingHolds

_REDIS = "https://docs.celeryq.dev/en/stable/getting-started/backends-and-brokers/redis.html#visibility-timeout"
_PREFETCH = "https://docs.celeryq.dev/en/stable/userguide/optimizing.html#prefetch-limits"
_CANCEL = (
    "https://docs.celeryq.dev/en/stable/userguide/configuration.html"
    "#worker-cancel-long-running-tasks-on-connection-loss"
)
DEFAULT_VISIBILITY = 3600


def redis_only(known: TargetFacts) -> tuple[str, str]:
    """The scope of rules that only concern a Redis broker."""
    kind, why = broker(known)
    if not kind or kind == "redis":
        return "", why
    variable = read(known, "broker_url").variable
    if variable:
        return "", f"le broker est {kind} par défaut, et `{variable}` peut le changer"
    return f"le broker est {kind}, pas Redis", ""


def late_only(known: TargetFacts) -> tuple[str, str]:
    """The scope of rules that only concern late acknowledgement."""
    reading = read(known, "task_acks_late", False)
    if reading.missing:
        return "", reading.missing
    late = reading.value or any(task.options.get("acks_late") is True for task, _ in production_tasks(known))
    return ("", "") if late else ("les tâches sont acquittées avant leur exécution", "")


_PREFETCH_GUIDE = Guide(
    severity=Severity.MINOR,
    passes="Un processus ne réserve qu'une tâche d'avance quand l'acquittement est tardif",
    fails="Chaque processus réserve plusieurs tâches qu'un autre worker pourrait exécuter",
    advice="Régler `worker_prefetch_multiplier=1`",
    solution="worker_prefetch_multiplier = 1",
    undetermined="la valeur de `worker_prefetch_multiplier` ou de `task_acks_late` ne se lit pas",
)

_CANCEL_GUIDE = Guide(
    severity=Severity.CRITICAL,
    passes="Une coupure du broker ne fait pas perdre les tâches en cours",
    fails="À la coupure de Redis, les tâches annulées y sont notées révoquées au lieu d'être remises en file",
    advice="Désactiver l'annulation, ou garder les résultats ailleurs que dans le Redis du broker",
    solution="worker_cancel_long_running_tasks_on_connection_loss = False",
    undetermined="le broker ou `result_backend` ne se lit pas",
    impact="Élevé : les tâches en cours sont perdues",
)


def _cancelled(known: TargetFacts) -> Sequence[Finding]:
    guide = _CANCEL_GUIDE
    reading = read(known, "worker_cancel_long_running_tasks_on_connection_loss", False)
    if reading.missing:
        return unknown(guide, reading.missing)
    outside, unsure = late_only(known)
    if outside:
        return out_of_scope(guide, outside)
    if not reading.value:
        return passed(guide, reading.told, *reading.evidence)
    return _where_results_are(known, reading, unsure)


def _where_results_are(known: TargetFacts, reading: Reading, unsure: str) -> Sequence[Finding]:
    """Cancelling loses tasks where Redis holds both the messages and the results."""
    guide, title = _CANCEL_GUIDE, "Tâches perdues à la coupure de Redis"
    kind, why = broker(known)
    kept, why_kept = results(known)
    shared = shared_redis(known) if why and why_kept and not unsure else ""
    if shared:
        fault = Fault(f"{reading.told}, et `{shared}` donne le broker et les résultats", reading.excerpt)
        return failed(guide, title, [fault], *reading.evidence, outcome=Outcome.RESERVATION)
    if unsure or why or why_kept:
        return unknown(guide, unsure or why or why_kept)
    if kind != "redis" or kept != "redis":
        return passed(guide, "les résultats ne sont pas dans le Redis du broker", *reading.evidence)
    return failed(guide, title, [Fault(reading.told, reading.excerpt)], *reading.evidence)


_SAME_GUIDE = Guide(
    severity=Severity.MINOR,
    passes="`visibility_timeout` a la même valeur pour le broker, les résultats et Celery",
    fails="`visibility_timeout` diffère d'une connexion Redis à l'autre, et la plus petite valeur l'emporte",
    advice="Poser la même valeur aux trois endroits",
    solution=(
        'broker_transport_options = {"visibility_timeout": 43200}\n'
        'result_backend_transport_options = {"visibility_timeout": 43200}\n'
        "visibility_timeout = 43200"
    ),
    undetermined="une des trois valeurs, ou l'adresse du broker, ne se lit pas",
    impact="Moyen : une tâche longue peut être redélivrée avant la durée réglée pour le broker",
)


def _both_redis(known: TargetFacts) -> tuple[str, str]:
    outside, unsure = redis_only(known)
    kept, why = results(known)
    if not outside and kept and kept != "redis":
        outside = "les résultats ne sont pas dans Redis"
    return outside, unsure or why


def _same_everywhere(known: TargetFacts) -> Sequence[Finding]:
    guide = _SAME_GUIDE
    outside, unsure = _both_redis(known)
    if outside:
        return out_of_scope(guide, outside)
    given, of_broker = options(known, "broker_transport_options")
    kept_options, of_results = options(known, "result_backend_transport_options")
    top = read(known, "visibility_timeout", DEFAULT_VISIBILITY)
    missing = unsure or of_broker.missing or of_results.missing or top.missing
    if missing:
        return unknown(guide, missing)
    values = {
        "broker_transport_options": given.get("visibility_timeout", DEFAULT_VISIBILITY),
        "result_backend_transport_options": kept_options.get("visibility_timeout", DEFAULT_VISIBILITY),
        "visibility_timeout": top.value if top.value is not None else DEFAULT_VISIBILITY,
    }
    if any(number(value) is None for value in values.values()):
        return unknown(guide, "une valeur de `visibility_timeout` ne se lit pas dans le code")
    evidence = (*of_broker.evidence, *of_results.evidence)
    if len({number(v) for v in values.values()}) == 1:
        return passed(guide, f"{values['visibility_timeout']} s", *evidence)
    told = [Fault(f"{value} s pour `{name}`", of_broker.excerpt) for name, value in values.items()]
    return failed(guide, "`visibility_timeout` n'est pas le même partout", told, *evidence)


RULES = (
    practice(
        "late-ack-prefetch",
        "Une tâche d'avance par processus",
        _PREFETCH,
        SettingHolds(
            "worker_prefetch_multiplier",
            4,
            lambda value: value == 1,
            _PREFETCH_GUIDE,
            "Trop de tâches réservées d'avance",
            late_only,
        ),
        _PREFETCH_GUIDE,
    ),
    practice(
        "cancel-on-connection-loss",
        "Coupure du broker sans perte",
        _CANCEL,
        _cancelled,
        _CANCEL_GUIDE,
    ),
    practice(
        "visibility-timeout-everywhere",
        "Même délai de visibilité partout",
        _REDIS,
        _same_everywhere,
        _SAME_GUIDE,
    ),
)
