"""Retries of the sender: three at most, after 60, 120 and 240 s, and a `Retry` that nothing swallows (4.6, 8.5)."""

from collections.abc import Callable, Sequence

from audit.model.domains import conclude
from audit.model.facts import Function
from audit.model.findings import Evidence, Excerpt, Finding, Problem, Severity
from audit.model.observations.failure_handling import Fate
from audit.model.retries import RetryPolicy, RetrySchedule
from audit.model.target_facts import TargetFacts
from audit.rules.concluded_points import Wrong, concluded
from audit.rules.domains.retry_domain import retry_schedules, sender_policy
from audit.rules.domains.role_domain import role_only
from audit.rules.domains.task_domain import retry_policies
from audit.rules.example import Example, with_app
from audit.rules.rule import Check, Guide, Rule, rule, without_role
from audit.rules.user_dependency import own_name

_DOC = "https://docs.celeryq.dev/en/stable/userguide/tasks.html#retrying"
DELAYS = (60.0, 120.0, 240.0)
_SOLUTION = "raise self.retry(countdown=60 * 2 ** self.request.retries, max_retries=3)"


def _retried(
    identifier: str,
    title: str,
    *,
    passes: str,
    fails: str,
    solution: str,
    example: Example,
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
        example=example,
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


def _concluded(
    known: TargetFacts, sentence: str, fault_of: Callable[[RetrySchedule], Wrong | None], **shown: bool
) -> Sequence[Finding]:
    """One finding over all the retries of the sender."""
    if not known.target.role("sender"):
        return [without_role(known, "sender", sentence)]
    domain = retry_schedules(known)
    if not domain.members and not domain.gaps:
        return [_never(known)]
    answer = conclude(domain, lambda one: [*filter(None, [fault_of(one)])])
    told = {"délais": _french(domain.members[0].delays)} if shown.get("delays") and domain.members else {}
    evidence = [known.source.evidence(e, **told) for one in domain.members for e in one.excerpts]
    return [concluded(sentence, answer, *evidence or [known.source.evidence()])]


def _never(known: TargetFacts) -> Finding:
    """That nothing retries the sender."""
    function = known.source.functions[known.target.role("sender")]
    name = own_name(function.symbol)
    text = f"`{name}` n'appelle jamais `self.retry()` : un échec passager n'est pas réessayé"
    problem = _problem(f"`{name}` ne réessaie pas", (function.head,) if function.head else ())
    wrong = Wrong(text, problem, (known.source_evidence(function),))
    return concluded(text, conclude(role_only(known, "sender"), lambda _: [wrong]))


@_retried(
    "retry-limit",
    "Trois reprises au plus",
    passes="L'envoi demande 3 reprises au plus",
    fails="L'envoi est réessayé sans limite, ou un autre nombre de fois",
    solution="@celery_app.task(bind=True, max_retries=3)",
    example={
        "audit.toml": """
            [roles]
            sender = "app:send"
        """,
        "app.py": with_app("""
            @celery_app.task(bind=True, max_retries=«5¦3»)
            def send(self, message_id):
                try:
                    deliver(message_id)
                except ConnectionError as error:
                    raise self.retry(exc=error, countdown=60 * 2**self.request.retries)
        """),
    },
)
def _limit(known: TargetFacts) -> Sequence[Finding]:
    def fault(schedule: RetrySchedule) -> Wrong | None:
        if schedule.why_unknown or schedule.max_retries == len(DELAYS):
            return None
        count = "sans limite" if schedule.max_retries is None else f"{schedule.max_retries} fois au plus"
        text = f"L'envoi est réessayé {count}, au lieu de 3"
        return Wrong(text, _problem("Nombre de reprises", schedule.excerpts), _shown(known, schedule))

    return _concluded(known, "L'envoi demande 3 reprises au plus", fault)


def _shown(known: TargetFacts, schedule: RetrySchedule, **values: str) -> tuple[Evidence, ...]:
    return tuple(known.source.evidence(e, **values) for e in schedule.excerpts) or (known.source.evidence(),)


def _french(delays: Sequence[float]) -> str:
    return ", ".join(f"{delay:g} s" for delay in delays) or "aucun délai"


@_retried(
    "retry-delays",
    "Recul exponentiel 60, 120, 240 s",
    passes="Les reprises que l'envoi demande attendent 60 s, 120 s puis 240 s",
    fails="Les délais de reprise que la tâche emploie ne sont pas ceux du cahier",
    solution="raise self.retry(countdown=60 * 2**self.request.retries)",
    example={
        "audit.toml": """
            [roles]
            sender = "app:send"
        """,
        "app.py": with_app("""
            @celery_app.task(bind=True, max_retries=3)
            def send(self, message_id):
                try:
                    deliver(message_id)
                except ConnectionError as error:
                    raise self.retry(exc=error, countdown=60«¦ * 2**self.request.retries»)
        """),
    },
)
def _delays(known: TargetFacts) -> Sequence[Finding]:
    def fault(schedule: RetrySchedule) -> Wrong | None:
        if schedule.why_unknown or schedule.delays == DELAYS:
            return None
        asked = _french(schedule.delays)
        text = f"Les délais de reprise que la tâche emploie sont {asked}, au lieu de {_french(DELAYS)}"
        problem = _problem("Délais de reprise", schedule.excerpts)
        return Wrong(text, problem, _shown(known, schedule, délais=asked))

    return _concluded(known, f"Les reprises que l'envoi demande attendent {_french(DELAYS)}", fault, delays=True)


@_retried(
    "retry-not-swallowed",
    "La reprise n'est pas avalée",
    passes="Rien n'attrape l'exception de `self.retry()` dans la tâche d'envoi",
    fails="`self.retry()` est rattrapée : la reprise part deux fois, ou la tâche passe pour finie",
    solution="except Retry:\n    raise",
    example={
        "audit.toml": """
            [roles]
            sender = "app:send"
        """,
        "app.py": with_app("""
            @celery_app.task(bind=True, max_retries=3)
            def send(self, message_id):
                try:
                    «if not deliver(message_id):
                        raise self.retry(countdown=60 * 2**self.request.retries)
                except Exception:
                    logger.exception("send failed")¦deliver(message_id)
                except ConnectionError as error:
                    raise self.retry(exc=error, countdown=60 * 2**self.request.retries)»
        """),
    },
)
def _swallowed(known: TargetFacts) -> Sequence[Finding]:
    sentence = "Rien n'attrape l'exception de `self.retry()` dans la tâche d'envoi"
    if not known.target.role("sender"):
        every = retry_policies(known, within=True)
        unsure = any(policy.raised in {Fate.LOST, Fate.UNCLEAR} for policy in every.members)
        if unsure or every.gaps or "sender" in known.target.absent:
            return [without_role(known, "sender", sentence)]
        # Whichever task sends, it asks for none, or loses none.
        nothing, told = "aucune tâche n'appelle `retry()` elle-même", [policy.task for policy in every.members]
        evidence = [known.source.evidence(known.head(symbol)) for symbol in told[:1]]
        sentence = f"{sentence}, ni dans une autre" if told else sentence
        return [concluded(sentence, conclude(every, lambda _: ()), *evidence, nothing=nothing)]
    domain = sender_policy(known)

    def fault(one: tuple[Function, RetryPolicy]) -> list[Wrong]:
        function, policy = one
        text = (
            "`self.retry()` est rattrapée par un `except`, un `suppress` ou un `finally` qui l'englobe : "
            "la reprise part deux fois, ou la tâche passe pour finie"
        )
        places = (function.body,) if function.body else ()
        problem = _problem("Reprise rattrapée", places, "except Retry:\n    raise")
        return [Wrong(text, problem, (known.source_evidence(function),))] if policy.raised is Fate.LOST else []

    evidence = [known.source_evidence(function) for function, _ in domain.members]
    return [concluded(sentence, conclude(domain, fault), *evidence, settles="mettre `except Retry: raise` avant lui")]
