"""Retries of the sender: three at most, after 60, 120 and 240 s, and a `Retry` that nothing swallows (4.6, 8.5)."""

import re
from collections.abc import Callable, Mapping, Sequence

from audit.model.findings import Excerpt, Finding, Problem, Severity
from audit.model.observations.failure_handling import Fate
from audit.model.retries import RetrySchedule
from audit.model.target_facts import TargetFacts
from audit.rules.rule import Check, Guide, Rule, defect, established, not_found, rule, undetermined, without_role

_DOC = "https://docs.celeryq.dev/en/stable/userguide/tasks.html#retrying"
DELAYS = (60.0, 120.0, 240.0)
_RETRYING = re.compile(r"retry|retries|retrying|backoff|tenacity|stamina", re.IGNORECASE)
_RETRIERS = frozenset({"retry", "Retry", "Retrying", "AsyncRetrying", "retry_call", "retry_context", "on_exception"})
_SOLUTION = "raise self.retry(countdown=60 * 2 ** self.request.retries, max_retries=3)"


def _retried(
    identifier: str,
    title: str,
    *,
    passes: str,
    fails: str,
    solution: str,
    defective: Mapping[str, str],
    sound: Mapping[str, str],
) -> Callable[[Check], Rule]:
    guide = Guide(
        severity=Severity.CRITICAL,
        passes=passes,
        fails=fails,
        advice="Réessayer au plus 3 fois, après 60 s, 120 s puis 240 s",
        solution=solution,
        undetermined="les options ou les délais de reprise ne se calculent pas à la lecture",
        impact="Élevé : un échec passager est perdu",
    )
    return rule(
        identifier,
        title,
        category="Mécanisme de Retry",
        requirements=("4.6", "8.5"),
        reference=_DOC,
        guide=guide,
        defective=defective,
        sound=sound,
    )


def _problem(title: str, places: tuple[Excerpt, ...], solution: str = _SOLUTION) -> Problem:
    return Problem(
        title=title,
        severity=Severity.CRITICAL,
        impact="Élevé : un échec passager n'est pas réessayé comme prévu",
        recommendation="Réessayer au plus 3 fois, après 60 s, 120 s puis 240 s",
        situation=places,
        solution=solution,
    )


def _schedules(known: TargetFacts, sentence: str) -> tuple[Sequence[RetrySchedule], list[Finding]]:
    """The sender's retry schedules, or the finding that says why there are none."""
    symbol = known.target.role("sender")
    if not symbol:
        return (), [without_role(known, "sender", sentence)]
    if known.source.failure or symbol not in known.source.functions:
        return (), [not_found(known, symbol, sentence)]
    policy = known.retries(symbol)
    schedules = policy.schedules if policy else ()
    doubt = "" if schedules else _otherwise_retried(known, symbol)
    if doubt:
        return (), [undetermined(sentence, doubt)]
    if not schedules:
        function = known.source.functions[symbol]
        name = symbol.rpartition(":")[2]
        text = f"`{name}` n'appelle jamais `self.retry()` : un échec passager n'est pas réessayé"
        problem = _problem(f"`{name}` ne réessaie pas", (function.head,) if function.head else ())
        return (), [defect(text, problem, known.source_evidence(function))]
    return schedules, []


def _otherwise_retried(known: TargetFacts, symbol: str) -> str:
    """What may retry a task without a schedule that could be read, as a French clause; empty when nothing was seen."""
    policy = known.retries(symbol)
    if policy and policy.otherwise:
        return policy.otherwise
    for function in known.reachable(symbol, known.task_symbols - {symbol}):
        if function.symbol != symbol and any(map(_RETRYING.search, function.decorators)):
            return f"un décorateur de `{function.symbol.rpartition(':')[2]}` peut réessayer"
        called = next((c.name for c in function.calls if c.name.rpartition(".")[2] in _RETRIERS), "")
        if called:
            return f"`{called}` peut réessayer"
    return ""


@_retried(
    "retry-limit",
    "Trois reprises au plus",
    passes="Un échec passager est réessayé au plus 3 fois",
    fails="L'envoi est réessayé sans limite, ou un autre nombre de fois",
    solution="@celery_app.task(bind=True, max_retries=3)",
    defective={
        "audit.toml": """
            [roles]
            sender = "app:send"
        """,
        "app.py": """
            from celery import Celery

            celery_app = Celery("shop", broker="redis://localhost/0")


            @celery_app.task(bind=True, max_retries=5)
            def send(self, message_id):
                try:
                    deliver(message_id)
                except ConnectionError as error:
                    raise self.retry(exc=error, countdown=60 * 2**self.request.retries)
        """,
    },
    sound={
        "audit.toml": """
            [roles]
            sender = "app:send"
        """,
        "app.py": """
            from celery import Celery

            celery_app = Celery("shop", broker="redis://localhost/0")


            @celery_app.task(bind=True, max_retries=3)
            def send(self, message_id):
                try:
                    deliver(message_id)
                except ConnectionError as error:
                    raise self.retry(exc=error, countdown=60 * 2**self.request.retries)
        """,
    },
)
def _limit(known: TargetFacts) -> Sequence[Finding]:
    sentence = "Un échec passager est réessayé au plus 3 fois"
    schedules, findings = _schedules(known, sentence)
    for schedule in schedules:
        evidence = [known.source.evidence(e) for e in schedule.excerpts] or [known.source.evidence()]
        if schedule.why_unknown:
            findings.append(undetermined(sentence, schedule.why_unknown))
        elif schedule.max_retries != len(DELAYS):
            count = "sans limite" if schedule.max_retries is None else f"{schedule.max_retries} fois au plus"
            text = f"L'envoi est réessayé {count}, au lieu de 3"
            findings.append(defect(text, _problem("Nombre de reprises", schedule.excerpts), *evidence))
        else:
            findings.append(established(sentence, *evidence))
    return findings


def _french(delays: Sequence[float]) -> str:
    return ", ".join(f"{delay:g} s" for delay in delays) or "aucun délai"


@_retried(
    "retry-delays",
    "Recul exponentiel 60, 120, 240 s",
    passes="Les reprises attendent 60 s, 120 s puis 240 s",
    fails="Les délais de reprise que la tâche emploie ne sont pas ceux du cahier",
    solution="raise self.retry(countdown=60 * 2**self.request.retries)",
    defective={
        "audit.toml": """
            [roles]
            sender = "app:send"
        """,
        "app.py": """
            from celery import Celery

            celery_app = Celery("shop", broker="redis://localhost/0")


            @celery_app.task(bind=True, max_retries=3)
            def send(self, message_id):
                try:
                    deliver(message_id)
                except ConnectionError as error:
                    raise self.retry(exc=error, countdown=60)
        """,
    },
    sound={
        "audit.toml": """
            [roles]
            sender = "app:send"
        """,
        "app.py": """
            from celery import Celery

            celery_app = Celery("shop", broker="redis://localhost/0")


            @celery_app.task(bind=True, max_retries=3)
            def send(self, message_id):
                try:
                    deliver(message_id)
                except ConnectionError as error:
                    raise self.retry(exc=error, countdown=60 * 2**self.request.retries)
        """,
    },
)
def _delays(known: TargetFacts) -> Sequence[Finding]:
    sentence = f"Les reprises suivent un recul exponentiel : {_french(DELAYS)}"
    schedules, findings = _schedules(known, sentence)
    for schedule in schedules:
        evidence = [known.source.evidence(e, délais=_french(schedule.delays)) for e in schedule.excerpts]
        if schedule.why_unknown:
            findings.append(undetermined(sentence, schedule.why_unknown))
        elif schedule.delays != DELAYS:
            text = f"Les délais de reprise que la tâche emploie sont {_french(schedule.delays)}, au lieu de {_french(DELAYS)}"
            problem = _problem("Délais de reprise", schedule.excerpts)
            findings.append(defect(text, problem, *evidence or [known.source.evidence()]))
        else:
            findings.append(established(sentence, *evidence or [known.source.evidence()]))
    return findings


@_retried(
    "retry-not-swallowed",
    "La reprise n'est pas avalée",
    passes="Aucun `except` ne rattrape l'exception de `self.retry()`",
    fails="`self.retry()` est rattrapée : la reprise part deux fois, ou la tâche passe pour finie",
    solution="except Retry:\n    raise",
    defective={
        "audit.toml": """
            [roles]
            sender = "app:send"
        """,
        "app.py": """
            from celery import Celery

            celery_app = Celery("shop", broker="redis://localhost/0")


            @celery_app.task(bind=True, max_retries=3)
            def send(self, message_id):
                try:
                    if not deliver(message_id):
                        raise self.retry(countdown=60 * 2**self.request.retries)
                except Exception:
                    logger.exception("send failed")
        """,
    },
    sound={
        "audit.toml": """
            [roles]
            sender = "app:send"
        """,
        "app.py": """
            from celery import Celery

            celery_app = Celery("shop", broker="redis://localhost/0")


            @celery_app.task(bind=True, max_retries=3)
            def send(self, message_id):
                try:
                    deliver(message_id)
                except ConnectionError as error:
                    raise self.retry(exc=error, countdown=60 * 2**self.request.retries)
        """,
    },
)
def _swallowed(known: TargetFacts) -> Sequence[Finding]:
    sentence = "Aucun `except` ne rattrape l'exception de `self.retry()`"
    symbol = known.target.role("sender")
    if not symbol:
        return [without_role(known, "sender", sentence)]
    function = known.source.functions.get(symbol)
    if known.source.failure or function is None or function.body is None:
        return [not_found(known, symbol, sentence)]
    policy = known.retries(symbol)
    if policy is None or not (policy.calls_retry or _retried_outside(known, symbol)):
        return [undetermined(sentence, f"`{symbol.rpartition(':')[2]}` n'appelle pas elle-même `self.retry()`")]
    if policy.raised is Fate.LOST:
        text = (
            "`self.retry()` est rattrapée par un `except`, un `suppress` ou un `finally` qui l'englobe : "
            "la reprise part deux fois, ou la tâche passe pour finie"
        )
        problem = _problem("Reprise rattrapée", (function.body,), "except Retry:\n    raise")
        return [defect(text, problem, known.source_evidence(function))]
    if policy.raised is Fate.UNCLEAR:
        return [undetermined(sentence, policy.doubt, "mettre `except Retry: raise` avant lui")]
    return [established(sentence, known.source_evidence(function))]


def _retried_outside(known: TargetFacts, symbol: str) -> bool:
    """Whether Celery itself retries the task, around its code (`autoretry_for`)."""
    return any(t.options.get("autoretry_for") for t in known.source.tasks if t.symbol == symbol)
