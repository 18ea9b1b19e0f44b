"""Shared data: dates, counters, locks and reads of the functions that tasks run."""

import re
from collections.abc import Sequence

from audit.model.findings import Finding, Severity
from audit.model.observations.shared_data import (
    BoundedRead,
    DocumentRewrite,
    EnclosedCounter,
    ExclusiveAccess,
    GlobalCounter,
    InstanceCounter,
    KeptValue,
    LocalCache,
    LockWithExpiry,
    LockWithoutExpiry,
    NaiveDatetime,
    ProcessMetric,
    ReadModifyWrite,
    UnboundedRead,
)
from audit.model.target_facts import TargetFacts
from audit.rules.domains.task_domain import is_named_at_import
from audit.rules.effective_settings import NO_TASK, short
from audit.rules.practice import practice
from audit.rules.rule import Guide
from audit.rules.task_observations import NotInTasks

_LOCK_LIBRARIES = frozenset({"filelock", "portalocker", "pottery", "redlock", "sherlock"})
_LOCK_NAME = re.compile(r"(?i)(?<!b)(?<!c)lock(?!e?d?out|down|step)|mutex|semaphore")
_DATETIME = "https://docs.python.org/3/library/datetime.html#datetime.datetime.utcnow"
_TASKS = "https://docs.celeryq.dev/en/stable/userguide/tasks.html"
_REDIS_LOCKS = "https://redis.io/docs/latest/develop/clients/patterns/distributed-locks/"
_POSTGREST = "https://docs.postgrest.org/en/stable/references/configuration.html#db-max-rows"
_PROCESSES = "https://docs.celeryq.dev/en/stable/userguide/workers.html#concurrency"


@practice(
    "aware-clocks",
    "Dates avec fuseau",
    reference=_DATETIME,
    guide=Guide(
        severity=Severity.MINOR,
        passes="Aucune tâche n'emploie de date et d'heure sans fuseau",
        fails="Des dates sans fuseau sont employées par des tâches : rien n'y dit à quel fuseau elles appartiennent",
        advice="Employer `datetime.now(UTC)`",
        solution="from datetime import UTC, datetime\n\nnow = datetime.now(UTC)",
        undetermined=NO_TASK,
        unsought="une date qui n'est qu'affichée, ou dont on ne garde qu'un nombre, n'est pas cherchée",
    ),
    example="""
        from datetime import «¦UTC, »datetime

        from celery import Celery

        app = Celery("shop", broker="redis://localhost/0")


        @app.task
        def close(order_id):
            orders.update(order_id, closed_at=datetime.«utcnow()¦now(UTC)»)
    """,
)
def _aware_clocks(known: TargetFacts) -> Sequence[Finding]:
    def told(seen: NaiveDatetime) -> str:
        return f"`{seen.constructor}`, qui n'y sert qu'à un nom" if seen.names else f"`{seen.constructor}`"

    guide = _aware_clocks.guide

    def doubt(_: TargetFacts, seen: NaiveDatetime) -> str:
        return (
            f"le fuseau de ce que `{short(seen.symbol)}` lit par `{seen.constructor}` n'est pas dit"
            if seen.unsaid
            else ""
        )

    return NotInTasks(NaiveDatetime, guide, "Dates sans fuseau", told, doubt=doubt, reserved=lambda seen: seen.names)(
        known
    )


@practice(
    "atomic-counters",
    "Compteurs atomiques",
    reference=_TASKS + "#state",
    guide=Guide(
        severity=Severity.MINOR,
        passes="Aucune valeur partagée n'est lue, changée en Python, puis réécrite sans verrou par une tâche",
        fails="Une valeur partagée est lue, changée puis réécrite : deux tâches à la fois en perdent une",
        advice="Compter en une opération de la base ou de Redis, ou verrouiller la ligne",
        solution='Order.objects.filter(pk=pk).update(sent=F("sent") + 1)\nredis.incr(key)',
        undetermined=NO_TASK,
        impact="Moyen : compteurs faux sous charge",
        unsought="un statut lu, puis changé selon ce qu'il était, n'est pas cherché",
    ),
    example="""
        from celery import shared_task
        from django.db import models«¦
        from django.db.models import F»


        class Order(models.Model):
            sent = models.IntegerField(default=0)


        @shared_task
        def count(order_id):
            «order = Order.objects.get(pk=order_id)
            order.sent = order.sent + 1
            order.save()¦Order.objects.filter(pk=order_id).update(sent=F("sent") + 1)»
    """,
)
def _atomic_counters(known: TargetFacts) -> Sequence[Finding]:
    return NotInTasks(
        ReadModifyWrite,
        _atomic_counters.guide,
        "Valeur lue puis réécrite",
        lambda o: f"`{o.statement}`",
        doubt=_may_be_locked,
        reserved=lambda observation: isinstance(observation, DocumentRewrite),
    )(known)


def _may_be_locked(known: TargetFacts, observation: ReadModifyWrite) -> str:
    """Why the change may be protected: a function on the way to it takes a lock."""
    if observation.given:
        told = f"`{short(observation.symbol)}` écrit une valeur tirée de `{observation.given}`, qu'on lui donne"
        return f"{told} (`{observation.statement}`) : lue avant, peut-être"
    if observation.held:
        told = f"`{short(observation.symbol)}` change `{observation.held}` par ses méthodes (`{observation.statement}`)"
        return f"{told} : rien ne dit que d'autres le voient"
    if observation.locked_if:
        locked = f"sous un verrou qui n'est pris que selon `{observation.locked_if}`"
        return f"`{short(observation.symbol)}` change une valeur lue (`{observation.statement}`), {locked}"
    way = known.closures.sure.get(observation.symbol) or known.closures.possible.get(observation.symbol, ())
    locking = {o.symbol for o in known.source.observations_of(ExclusiveAccess)} if way[:-1] else set()
    holder = next((symbol for symbol in way[:-1] if symbol in locking), "")
    if not holder and isinstance(observation, DocumentRewrite) and observation.constant:
        told = f"`{short(observation.symbol)}` réécrit tout un document pour y mettre une constante"
        return f"{told} (`{observation.statement}`), ce qui perd peut-être ce qu'un autre y a mis"
    if not holder:
        return ""
    return f"`{short(observation.symbol)}` change une valeur lue, peut-être sous le verrou de `{short(holder)}`"


@practice(
    "locks-expire",
    "Verrous qui expirent",
    reference=_REDIS_LOCKS,
    guide=Guide(
        severity=Severity.CRITICAL,
        passes="Chaque verrou reconnu dans les tâches expire de lui-même, ou meurt avec son processus",
        fails="Un verrou sans expiration reste pris pour toujours quand le processus meurt",
        advice="Donner une durée au verrou",
        solution="redis.set(key, token, nx=True, ex=300)",
        undetermined=NO_TASK,
        impact="Élevé : plus aucune tâche ne prend ce verrou",
    ),
    example="""
        import redis
        from celery import Celery

        app = Celery("shop", broker="redis://localhost/0")
        client = redis.Redis()


        @app.task
        def sweep():
            if client.set("lock:sweep", "1", nx=True«¦, ex=300»):
                remove_old_orders()
    """,
)
def _locks_expire(known: TargetFacts) -> Sequence[Finding]:
    return NotInTasks(
        LockWithoutExpiry,
        _locks_expire.guide,
        "Verrou sans expiration",
        sound=LockWithExpiry,
        absent="aucun verrou n'y est reconnu, et rien n'y porte ce nom (`lock`, `mutex`, `semaphore`)",
        libraries=_LOCK_LIBRARIES,
        named=_LOCK_NAME,
        doubt=_may_end,
        told=lambda observation: observation.how,
        reserved=lambda observation: observation.brief,
    )(known)


def _may_end(_: TargetFacts, observation: LockWithoutExpiry) -> str:
    if observation.perhaps:
        return f"`{short(observation.symbol)}` : {observation.perhaps}"
    return f"le script `{observation.unread}` ne se lit pas" if observation.unread else ""


@practice(
    "paged-reads",
    "Lectures paginées",
    reference=_POSTGREST,
    guide=Guide(
        severity=Severity.MINOR,
        passes="Chaque lecture par PostgREST que font les tâches borne son nombre de lignes, sans quoi le serveur n'en rend que mille",
        fails="Une lecture par PostgREST sans borne : le serveur n'en rend que les mille premières lignes, sans le dire",
        advice="Lire par pages, avec `limit` ou `range`",
        solution='client.table("messages").select("id").order("id").range(start, start + 999).execute()',
        undetermined=NO_TASK,
        impact="Moyen : des lignes sont oubliées au-delà de mille",
    ),
    example="""
        from celery import Celery
        from supabase import create_client

        app = Celery("shop", broker="redis://localhost/0")
        client = create_client(URL, KEY)


        @app.task
        def remind():
            rows = client.table("messages").select("id")«¦.order("id").range(0, 999)».execute()
            for row in rows.data:
                send(row["id"])
    """,
)
def _paged_reads(known: TargetFacts) -> Sequence[Finding]:
    return NotInTasks(
        UnboundedRead,
        _paged_reads.guide,
        "Lecture sans borne",
        sound=BoundedRead,
        absent="aucun client de PostgREST (`supabase`, `postgrest`) n'est employé dans ce que font les tâches",
        libraries=frozenset({"postgrest", "supabase"}),
        each_module=True,
        told=lambda read: read.perhaps,
        doubt=lambda _, read: f"`{short(read.symbol)}` borne sa lecture, ou non : {read.doubt}" if read.doubt else "",
        reserved=lambda read: bool(read.perhaps),
    )(known)


@practice(
    "no-process-state",
    "Pas d'état de processus",
    reference=_PROCESSES,
    guide=Guide(
        severity=Severity.MINOR,
        passes="Aucune tâche ne tient de compte dans la mémoire de son processus, d'une exécution à l'autre",
        fails="Une tâche compte dans une variable globale : chaque processus a la sienne, et la perd en mourant",
        advice="Compter en base ou dans Redis",
        solution="redis.incr(key)",
        undetermined=NO_TASK,
    ),
    example="""
        «¦import redis
        »from celery import Celery

        app = Celery("shop", broker="redis://localhost/0")
        «sent = 0¦client = redis.Redis()»


        @app.task
        def send(message_id):
            «global sent
            sent += 1¦client.incr("sent")»
            deliver(message_id)
    """,
)
def _no_process_state(known: TargetFacts) -> Sequence[Finding]:
    return NotInTasks(
        GlobalCounter,
        _no_process_state.guide,
        "Compte gardé en mémoire",
        lambda o: (
            f"`{o.name}`" + (", dans la mémoire du processus" if isinstance(o, LocalCache | ProcessMetric) else "")
        ),
        doubt=_is_only_kept,
        concerns=_outlives_the_task,
        reserved=lambda o: isinstance(o, LocalCache | ProcessMetric),
    )(known)


def _is_only_kept(_: TargetFacts, observation: GlobalCounter) -> str:
    if isinstance(observation, LocalCache) and observation.unread:
        return f"`{short(observation.symbol)}` compte dans le cache de Django, dont les réglages (`CACHES`) ne se lisent pas ici"
    if not isinstance(observation, KeptValue):
        return ""
    kept = f"`{short(observation.symbol)}` garde une valeur dans `{observation.name}`, qui dure plus qu'une exécution"
    return f"{kept} : que cette valeur en soit retirée à la fin n'est pas jugé"


def _outlives_the_task(known: TargetFacts, observation: GlobalCounter) -> bool:
    """Whether what is counted in lasts longer than one execution: not where the task itself makes its holder."""
    sure = known.closures.sure
    if isinstance(observation, EnclosedCounter):
        around = observation.symbol.rpartition(".<locals>.")[0]
        wrappers = {wrapper for one in known.closures.followed.values() for wrapper in one.wrappers}
        if around in sure:
            return around in wrappers
        return is_named_at_import(known, short(around))
    if isinstance(observation, InstanceCounter) and observation.symbol not in sure:
        # No call was followed to the method: only a function that names a holder may get there.
        names = (
            n for s in known.closures.followed for name in known.source.functions[s].names for n in name.split(".")
        )
        return not frozenset(observation.holders).isdisjoint(names)
    if isinstance(observation, InstanceCounter):
        callers = (s for s in sure if observation.symbol in known.closures.followed[s].callees)
        calls = [c for s in callers for c in known.source.functions[s].calls if c.target == observation.symbol]
        return any(call.name.split(".")[-2:-1] == [holder] for call in calls for holder in observation.holders)
    return True
