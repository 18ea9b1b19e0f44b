"""What a task makes of its failures: swallowed, retried for ever, retried too often or on anything."""

import re
from collections.abc import Sequence

from audit.model.findings import Excerpt, Finding, Severity
from audit.model.observations.failure_handling import Fate, SwallowedError
from audit.model.retries import RetrySchedule
from audit.model.target_facts import TargetFacts
from audit.rules.effective_settings import NO_TASK, production_tasks, short
from audit.rules.practice import Fault, failed, out_of_scope, passed, practice, unknown
from audit.rules.rule import Guide
from audit.rules.task_observations import NotInTasks, tasks_read

_TASKS = "https://docs.celeryq.dev/en/stable/userguide/tasks.html#"
_NO_RETRY = "aucune tâche ne demande de reprise"


@practice(
    "errors-not-swallowed",
    "Échecs visibles",
    reference=_TASKS + "states",
    guide=Guide(
        severity=Severity.MINOR,
        passes="Aucune tâche ne rend son échec comme un succès",
        fails="Une tâche attrape toute exception, et rend l'erreur ou la tait : Celery la compte `SUCCESS`, sans reprise",
        advice="Laisser l'exception sortir, ou appeler `self.retry()`",
        solution="except ConnectionError as error:\n    raise self.retry(exc=error)",
        undetermined=f"{NO_TASK}, ou un `except` large journalise l'erreur, ou n'entoure qu'une partie de la tâche",
        impact="Moyen : échecs invisibles, jamais repris",
    ),
    defective="""
        from celery import Celery

        app = Celery("shop", broker="redis://localhost/0")


        @app.task
        def deliver(message_id):
            try:
                send(message_id)
            except Exception as error:
                return {"error": str(error)}
    """,
    sound="""
        from celery import Celery

        app = Celery("shop", broker="redis://localhost/0")


        @app.task(bind=True)
        def deliver(self, message_id):
            try:
                send(message_id)
            except ConnectionError as error:
                raise self.retry(exc=error)
    """,
)
def _errors_not_swallowed(known: TargetFacts) -> Sequence[Finding]:
    return NotInTasks(
        SwallowedError,
        _errors_not_swallowed.guide,
        "Échec rendu comme un succès",
        told=_how,
        own=True,
        doubt=_why_unsure,
    )(known)


def _how(observation: SwallowedError) -> str:
    return observation.how


def _why_unsure(known: TargetFacts, observation: SwallowedError) -> str:
    work = known.delegated
    own = observation.symbol in work.sure or observation.symbol in work.possible
    if observation.answers and not own:
        return ""
    if observation.doubt:
        return f"`{short(observation.symbol)}` a {observation.doubt}"
    if own or not observation.how:
        return ""
    return f"dans `{short(observation.symbol)}`, {observation.how}, peut-être celle de la tâche"


@practice(
    "retry-not-caught",
    "Reprise non rattrapée",
    reference=_TASKS + "retrying",
    guide=Guide(
        severity=Severity.CRITICAL,
        passes="Aucun `except` ne rattrape l'exception de `retry()`",
        fails="`retry()` est rattrapée par un `except` qui l'englobe : la reprise part deux fois, ou la tâche passe pour finie",
        advice="Sortir `retry()` du `try`, ou relancer `Retry` avant le `except` large",
        solution="except Retry:\n    raise\nexcept Exception: ...",
        undetermined=NO_TASK,
        impact="Élevé : travail fait deux fois",
    ),
    defective="""
        from celery import Celery

        app = Celery("shop", broker="redis://localhost/0")


        @app.task(bind=True, max_retries=3)
        def deliver(self, message_id):
            try:
                if not send(message_id):
                    raise self.retry(countdown=60)
            except Exception:
                mark_failed(message_id)
    """,
    sound="""
        from celery import Celery

        app = Celery("shop", broker="redis://localhost/0")


        @app.task(bind=True, max_retries=3)
        def deliver(self, message_id):
            try:
                if not send(message_id):
                    raise self.retry(countdown=60)
            except ValueError:
                mark_failed(message_id)
    """,
)
def _caught(known: TargetFacts) -> Sequence[Finding]:
    guide = _caught.guide
    tasks = tasks_read(known)
    if not tasks:
        return unknown(guide, NO_TASK)
    policies = [policy for policy in known.source.retries if policy.task in tasks]
    retrying = [policy for policy in policies if policy.calls_retry]
    if not retrying:
        helped = next((policy.otherwise for policy in policies if policy.otherwise), "")
        return unknown(guide, helped) if helped else out_of_scope(guide, _NO_RETRY)
    lost = [f for p in retrying if p.raised is Fate.LOST and (f := known.source.functions.get(p.task))]
    if lost:
        faults = [Fault(f"`{short(f.symbol)}`", f.body) for f in lost]
        return failed(guide, "Reprise rattrapée", faults, *(known.source.evidence(f.head) for f in lost))
    unclear = next((policy for policy in retrying if policy.raised is Fate.UNCLEAR), None)
    if unclear:
        return unknown(guide, f"`{short(unclear.task)}` : {unclear.doubt}")
    told = [policy.task for policy in retrying]
    return passed(guide, ", ".join(f"`{short(s)}`" for s in told), known.source.evidence(known.head(told[0])))


@practice(
    "retries-bounded",
    "Reprises bornées",
    reference=_TASKS + "Task.max_retries",
    guide=Guide(
        severity=Severity.MINOR,
        passes="Le nombre de reprises est borné",
        fails="Une tâche se réessaie sans limite",
        advice="Donner un `max_retries`, et décider quoi faire ensuite",
        solution="@app.task(bind=True, max_retries=5)",
        undetermined="`max_retries` ne se calcule pas à la lecture",
        impact="Moyen : un message qui ne peut aboutir revient sans fin",
    ),
    defective="""
        from celery import Celery

        app = Celery("shop", broker="redis://localhost/0")


        @app.task(bind=True, max_retries=None)
        def deliver(self, message_id):
            try:
                send(message_id)
            except ConnectionError as error:
                raise self.retry(exc=error, countdown=60)
    """,
    sound="""
        from celery import Celery

        app = Celery("shop", broker="redis://localhost/0")


        @app.task(bind=True, max_retries=5)
        def deliver(self, message_id):
            try:
                send(message_id)
            except ConnectionError as error:
                raise self.retry(exc=error, countdown=60)
    """,
)
def _bounded(known: TargetFacts) -> Sequence[Finding]:
    guide = _bounded.guide
    schedules, opening = _schedules(known, guide)
    if opening:
        return opening
    endless = [s for s in schedules if s.max_retries is None and not s.why_unknown]
    if endless:
        faults = [Fault(f"`{short(s.task)}` a `max_retries=None`", _place(s)) for s in endless]
        return failed(guide, "Reprises sans limite", faults, *(known.source.evidence(f.excerpt) for f in faults))
    unread = next((s for s in schedules if s.max_retries is None), None)
    if unread:
        return unknown(guide, f"`{short(unread.task)}` : {unread.why_unknown}")
    return passed(guide, _told(schedules), known.source.evidence())


@practice(
    "retry-backoff",
    "Recul des reprises",
    reference=_TASKS + "Task.retry_backoff",
    guide=Guide(
        severity=Severity.MINOR,
        passes="Les reprises attendent de plus en plus longtemps",
        fails="Les reprises attendent toujours le même délai : les tâches qui échouent ensemble reviennent ensemble, sans jamais espacer leurs essais",
        advice="Reculer exponentiellement, avec de la gigue sauf si le calendrier est imposé",
        solution="@app.task(autoretry_for=(ConnectionError,), retry_backoff=True, retry_jitter=True)",
        undetermined="les délais ne se calculent pas à la lecture",
    ),
    defective="""
        from celery import Celery

        app = Celery("shop", broker="redis://localhost/0")


        @app.task(bind=True, max_retries=3)
        def deliver(self, message_id):
            try:
                send(message_id)
            except ConnectionError as error:
                raise self.retry(exc=error, countdown=60)
    """,
    sound="""
        from celery import Celery

        app = Celery("shop", broker="redis://localhost/0")


        @app.task(bind=True, max_retries=3)
        def deliver(self, message_id):
            try:
                send(message_id)
            except ConnectionError as error:
                raise self.retry(exc=error, countdown=60 * 2**self.request.retries)
    """,
)
def _backs_off(known: TargetFacts) -> Sequence[Finding]:
    guide = _backs_off.guide
    schedules, opening = _schedules(known, guide)
    if opening:
        return opening
    constant = [s for s in schedules if len(s.delays) > 1 and len(set(s.delays)) == 1]
    if constant:
        faults = [Fault(f"`{short(s.task)}`, {s.delays[0]:g} s à chaque fois", _place(s)) for s in constant]
        return failed(guide, "Reprises sans recul", faults, *(known.source.evidence(f.excerpt) for f in faults))
    unread = next((s for s in schedules if s.why_unknown and not s.random), None)
    if unread:
        return unknown(guide, f"`{short(unread.task)}` : {unread.why_unknown}")
    return passed(guide, _told(schedules), known.source.evidence())


def _schedules(known: TargetFacts, guide: Guide) -> tuple[Sequence[RetrySchedule], list[Finding]]:
    tasks = tasks_read(known)
    if not tasks:
        return (), unknown(guide, NO_TASK)
    found = [s for s in known.source.retry_schedules if s.task in tasks]
    return found, ([] if found else out_of_scope(guide, _NO_RETRY))


def _place(schedule: RetrySchedule) -> Excerpt | None:
    return schedule.excerpts[0] if schedule.excerpts else None


def _told(schedules: Sequence[RetrySchedule]) -> str:
    return ", ".join(dict.fromkeys(f"`{short(s.task)}`" for s in schedules))


@practice(
    "autoretry-narrow",
    "Reprises automatiques ciblées",
    reference=_TASKS + "automatic-retry-for-known-exceptions",
    guide=Guide(
        severity=Severity.MINOR,
        passes="Les reprises automatiques visent des erreurs passagères",
        fails="`autoretry_for` vise toutes les exceptions : une erreur de programme est réessayée comme une panne passagère",
        advice="Nommer les erreurs passagères",
        solution="@app.task(autoretry_for=(ConnectionError, TimeoutError), retry_backoff=True)",
        undetermined="`autoretry_for` ne se lit pas dans le code",
    ),
    defective="""
        from celery import Celery

        app = Celery("shop", broker="redis://localhost/0")


        @app.task(autoretry_for=(Exception,), retry_backoff=True)
        def deliver(message_id):
            send(message_id)
    """,
    sound="""
        from celery import Celery

        app = Celery("shop", broker="redis://localhost/0")


        @app.task(autoretry_for=(ConnectionError, TimeoutError), retry_backoff=True)
        def deliver(message_id):
            send(message_id)
    """,
)
def _narrow(known: TargetFacts) -> Sequence[Finding]:
    guide = _narrow.guide
    tasks = production_tasks(known)
    if not tasks:
        return unknown(guide, NO_TASK)
    given = [(task, str(task.options["autoretry_for"])) for task, _ in tasks if task.options.get("autoretry_for")]
    if not given:
        return out_of_scope(guide, "aucune tâche n'a d'`autoretry_for`")
    wide = [task for task, told in given if re.search(r"\b(Base)?Exception\b", told)]
    if wide:
        faults = [Fault(f"`{short(task.symbol)}`", known.head(task.symbol)) for task in wide]
        return failed(guide, "Reprise de toute exception", faults, known.source.evidence(faults[0].excerpt))
    return passed(guide, ", ".join(f"`{short(task.symbol)}`" for task, _ in given), known.source.evidence())
