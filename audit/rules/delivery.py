"""Delivery: what late acknowledgement and Redis's visibility timeout ask of the other settings."""

from collections.abc import Sequence
from dataclasses import replace

from audit.model.domains import Answer, Domain, conclude
from audit.model.findings import Finding, Outcome, Severity
from audit.model.gaps import UnreadProcess
from audit.model.target_facts import TargetFacts
from audit.rules.effective_settings import (
    NO_WORKER,
    Reading,
    broker,
    production_tasks,
    read,
    results,
    shared_redis,
)
from audit.rules.practice import Fault, answered, failed, out_of_scope, passed, practice, unknown
from audit.rules.rule import Guide
from audit.rules.setting_comparison import SettingComparison
from audit.rules.worker_pools import Part, pool, unread_process_files

_PREFETCH = "https://docs.celeryq.dev/en/stable/userguide/optimizing.html#prefetch-limits"
_CANCEL = (
    "https://docs.celeryq.dev/en/stable/userguide/configuration.html"
    "#worker-cancel-long-running-tasks-on-connection-loss"
)


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


@practice(
    "late-ack-prefetch",
    "Une tâche d'avance par processus",
    reference=_PREFETCH,
    guide=Guide(
        severity=Severity.MINOR,
        passes="Un processus ne réserve qu'une tâche d'avance quand l'acquittement est tardif",
        fails="Chaque processus réserve plusieurs tâches qu'un autre worker pourrait exécuter",
        advice="Régler `worker_prefetch_multiplier=1`",
        solution="worker_prefetch_multiplier = 1",
        undetermined="la valeur de `worker_prefetch_multiplier` ou de `task_acks_late` ne se lit pas",
    ),
    defective="""
        from celery import Celery

        app = Celery("shop", broker="redis://localhost/0")
        app.conf.update(task_acks_late=True, worker_prefetch_multiplier=4)
    """,
    sound="""
        from celery import Celery

        app = Celery("shop", broker="redis://localhost/0")
        app.conf.update(task_acks_late=True, worker_prefetch_multiplier=1)
    """,
)
def _late_ack_prefetch(known: TargetFacts) -> Sequence[Finding]:
    return SettingComparison(
        "worker_prefetch_multiplier",
        4,
        lambda value: value == 1,
        _late_ack_prefetch.guide,
        "Trop de tâches réservées d'avance",
        late_only,
    )(known)


@practice(
    "cancel-on-connection-loss",
    "Coupure du broker sans perte",
    reference=_CANCEL,
    guide=Guide(
        severity=Severity.CRITICAL,
        passes="Une coupure du broker ne fait pas perdre les tâches en cours",
        fails="À la coupure de Redis, les tâches annulées y sont notées révoquées au lieu d'être remises en file",
        advice="Désactiver l'annulation, ou garder les résultats ailleurs que dans le Redis du broker",
        solution="worker_cancel_long_running_tasks_on_connection_loss = False",
        undetermined="le broker ou `result_backend` ne se lit pas",
        impact="Élevé : les tâches en cours sont perdues",
    ),
    defective="""
        from celery import Celery

        app = Celery("shop", broker="redis://localhost/0", backend="redis://localhost/1")
        app.conf.task_acks_late = True
        app.conf.worker_cancel_long_running_tasks_on_connection_loss = True
    """,
    sound="""
        from celery import Celery

        app = Celery("shop", broker="redis://localhost/0", backend="redis://localhost/1")
        app.conf.task_acks_late = True
        app.conf.worker_cancel_long_running_tasks_on_connection_loss = False
    """,
)
def _cancelled(known: TargetFacts) -> Sequence[Finding]:
    guide = _cancelled.guide
    reading = read(known, "worker_cancel_long_running_tasks_on_connection_loss", False)
    if reading.missing:
        return unknown(guide, reading.missing)
    outside, unsure = late_only(known)
    if outside:
        return out_of_scope(guide, outside)
    if not reading.value:
        return passed(guide, reading.told, *reading.evidence)
    found, lost = _where_results_are(known, reading, unsure), _workers_lost(known, reading, unsure)
    sure = found[0].outcome in {Outcome.DEFECT, Outcome.RESERVATION} and lost.outcome is not Outcome.DEFECT
    if sure or lost.outcome in {Outcome.ESTABLISHED, Outcome.NOT_APPLICABLE}:
        return found
    told = replace(
        guide,
        fails="À la coupure du broker, le worker s'arrête en voulant annuler ses tâches : son pool ne sait pas le faire",
        advice="Désactiver l'annulation, ou lancer ce worker avec `--pool=prefork`",
    )
    return answered(told, "Worker arrêté par une coupure du broker", lost, *reading.evidence, nothing=NO_WORKER)


def _workers_lost(known: TargetFacts, reading: Reading, unsure: str) -> Answer[Fault]:
    """The workers whose pool cannot cancel a task: asked to, they stop with `NotImplementedError` (measured, 5.6.2)."""
    pools = [(worker, pool(known, worker)) for worker in known.workers]
    faults = [
        (
            Fault(f"`{w.excerpt.path}` : {p.told}, et {reading.told}", w.excerpt),
            not (p.variable or reading.variable or unsure),
        )
        for w, p in pools
        if p.voids(Part.CANCELLATION)
    ]
    gaps = unread_process_files(known)
    gaps += [UnreadProcess(w.excerpt.path, w.excerpt.first_line, p.missing) for w, p in pools if p.missing]
    if not pools:
        gaps.append(UnreadProcess(why=NO_WORKER))
    return conclude(
        Domain(tuple(faults), tuple(gaps), f"{len(pools)} worker{'s' if len(pools) > 1 else ''}"),
        lambda fault: (fault[0],) if fault[1] else (),
        possible_of=lambda fault: (fault[0],),
    )


def _where_results_are(known: TargetFacts, reading: Reading, unsure: str) -> Sequence[Finding]:
    """Cancelling loses tasks where Redis holds both the messages and the results."""
    guide, title = _cancelled.guide, "Tâches perdues à la coupure de Redis"
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
