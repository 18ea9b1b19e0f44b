"""What is published: how far ahead, when, and with what arguments."""

import re
from collections.abc import Callable, Sequence

from audit.french.typography import counted, french_duration
from audit.model.domains import conclude
from audit.model.findings import Finding, Severity
from audit.model.gaps import Doubt, Gap
from audit.model.observations.messages import (
    AtomicRequests,
    DatabaseObjectArgument,
    DelayedMessage,
    DirectPublication,
    PublishedMessage,
    QueriedArgument,
    UncommittedPublication,
)
from audit.model.observations.observation import Observation, Seen
from audit.model.target_facts import TargetFacts
from audit.model.unknown import UNKNOWN, Unknown
from audit.rules.domains.route_domain import is_a_view
from audit.rules.domains.setting_domain import place_of
from audit.rules.domains.task_domain import publications
from audit.rules.domains.transaction_domain import Transactions
from audit.rules.effective_settings import NO_TASK, short
from audit.rules.example import with_app
from audit.rules.practice import Fault, answered, practice
from audit.rules.rule import Guide

_ETA = "https://docs.celeryq.dev/en/stable/userguide/calling.html#eta-and-countdown"
_COMMIT = "https://docs.celeryq.dev/en/stable/userguide/tasks.html#database-transactions"
_QUERIED = "document ou identifiant, vient d'une requête"
_HANDED = "objet de la base, est donné à ce qui publie peut-être une tâche"
_REPLACED = "objet de la base, que l'`apply_async` d'une classe du projet remplace peut-être"
_STATE = "https://docs.celeryq.dev/en/stable/userguide/tasks.html#state"
_UNFOLLOWED = "dont rien ne dit si c'est un objet de la base ou son identifiant"
_HOUR = 3600
_NONE = "aucune publication n'a été trouvée"


@practice(
    "short-countdowns",
    "Pas de longs délais",
    reference=_ETA,
    guide=Guide(
        severity=Severity.MINOR,
        passes="Aucune publication lue n'a de `countdown` ni d'`eta` de plus d'une heure",
        fails="Des tâches sont publiées plus d'une heure à l'avance : elles attendent dans la mémoire des workers",
        advice="Tenir l'agenda en base, et publier par petits lots à l'heure dite",
        solution='"due": {"task": "application.tasks.send_what_is_due", "schedule": 60.0},',
        undetermined="un `countdown` ou un `eta` ne se lit pas",
        impact="Moyen : mémoire, redélivrances sous Redis, et rien à consulter ni à annuler",
        unsought="le délai des reprises n'y est pas cherché",
    ),
    example=with_app("""
        @app.task
        def remind(order_id): ...


        def ordered(order_id):
            remind.apply_async(args=[order_id], countdown=«86400¦60»)
    """),
)
def _long(known: TargetFacts) -> Sequence[Finding]:
    guide = _long.guide
    delayed = [o for o in known.source.observations_of(DelayedMessage) if o.method != "retry"]
    unread = [o for o in delayed if o.seconds is UNKNOWN and (o.most is None or o.most > _HOUR)]
    doubts = [Doubt(why=f"le délai que `{short(o.symbol)}` demande ne se lit pas") for o in unread]

    def faults(message: Observation) -> list[Fault]:
        seconds = message.seconds if isinstance(message, DelayedMessage) else UNKNOWN
        if isinstance(seconds, Unknown) or seconds <= _HOUR:
            return []
        return [Fault(f"`{short(message.symbol)}`, {french_duration(seconds)}", message.excerpt)]

    domain = publications(known, delayed, doubts)
    answer = conclude(domain, faults)
    quoted = [fault.excerpt for fault in answer.faults] or [o.excerpt for o in delayed[:1]] or [None]
    evidence = [known.source.evidence(excerpt) for excerpt in quoted]
    detail = f"{domain.read}, dont {counted(len(delayed), 'différée')}" if delayed else ""
    return answered(guide, "Tâches publiées trop tôt", answer, *evidence, nothing=_NONE, detail=detail)


def _nowhere(
    known: TargetFacts,
    seen: Sequence[Seen],
    guide: Guide,
    title: str,
    told: Callable[[Seen], str],
    *,
    doubts: Sequence[Gap] = (),
) -> Sequence[Finding]:
    """A rule that none of the publications of the program is at fault; `told` names what is wrong with one."""
    wrong = {id(o): o for o in seen}

    def faults(observation: Observation) -> list[Fault]:
        own = wrong.get(id(observation))
        return [Fault(f"`{short(own.symbol)}` (`{told(own) or '?'}`)", own.excerpt)] if own else []

    answer = conclude(publications(known, seen, doubts), faults)
    evidence = [known.source.evidence(o.excerpt) for o in seen[:3]] or [known.source.evidence()]
    return answered(guide, title, answer, *evidence, nothing=_NONE)


@practice(
    "publish-after-commit",
    "Publication après validation",
    reference=_COMMIT,
    guide=Guide(
        severity=Severity.MINOR,
        passes="Aucune publication lue n'est faite dans une transaction ouverte",
        fails="Une tâche est publiée avant la validation de la transaction : elle peut s'exécuter avant, ou malgré un abandon",
        advice="Publier après le `commit`, ou avec `transaction.on_commit` ou `delay_on_commit`",
        solution="transaction.on_commit(lambda: send_mail.delay(order.pk))",
        undetermined=NO_TASK,
        impact="Moyen : la tâche ne trouve pas la ligne dont on lui parle",
    ),
    example="""
        from celery import shared_task
        from django.db import transaction


        @shared_task
        def send_mail(order_id): ...


        def order(request):
            with transaction.atomic():
                placed = Order.objects.create(user=request.user)
                «send_mail.delay(placed.pk)¦transaction.on_commit(lambda: send_mail.delay(placed.pk))»
    """,
)
def _early(known: TargetFacts) -> Sequence[Finding]:
    seen: list[UncommittedPublication | DirectPublication] = [*known.source.observations_of(UncommittedPublication)]
    settings = known.source.observations_of(AtomicRequests)
    inside = _in_requests(known) if settings else []
    early, opaque = Transactions(known).early()
    sure = {id(one.publication): one.publication for one in early if one.sure}
    doubts: list[Gap] = [
        Doubt(why=f"`{short(one.publication.symbol)}` publie peut-être une tâche dans {one.why}")
        for one in early
        if not one.sure
    ]
    if any(o.on is True for o in settings):
        sure |= {id(one): one for one in inside}
        doubts += [
            Doubt(
                why=f"`{short(one.symbol)}` publie peut-être une tâche dans la transaction d'une requête (`ATOMIC_REQUESTS`)"
            )
            for one in _maybe_in_requests(known)
            if id(one) not in sure
        ]
    elif inside:
        place = settings[0].excerpt
        doubts.append(Doubt(why=f"`ATOMIC_REQUESTS` ne se lit pas (`{place.path if place else '?'}`)"))
    seen += sure.values()
    handed = [o for o in known.source.observations_of(PublishedMessage) if o.through]
    doubts += opaque
    doubts += [
        Doubt(*place_of(o.excerpt), why=f"rien ne dit quand `{o.through}(…)` publie `{short(o.task)}`") for o in handed
    ]
    return _nowhere(
        known, seen, _early.guide, "Publication avant la validation", lambda o: short(o.task), doubts=doubts
    )


def _maybe_in_requests(known: TargetFacts) -> list[DirectPublication]:
    """Publications made at once by functions that no task, no command and no view of its own transaction is known to run."""
    apart = [s for s in known.source.functions if _is_apart(known, s)]
    outside = {f.symbol for symbol in apart for f in known.reachable(symbol, known.task_symbols)}
    outside |= {*known.closures.sure, *known.closures.possible}
    direct = [o for o in known.source.observations_of(DirectPublication) if o.symbol not in outside and not o.committed]
    return [o for o in direct if not _is_left_for_later(known, o.symbol)]


def _is_left_for_later(known: TargetFacts, symbol: str) -> bool:
    """Whether a function is given to `on_commit` by the one that defines it."""
    outer, _, name = symbol.rpartition(".<locals>.")
    function = known.source.functions.get(outer)
    later = [c for c in function.calls if c.name.endswith("on_commit")] if function else []
    return any(re.search(rf"\b{re.escape(name)}\b", text) for call in later for text in call.arguments)


def _is_apart(known: TargetFacts, symbol: str) -> bool:
    module = symbol.partition(":")[0].split(".")
    if "commands" in module or "migrations" in module or "scripts" in module:
        return True
    return any(o.symbol == symbol for o in known.source.observations_of(DirectPublication)) and any(
        "non_atomic_requests" in decorator for decorator in known.source.functions[symbol].decorators
    )


def _in_requests(known: TargetFacts) -> list[DirectPublication]:
    """Publications made at once by what a request runs, and by what saving a row runs."""
    direct = known.source.observations_of(DirectPublication)
    endpoints = [route.endpoint for route in known.source.routes] if direct else []
    served: set[str] = set()
    for endpoint in dict.fromkeys(endpoints):
        function = known.source.functions.get(endpoint)
        if function and not any("non_atomic_requests" in decorator for decorator in function.decorators):
            served |= {f.symbol for f in known.reachable(endpoint, known.task_symbols, served)}
    return [o for o in direct if o.on_save or o.symbol in served or _is_an_atomic_view(known, o.symbol)]


def _is_an_atomic_view(known: TargetFacts, symbol: str) -> bool:
    function = known.source.functions.get(symbol)
    atomic = function is not None and not any("non_atomic_requests" in d for d in function.decorators)
    return atomic and is_a_view(known, symbol)


@practice(
    "identifiers-only",
    "Identifiants en argument",
    reference=_STATE,
    guide=Guide(
        severity=Severity.MINOR,
        passes="Aucune publication lue ne donne à une tâche un objet de la base",
        fails="Une tâche reçoit un objet de la base : périmé quand elle s'exécute, et illisible en JSON",
        advice="Passer l'identifiant, et relire l'objet dans la tâche",
        solution="send_mail.delay(order.pk)",
        undetermined=NO_TASK,
    ),
    example="""
        from celery import shared_task
        from django.db import models


        class Order(models.Model): ...


        @shared_task
        def send_mail(order): ...


        def order(request):
            placed = Order.objects.create(user=request.user)
            send_mail.delay(«placed¦placed.pk»)
    """,
)
def _objects(known: TargetFacts) -> Sequence[Finding]:
    seen = known.source.observations_of(DatabaseObjectArgument)
    doubts = [
        Doubt(
            e.path,
            e.first_line,
            f"`{o.argument}` ({e.path}:{e.first_line}), {_why_unsure(o)}",
        )
        for o in known.source.observations_of(QueriedArgument)
        if (e := o.excerpt)
    ]
    return _nowhere(known, seen, _objects.guide, "Objet passé à une tâche", lambda o: o.argument, doubts=doubts)


def _why_unsure(one: QueriedArgument) -> str:
    given = _REPLACED if one.replaced else _HANDED if one.handed else _QUERIED
    return _UNFOLLOWED if one.unfollowed else given
