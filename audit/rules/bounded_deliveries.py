"""A message that kills the process which runs it is given up at some point, where its death puts it back in the queue."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from audit.french.typography import counted
from audit.model.domains import conclude
from audit.model.facts import Facts, Task
from audit.model.findings import Finding, Severity
from audit.model.gaps import Doubt, Gap
from audit.model.observations.deployment_statements import WorkerStartedByCode
from audit.model.observations.messages import (
    CountedDelivery,
    DelayedMessage,
    ExpiringMessage,
    PublishedMessage,
    RequeuedMessage,
)
from audit.model.target_facts import TargetFacts
from audit.rules.domains.beat_domain import beat_entries
from audit.rules.domains.process_domain import workers_of_any
from audit.rules.domains.setting_domain import place_of, ruled_by, unread_tasks
from audit.rules.domains.task_domain import published_task, tasks_running
from audit.rules.effective_settings import Reading, broker, number, production_tasks, read, short
from audit.rules.practice import Fault, answered, practice
from audit.rules.rule import Guide
from audit.rules.task_options import is_unread, own_option
from audit.rules.worker_pools import CHILDLESS, pool_of

_OPTIONS = {"acks_late": "task_acks_late", "reject_on_worker_lost": "task_reject_on_worker_lost"}
# A callback, or options that only some calls give, is no message that was read.
_OTHERS = "les messages de `{0}` qui ont été lus expirent, et d'autres peuvent partir sans expiration"
_UNLIMITED = "rien de lu ne montre la limite de livraisons d'une file qui y est déclarée, ni quelles tâches y passent"
_FAILING = "Un message qui échoue chaque fois revient sans fin dans la file : rien ne compte ses livraisons"


@practice(
    "bounded-deliveries",
    "Livraisons bornées",
    reference="https://docs.celeryq.dev/en/stable/userguide/tasks.html#Task.reject_on_worker_lost",
    guide=Guide(
        severity=Severity.MINOR,
        passes="Chaque tâche remise en file à la mort de son processus a un nombre borné de livraisons",
        fails="Un message qui tue chaque fois son processus revient sans fin dans la file : rien ne compte ses livraisons",
        advice="Compter les livraisons d'un message dans une clé qui expire, et l'abandonner après quelques-unes (sous RabbitMQ : `x-delivery-limit` d'une file quorum)",
        solution="@app.task(bind=True)\ndef export(self, report_id):\n    key = f'deliveries:{self.request.id}'\n    seen = redis.incr(key)\n"
        "    redis.expire(key, 86_400)\n    if seen > 3:\n        raise Reject('too many deliveries', requeue=False)",
        undetermined="un réglage ne se lit pas, ou ce qui semble compter les livraisons ne se suit pas",
        impact="Moyen : une place d'un worker est perdue pour tous les autres messages",
    ),
    example="""
        «¦import redis
        »from celery import Celery«¦
        from celery.exceptions import Reject»

        app = Celery("shop", broker="redis://localhost/0")
        app.conf.update(task_acks_late=True, task_reject_on_worker_lost=True)«¦
        client = redis.Redis()»


        @app.task«¦(bind=True)»
        def shrink(«¦self, »picture_id):«¦
            if client.incr(f"deliveries:{self.request.id}") > 3:
                raise Reject("too many deliveries", requeue=False)»
            resize(picture_id)
    """,
)
def _bounded(known: TargetFacts) -> Sequence[Finding]:
    guide = _bounded.guide
    readings = [read(known, name, False, tasks_suffice=True) for name in _OPTIONS.values()]
    alone = _of_one_process(known)
    asked = readings[:1] if alone else readings
    seen = [(task, facts, _requeued(task, facts, asked)) for task, facts in production_tasks(known)]
    counts = list(known.source.observations_of(CountedDelivery))
    # Redis knows no limit of deliveries, whatever a queue asks for.
    limits = [o for o in counts if o.by_the_broker and not o.unlimited] if broker(known)[0] != "redis" else []
    others = [o for o in counts if o.unlimited] if limits else []
    capped = any(o.sure for o in limits) and not others
    counts = [o for o in counts if not o.by_the_broker]
    sure = {symbol for o in counts if o.sure for symbol in tasks_running(known, o.symbol)}
    spoken = {symbol: o for o in counts if not o.sure for symbol in tasks_running(known, o.symbol)}
    back = {symbol for o in known.source.observations_of(RequeuedMessage) for symbol in tasks_running(known, o.symbol)}
    back &= {task.symbol for task, facts, _ in seen if _requeued(task, facts, readings[:1])}
    members = [task.symbol for task, _, requeued in seen if requeued or task.symbol in back]
    gaps: list[Gap] = [] if members else _by_another_pool(known, readings, seen)
    gaps += [Doubt(why=f"une option de `{short(task.symbol)}` ne se lit pas") for task, _, told in seen if told is None]
    if others:
        gaps.append(Doubt(*place_of(others[0].excerpt), _UNLIMITED))
    elif limits and not capped:
        gaps.append(
            Doubt(*place_of(limits[0].excerpt), why="une file quorum n'abandonne un message que depuis RabbitMQ 4")
        )
    if not capped:
        gaps += [_maybe(symbol, spoken[symbol]) for symbol in members if symbol in spoken and symbol not in sure]
    always, expiring = _always_expiring(known), _expiring(known)
    if not capped:
        gaps += [Doubt(why=_OTHERS.format(short(s))) for s in members if s in expiring - always - sure - spoken.keys()]
    judged = set() if limits else {*members} - sure - spoken.keys() - always - expiring
    read_so = " ; ".join(reading.told for reading in readings if not reading.missing)
    domain = ruled_by(known, readings, members, read_so, *gaps, *unread_tasks(known))

    def possible(symbol: str) -> list[Fault]:
        told = ", qui remet elle-même son message en file" if symbol in back else ""
        return [Fault(f"`{short(symbol)}`{told}", known.head(symbol))] if symbol in judged else []

    answer = conclude(domain, lambda _: (), possible_of=possible)
    evidence = [e for reading in readings for e in reading.evidence] or [known.source.evidence()]
    late = [short(task.symbol) for task, facts, _ in seen if _requeued(task, facts, readings[:1])]
    rejected = f", et rien ne rejette `{late[0]}`, acquittée après son exécution" if late else ""
    nothing = f"aucune tâche n'est remise en file à la mort de son processus{rejected}"
    guide = replace(guide, fails=_FAILING) if back & judged else guide
    guide = (
        replace(guide, passes=f"{guide.passes}, ou des messages qui expirent") if always & {*members} - sure else guide
    )
    detail = f"{counted(len(members), 'tâche')} : {read_so}"
    return answered(guide, "Message qui revient sans fin", answer, *evidence, nothing=nothing, detail=detail)


def _expiring(known: TargetFacts) -> set[str]:
    """The tasks all of whose messages expire, as far as was read: one that comes back too late is dropped by the worker.

    https://docs.celeryq.dev/en/stable/userguide/calling.html#expiration
    """
    named = {key: task.symbol for task, _ in production_tasks(known) for key in (task.name, task.symbol)}
    expire: dict[str, list[bool]] = defaultdict(list)
    for entry in beat_entries(known, lambda _: True).members:
        expire[named.get(entry.task, "")].append(bool(number(entry.options.get("expires"))))
    dated = [o for o in known.source.observations_of(ExpiringMessage) if o.expires]
    places = {
        place_of(o.excerpt) for o in [*dated, *(o for o in known.source.observations_of(DelayedMessage) if o.expires)]
    }
    for message in known.source.observations_of(PublishedMessage):
        # A retry keeps the expiration of its message.
        if message.method != "retry":
            expire[named.get(published_task(known, message), "")].append(place_of(message.excerpt) in places)
    return {symbol for symbol, told in expire.items() if all(told)} if all(expire.pop("", ())) else set()


def _always_expiring(known: TargetFacts) -> set[str]:
    """The tasks that give all their messages an expiration, whoever publishes them."""
    return {task.symbol for task, _ in production_tasks(known) if number(task.options.get("expires"))}


def _requeued(task: Task, facts: Facts, readings: Sequence[Reading]) -> bool | None:
    """Whether the death of its process puts a task back in its queue; None where an option of its own was not read."""
    told: list[object] = []
    for option, reading in zip(_OPTIONS, readings, strict=False):
        own = own_option(task, option, facts)
        if is_unread(own):
            return None
        told.append(own if isinstance(own, bool) else not reading.missing and reading.value)
    return all(value is True for value in told)


def _of_one_process(known: TargetFacts) -> bool:
    """Whether a worker runs its tasks in its own process: its death gives back what it did not acknowledge, rejected or not."""
    return any(pool_of(known, worker) in CHILDLESS for worker in workers_of_any(known).members) or (
        read(known, "worker_pool", "prefork").value in CHILDLESS
    )


def _by_another_pool(
    known: TargetFacts, readings: Sequence[Reading], seen: Sequence[tuple[Task, Facts, bool | None]]
) -> list[Gap]:
    """A worker that code starts with a pool that was not read may run the tasks that are acknowledged late in its own process."""
    late = [task for task, facts, _ in seen if _requeued(task, facts, readings[:1])]
    started = [o for o in known.source.observations_of(WorkerStartedByCode) if "pool" in o.options]
    if not late or not started:
        return []
    why = f"le modèle d'exécution d'un worker que le code lance ne se lit pas, et `{short(late[0].symbol)}` est acquittée après son exécution"
    return [Doubt(*place_of(started[0].excerpt), why=why)]


def _maybe(symbol: str, seen: CountedDelivery) -> Doubt:
    why = f"`{short(symbol)}` compte peut-être ses livraisons dans `{short(seen.symbol)}`"
    return Doubt(*place_of(seen.excerpt), why=why)
