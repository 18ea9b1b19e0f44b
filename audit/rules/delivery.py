"""Delivery: what late acknowledgement and Redis's visibility timeout ask of the other settings."""

from collections.abc import Sequence
from dataclasses import replace

from audit.french.typography import counted
from audit.model.domains import Answer, conclude
from audit.model.facts import Process
from audit.model.findings import Finding, Outcome, Severity
from audit.model.gaps import Doubt, UnreadProcess
from audit.model.target_facts import TargetFacts
from audit.rules.domains.process_domain import doubtful, other_starts, unread_options
from audit.rules.domains.setting_domain import EVERYWHERE, Scope, place_of, ruled_by, setting_domain
from audit.rules.domains.setting_scopes import late_only
from audit.rules.effective_settings import NO_WORKER, Reading, broker, read, results, shared_redis
from audit.rules.example import with_app
from audit.rules.practice import Fault, answered, practice
from audit.rules.rule import Guide
from audit.rules.setting_comparison import SettingComparison
from audit.rules.worker_pools import Part, Pool, pool, unread_process_files

_PREFETCH = "https://docs.celeryq.dev/en/stable/userguide/optimizing.html#prefetch-limits"
_CANCEL = (
    "https://docs.celeryq.dev/en/stable/userguide/configuration.html"
    "#worker-cancel-long-running-tasks-on-connection-loss"
)


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
    example=with_app("""
        app.conf.update(task_acks_late=True, worker_prefetch_multiplier=«4¦1»)
    """),
)
def _late_ack_prefetch(known: TargetFacts) -> Sequence[Finding]:
    guide, title, scope = _late_ack_prefetch.guide, "Trop de tâches réservées d'avance", late_only(known)
    lines = [w for w in known.workers if w.options.get("prefetch-multiplier", "0") != "0"]
    hidden = doubtful(known.workers, lambda w: "" if "prefetch-multiplier" in w.options else unread_options(w))
    if not (lines or hidden) or scope.outside:
        return SettingComparison(
            "worker_prefetch_multiplier",
            4,
            lambda value: value == 1,
            guide,
            title,
            lambda _: scope,
            doubts=lambda one: [*other_starts(one, "prefetch-multiplier")],
        )(known)
    reading = read(known, "worker_prefetch_multiplier", 4)

    def many(worker: Process) -> list[Fault]:
        """The option of the start line wins over the setting (measured, 5.6.3); 0 there is as if it were absent."""
        given = worker.options.get("prefetch-multiplier", "0")
        if given == "0":
            return [Fault(reading.told, reading.excerpt)] if not reading.missing and reading.value != 1 else []
        text = f"`{worker.excerpt.path}` : `--prefetch-multiplier={given}`"
        return [Fault(text, worker.excerpt)] if given.isdecimal() and given != "1" else []

    unread = [
        UnreadProcess(*place_of(w.excerpt), f"`--prefetch-multiplier` de `{w.excerpt.path}` ne se lit pas")
        for w in lines
        if not w.options["prefetch-multiplier"].isdecimal()
    ]
    settings = () if len(lines) == len(known.workers) else (reading,)
    gaps = (*unread, *hidden, *unread_process_files(known))
    domain = ruled_by(known, settings, known.workers, counted(len(known.workers), "worker"), *gaps, scope=scope)
    return answered(guide, title, conclude(domain, many), *reading.evidence, nothing=NO_WORKER)


@practice(
    "cancel-on-connection-loss",
    "Coupure du broker sans perte",
    reference=_CANCEL,
    guide=Guide(
        severity=Severity.CRITICAL,
        passes="À la coupure du broker, le worker ne perd pas de tâche en cours pour l'avoir annulée",
        fails="À la coupure de Redis, les tâches annulées y sont notées révoquées au lieu d'être remises en file",
        advice="Désactiver l'annulation, ou garder les résultats ailleurs que dans le Redis du broker",
        solution="worker_cancel_long_running_tasks_on_connection_loss = False",
        undetermined="le broker ou `result_backend` ne se lit pas",
        impact="Élevé : les tâches en cours sont perdues",
    ),
    example="""
        from celery import Celery

        app = Celery("shop", broker="redis://localhost/0", backend="redis://localhost/1")
        app.conf.task_acks_late = True
        app.conf.worker_cancel_long_running_tasks_on_connection_loss = «True¦False»
    """,
)
def _cancelled(known: TargetFacts) -> Sequence[Finding]:
    guide = _cancelled.guide
    reading, scope = read(known, "worker_cancel_long_running_tasks_on_connection_loss", False), late_only(known)
    if reading.missing or scope.outside or not reading.value:
        domain = setting_domain(known, reading, scope=scope if scope.outside else EVERYWHERE)
        answer: Answer[Fault] = conclude(domain, lambda _: ())
        return answered(guide, "", answer, *reading.evidence, nothing=scope.outside)
    results_lost, lost = _where_results_are(known, reading, scope), _workers_lost(known, reading, scope)
    told = results_lost.outcome in {Outcome.DEFECT, Outcome.RESERVATION} and lost.outcome is not Outcome.DEFECT
    if told or lost.outcome in {Outcome.ESTABLISHED, Outcome.NOT_APPLICABLE}:
        detail, title = "les résultats ne sont pas dans le Redis du broker", "Tâches perdues à la coupure de Redis"
        return answered(guide, title, results_lost, *reading.evidence, nothing="", detail=detail)
    guide = replace(
        guide,
        fails="À la coupure du broker, le worker s'arrête en voulant annuler ses tâches : son pool ne sait pas le faire",
        advice="Désactiver l'annulation, ou lancer ce worker avec `--pool=prefork`",
    )
    return answered(guide, "Worker arrêté par une coupure du broker", lost, *reading.evidence, nothing=NO_WORKER)


def _workers_lost(known: TargetFacts, reading: Reading, scope: Scope) -> Answer[Fault]:
    """The workers whose pool cannot cancel a task: asked to, they stop with `NotImplementedError` (measured, 5.6.2)."""
    pools = [(worker, pool(known, worker)) for worker in known.workers]
    gaps = unread_process_files(known)
    gaps += [UnreadProcess(w.excerpt.path, w.excerpt.first_line, p.missing) for w, p in pools if p.missing]
    if not pools:
        gaps.append(UnreadProcess(why=NO_WORKER))

    def possible(member: tuple[Process, Pool]) -> list[Fault]:
        worker, found = member
        text = f"`{worker.excerpt.path}` : {found.told}, et {reading.told}"
        return [Fault(text, worker.excerpt)] if found.voids(Part.CANCELLATION) else []

    def sure(member: tuple[Process, Pool]) -> list[Fault]:
        return [] if member[1].variable or reading.variable or scope.gaps else possible(member)

    domain = ruled_by(known, (reading,), pools, counted(len(pools), "worker"), *gaps)
    return conclude(domain, sure, possible_of=possible)


def _where_results_are(known: TargetFacts, reading: Reading, scope: Scope) -> Answer[Fault]:
    """Cancelling loses tasks where Redis holds both the messages and the results."""
    kind, why = broker(known)
    kept, why_kept = results(known)
    shared = shared_redis(known) if why and why_kept and not scope.gaps else ""
    gaps = [*scope.gaps, *(Doubt(why=one) for one in (why, why_kept) if one)]

    def sure(one: Reading) -> list[Fault]:
        return [Fault(one.told, one.excerpt)] if not gaps and kind == kept == "redis" else []

    def possible(one: Reading) -> list[Fault]:
        told = f"{one.told}, et `{shared}` donne le broker et les résultats"
        return [Fault(told, one.excerpt)] if shared else []

    return conclude(ruled_by(known, (reading,), (reading,), "", *gaps), sure, possible_of=possible)
