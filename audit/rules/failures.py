"""What a task makes of its failures: swallowed, retried for ever, retried too often or on anything."""

from collections.abc import Callable, Iterator, Sequence

from audit.model.domains import conclude
from audit.model.facts import Facts, Task
from audit.model.findings import Excerpt, Finding, Severity
from audit.model.gaps import Doubt
from audit.model.observations.failure_handling import Fate, NotedError, RetriedClass, SwallowedError
from audit.model.observations.messages import Republication
from audit.model.retries import RetryPolicy, RetrySchedule
from audit.model.target_facts import TargetFacts
from audit.model.unknown import UNKNOWN
from audit.rules.domains.process_domain import widened
from audit.rules.domains.task_domain import retry_policies, retry_schedules, tasks, tasks_read
from audit.rules.effective_settings import NO_TASK, production_tasks, short
from audit.rules.example import with_app
from audit.rules.passing_errors import is_everything, judged, names_of, replaced, unclear
from audit.rules.practice import Fault, answered, practice
from audit.rules.rule import Guide
from audit.rules.task_observations import NotInTasks

_TASKS = "https://docs.celeryq.dev/en/stable/userguide/tasks.html#"
_NO_RETRY = "aucune tâche n'appelle `retry()` ni n'a d'`autoretry_for`"


@practice(
    "errors-not-swallowed",
    "Échecs visibles",
    reference=_TASKS + "states",
    guide=Guide(
        severity=Severity.MINOR,
        passes="Aucune tâche ne finit en succès par un `except` large (`Exception`, ou sans classe) ou un `suppress` de son propre code",
        fails="Une tâche attrape toute exception, et rend l'erreur ou la tait : Celery la compte `SUCCESS`, sans reprise",
        advice="Laisser l'exception sortir, ou appeler `self.retry()`",
        solution="except ConnectionError as error:\n    raise self.retry(exc=error)",
        undetermined=f"{NO_TASK}, ou un `except` large n'entoure qu'une partie de la tâche",
        impact="Moyen : échecs invisibles, jamais repris",
        unsought="un échec que dit une valeur rendue ou un statut HTTP, ou qu'attrape un `except` d'erreurs nommées ou une fonction appelée, n'est pas cherché",
    ),
    example=with_app("""
        from gateway import send

        @app.task«¦(bind=True)»
        def deliver(«¦self, »message_id):
            try:
                send(message_id)
            except «Exception as error:
                return {"error": str(error)}¦ConnectionError as error:
                raise self.retry(exc=error)»
    """),
)
def _errors_not_swallowed(known: TargetFacts) -> Sequence[Finding]:
    return NotInTasks(
        SwallowedError,
        _errors_not_swallowed.guide,
        "Échec rendu comme un succès",
        told=_how,
        own=True,
        doubt=_why_unsure,
        concerns=_is_of_weight,
        reserved=lambda observation: observation.ends,
    )(known)


def _is_of_weight(known: TargetFacts, observation: SwallowedError) -> bool:
    return _is_own(known, observation) or not isinstance(observation, NotedError)


def _is_own(known: TargetFacts, observation: SwallowedError) -> bool:
    """Whether the failure is that of a task, or of what it leaves all its work to."""
    return observation.symbol in known.delegated.sure or observation.symbol in known.delegated.possible


def _how(observation: SwallowedError) -> str:
    return observation.how


def _why_unsure(known: TargetFacts, observation: SwallowedError) -> str:
    own = _is_own(known, observation)
    if (observation.answers and not own) or (own and observation.ends):
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
        passes="Rien n'attrape l'exception de `retry()` dans une tâche qui l'appelle",
        fails="`retry()` est rattrapée par un `except` qui l'englobe : la reprise part deux fois, ou la tâche passe pour finie",
        advice="Sortir `retry()` du `try`, ou relancer `Retry` avant le `except` large",
        solution="except Retry:\n    raise\nexcept Exception: ...",
        undetermined=NO_TASK,
        impact="Élevé : travail fait deux fois",
    ),
    example=with_app("""
        @app.task(bind=True, max_retries=3)
        def deliver(self, message_id):
            try:
                if not send(message_id):
                    raise self.retry(countdown=60)
            except «Exception¦ValueError»:
                mark_failed(message_id)
    """),
)
def _caught(known: TargetFacts) -> Sequence[Finding]:
    domain = retry_policies(known, within=True)
    unclear = [p for p in domain.members if p.raised is Fate.UNCLEAR]
    domain = retry_policies(known, [Doubt(why=f"`{short(p.task)}` : {p.doubt}") for p in unclear], within=True)

    def faults(policy: RetryPolicy) -> list[Fault]:
        function = known.source.functions.get(policy.task) if policy.raised is Fate.LOST else None
        return [Fault(f"`{short(policy.task)}`", function.body)] if function else []

    answer = conclude(domain, faults)
    told = [policy.task for policy in domain.members if not answer.faults or faults(policy)]
    evidence = [known.source.evidence(known.head(symbol)) for symbol in (told if answer.faults else told[:1])]
    detail = ", ".join(f"`{short(symbol)}`" for symbol in told)
    # Those of `autoretry_for` and of a decorator are asked for outside of the body, where nothing catches them.
    nothing = "aucune tâche n'appelle `retry()` elle-même"
    return answered(_caught.guide, "Reprise rattrapée", answer, *evidence, nothing=nothing, detail=detail)


@practice(
    "retries-bounded",
    "Reprises bornées",
    reference=_TASKS + "Task.max_retries",
    guide=Guide(
        severity=Severity.MINOR,
        passes="Chaque tâche qui demande des reprises en borne le nombre",
        fails="Une tâche se réessaie sans limite",
        advice="Donner un `max_retries`, et décider quoi faire ensuite",
        solution="@app.task(bind=True, max_retries=5)",
        undetermined="`max_retries` ne se calcule pas à la lecture",
        impact="Moyen : un message qui ne peut aboutir revient sans fin",
    ),
    example=with_app("""
        @app.task(bind=True, max_retries=«None¦5»)
        def deliver(self, message_id):
            try:
                send(message_id)
            except ConnectionError as error:
                raise self.retry(exc=error, countdown=60)
    """),
)
def _bounded(known: TargetFacts) -> Sequence[Finding]:
    def faults(asked: RetrySchedule) -> list[Fault]:
        endless = asked.endless or (asked.max_retries is None and not asked.why_unknown)
        return [Fault(f"`{short(asked.task)}` a `max_retries=None`", _place(asked))] if endless else []

    def unread(asked: RetrySchedule) -> str:
        return asked.why_unknown if asked.max_retries is None else ""

    again = known.source.observations_of(Republication)
    return _scheduled(known, _bounded.guide, "Reprises sans limite", faults, unread, again=again)


@practice(
    "retry-backoff",
    "Recul des reprises",
    reference=_TASKS + "Task.retry_backoff",
    guide=Guide(
        severity=Severity.MINOR,
        passes="Aucune tâche n'attend toujours le même délai entre ses reprises",
        fails="Les reprises attendent toujours le même délai : les tâches qui échouent ensemble reviennent ensemble, sans jamais espacer leurs essais",
        advice="Reculer exponentiellement, avec de la gigue sauf si le calendrier est imposé",
        solution="@app.task(autoretry_for=(ConnectionError,), retry_backoff=True, retry_jitter=True)",
        undetermined="les délais ne se calculent pas à la lecture",
    ),
    example=with_app("""
        @app.task(bind=True, max_retries=3)
        def deliver(self, message_id):
            try:
                send(message_id)
            except ConnectionError as error:
                raise self.retry(exc=error, countdown=60«¦ * 2**self.request.retries»)
    """),
)
def _backs_off(known: TargetFacts) -> Sequence[Finding]:
    def faults(asked: RetrySchedule) -> list[Fault]:
        constant = len(asked.delays) > 1 and len(set(asked.delays)) == 1
        return [Fault(f"`{short(asked.task)}`, {asked.delays[0]:g} s à chaque fois", _place(asked))] if constant else []

    def unread(asked: RetrySchedule) -> str:
        return "" if asked.random else asked.why_unknown

    return _scheduled(known, _backs_off.guide, "Reprises sans recul", faults, unread)


def _scheduled(
    known: TargetFacts,
    guide: Guide,
    title: str,
    faults: Callable[[RetrySchedule], list[Fault]],
    unread: Callable[[RetrySchedule], str],
    *,
    again: Sequence[Republication] = (),
) -> Sequence[Finding]:
    """A rule that speaks of each retry that is asked for; `unread` says why one cannot be judged, or nothing.

    `again`: what publishes a task again without asking for a retry; something that was not read may bound it.
    """
    asked = retry_schedules(known).members
    doubts = [Doubt(why=f"`{short(s.task)}` : {why}") for s in asked if (why := unread(s))]
    domain = retry_schedules(known, doubts)
    every = widened(domain, again)
    answer = conclude(
        every,
        lambda one: faults(one) if isinstance(one, RetrySchedule) else [],
        possible_of=lambda one: [_republished(one)] if isinstance(one, Republication) else [],
    )
    wrong = (*answer.faults, *answer.possible)
    evidence = [known.source.evidence(fault.excerpt) for fault in wrong] or [known.source.evidence()]
    told = ", ".join(dict.fromkeys(f"`{short(s.task)}`" for s in asked))
    return answered(guide, title, answer, *evidence, nothing=_NO_RETRY, detail=told)


def _republished(one: Republication) -> Fault:
    return Fault(f"`{short(one.symbol)}` republie la tâche qui échoue, sans `retry()` et sans borne", one.excerpt)


def _place(schedule: RetrySchedule) -> Excerpt | None:
    return schedule.excerpts[0] if schedule.excerpts else None


@practice(
    "autoretry-narrow",
    "Reprises automatiques ciblées",
    reference=_TASKS + "automatic-retry-for-known-exceptions",
    guide=Guide(
        severity=Severity.MINOR,
        passes="Chaque `autoretry_for` ne nomme que des erreurs passagères, d'après leur classe",
        fails="`autoretry_for` vise plus que des erreurs passagères : ce qui n'aboutira jamais est réessayé comme une panne",
        advice="Nommer les erreurs passagères",
        solution="@app.task(autoretry_for=(ConnectionError, TimeoutError), retry_backoff=True)",
        undetermined="`autoretry_for` ne se lit pas dans le code",
    ),
    example=with_app("""
        @app.task(autoretry_for=(«Exception,¦ConnectionError, TimeoutError»), retry_backoff=True)
        def deliver(message_id):
            send(message_id)
    """),
)
def _narrow(known: TargetFacts) -> Sequence[Finding]:
    classes = {o.name: o for o in known.source.observations_of(RetriedClass)}

    def faults(member: tuple[Task, Facts]) -> list[Fault]:
        wide = any(map(is_everything, names_of(member[0].options.get("autoretry_for"))))
        return [_retries(known, member[0], "toutes les exceptions")] if wide else []

    def possible(member: tuple[Task, Facts]) -> list[Fault]:
        lasting = judged(names_of(member[0].options.get("autoretry_for")), classes)
        return [_retries(known, member[0], f"`{name}`, {why}") for name, why in lasting.items()]

    given = tasks(known, lambda task: bool(task.options.get("autoretry_for")))
    doubts = [Doubt(why=f"l'`autoretry_for` de `{short(task.symbol)}` ne se lit pas") for task in _unread(known)]
    told = {task.symbol for task, _ in given.members} | {task.symbol for task in _unread(known)}
    # Options of its own are already in doubt; a class that was not read may have some too, which an import shows.
    read = () if known.configuration else tasks_read(known)
    again = [p for p in known.source.retries if p.around and not p.republishes]
    policies = [p for p in again if p.task not in told and p.task in read]
    doubts += [Doubt(why=f"`{short(p.task)}` : {p.otherwise}") for p in policies]
    based = [t for t, facts in production_tasks(known) if "base" in t.options and facts is not known.configuration]
    doubts += [
        Doubt(why=f"la classe de base de `{short(t.symbol)}` n'est pas lue, et peut donner un `autoretry_for`")
        for t in based
        if t.symbol not in told and not any(p.task == t.symbol for p in policies)
    ]
    for task, _ in given.members:
        doubts += [
            Doubt(why=f"rien ne dit si `{name}`, que `{short(task.symbol)}` réessaie, passe de soi-même")
            for name in unclear(names_of(task.options.get("autoretry_for")))
        ]
        doubts += [
            Doubt(why=f"sans sa bibliothèque, `{name}`, que `{short(task.symbol)}` réessaie, est `{other}`")
            for name, other in replaced(names_of(task.options.get("autoretry_for")), classes).items()
        ]
    domain = tasks(known, lambda task: bool(task.options.get("autoretry_for")), doubts)
    answer = conclude(domain, faults, possible_of=possible)
    wrong = (*answer.faults, *answer.possible)
    evidence = known.source.evidence(wrong[0].excerpt if wrong else None)
    named = ", ".join(f"`{short(task.symbol)}`" for task, _ in given.members)
    nothing = "aucune tâche n'a d'`autoretry_for`"
    return answered(
        _narrow.guide, "Reprise d'erreurs qui ne passent pas", answer, evidence, nothing=nothing, detail=named
    )


def _retries(known: TargetFacts, task: Task, what: str) -> Fault:
    return Fault(f"`{short(task.symbol)}` : {what}", known.head(task.symbol))


def _unread(known: TargetFacts) -> Iterator[Task]:
    """The tasks whose `autoretry_for`, or the options among which it may be, were not read."""
    for task, _ in production_tasks(known):
        asked = task.options.get("autoretry_for")
        if asked is UNKNOWN or isinstance(asked, str) or (asked is None and "**" in task.options):
            yield task
