"""Shared data: dates, counters, locks, reads and connections of the functions that tasks run."""

from collections.abc import Sequence

from audit.model.findings import Finding, Severity
from audit.model.observations.shared_data import (
    BoundedRead,
    ConnectionAtImport,
    GlobalCounter,
    LockWithExpiry,
    LockWithoutExpiry,
    NaiveDatetime,
    ReadModifyWrite,
    UnboundedRead,
)
from audit.model.target_facts import TargetFacts
from audit.rules.effective_settings import NO_TASK
from audit.rules.practice import Fault, failed, passed, practice, unknown
from audit.rules.rule import Guide
from audit.rules.task_observations import NotInTasks, extent, tasks_read

_DATETIME = "https://docs.python.org/3/library/datetime.html#datetime.datetime.utcnow"
_TASKS = "https://docs.celeryq.dev/en/stable/userguide/tasks.html"
_REDIS_LOCKS = "https://redis.io/docs/latest/develop/clients/patterns/distributed-locks/"
_POSTGREST = "https://docs.postgrest.org/en/stable/references/configuration.html#db-max-rows"
_FORK = "https://docs.celeryq.dev/en/stable/userguide/signals.html#worker-process-init"
_PROCESSES = "https://docs.celeryq.dev/en/stable/userguide/workers.html#concurrency"

_CLOCK_GUIDE = Guide(
    severity=Severity.MINOR,
    passes="Les tâches emploient des dates avec fuseau",
    fails="Des dates sans fuseau sont employées par des tâches : rien n'y dit à quel fuseau elles appartiennent",
    advice="Employer `datetime.now(UTC)`",
    solution="from datetime import UTC, datetime\n\nnow = datetime.now(UTC)",
    undetermined=NO_TASK,
)
_COUNTER_GUIDE = Guide(
    severity=Severity.MINOR,
    passes="Les valeurs partagées sont changées en une opération",
    fails="Une valeur partagée est lue, changée puis réécrite : deux tâches à la fois en perdent une",
    advice="Compter en une opération de la base ou de Redis, ou verrouiller la ligne",
    solution='Order.objects.filter(pk=pk).update(sent=F("sent") + 1)\nredis.incr(key)',
    undetermined=NO_TASK,
    impact="Moyen : compteurs faux sous charge",
)
_LOCK_GUIDE = Guide(
    severity=Severity.CRITICAL,
    passes="Un verrou pris par une tâche expire de lui-même",
    fails="Un verrou sans expiration reste pris pour toujours quand le processus meurt",
    advice="Donner une durée au verrou",
    solution="redis.set(key, token, nx=True, ex=300)",
    undetermined=NO_TASK,
    impact="Élevé : plus aucune tâche ne prend ce verrou",
)
_READ_GUIDE = Guide(
    severity=Severity.MINOR,
    passes="Les lectures par PostgREST disent combien de lignes elles demandent",
    fails="Une lecture par PostgREST sans borne : le serveur n'en rend que les mille premières lignes, sans le dire",
    advice="Lire par pages, avec `limit` ou `range`",
    solution='client.table("messages").select("id").order("id").range(start, start + 999).execute()',
    undetermined=NO_TASK,
    impact="Moyen : des lignes sont oubliées au-delà de mille",
)
_STATE_GUIDE = Guide(
    severity=Severity.MINOR,
    passes="Aucune tâche ne compte dans la mémoire de son processus",
    fails="Une tâche compte dans une variable globale : chaque processus a la sienne, et la perd en mourant",
    advice="Compter en base ou dans Redis",
    solution="redis.incr(key)",
    undetermined=NO_TASK,
)
_IMPORT_GUIDE = Guide(
    severity=Severity.MINOR,
    passes="Aucune connexion à une base n'est ouverte à l'import des modules de tâches",
    fails="Une connexion ouverte à l'import est partagée par les processus enfants, qui mélangent leurs réponses",
    advice="Ouvrir la connexion au premier usage, ou au signal `worker_process_init`",
    solution="@worker_process_init.connect\ndef connect(**_): ...",
    undetermined=NO_TASK,
    impact="Moyen : réponses d'une tâche lues par une autre",
)


def _opened_at_import(known: TargetFacts) -> Sequence[Finding]:
    guide = _IMPORT_GUIDE
    if not tasks_read(known):
        return unknown(guide, known.source.failure or NO_TASK)
    seen = list(known.source.observations_of(ConnectionAtImport))
    heads = [known.head(symbol) for symbol in known.in_tasks] if seen else []
    paths = {head.path for head in heads if head}
    seen = [o for o in seen if o.excerpt and o.excerpt.path in paths]
    if seen:
        faults = [Fault(f"`{o.excerpt.path}`", o.excerpt) for o in seen if o.excerpt]
        return failed(guide, "Connexion ouverte à l'import", faults, *(known.source.evidence(o.excerpt) for o in seen))
    return passed(guide, extent(known), known.source.evidence())


RULES = (
    practice(
        "aware-clocks",
        "Dates avec fuseau",
        _DATETIME,
        NotInTasks(NaiveDatetime, _CLOCK_GUIDE, "Dates sans fuseau", lambda o: f"`{o.constructor}`"),
        _CLOCK_GUIDE,
    ),
    practice(
        "atomic-counters",
        "Compteurs atomiques",
        _TASKS + "#state",
        NotInTasks(ReadModifyWrite, _COUNTER_GUIDE, "Valeur lue puis réécrite", lambda o: f"`{o.statement}`"),
        _COUNTER_GUIDE,
    ),
    practice(
        "locks-expire",
        "Verrous qui expirent",
        _REDIS_LOCKS,
        NotInTasks(
            LockWithoutExpiry,
            _LOCK_GUIDE,
            "Verrou sans expiration",
            sound=LockWithExpiry,
            absent="aucune prise de verrou n'est reconnue dans ce que font les tâches",
        ),
        _LOCK_GUIDE,
    ),
    practice(
        "paged-reads",
        "Lectures paginées",
        _POSTGREST,
        NotInTasks(
            UnboundedRead,
            _READ_GUIDE,
            "Lecture sans borne",
            sound=BoundedRead,
            absent="aucune lecture par PostgREST n'est reconnue dans ce que font les tâches",
        ),
        _READ_GUIDE,
    ),
    practice(
        "no-process-state",
        "Pas d'état de processus",
        _PROCESSES,
        NotInTasks(GlobalCounter, _STATE_GUIDE, "Compte gardé en mémoire", lambda o: f"`{o.name}`"),
        _STATE_GUIDE,
    ),
    practice("no-connection-at-import", "Connexions après le fork", _FORK, _opened_at_import, _IMPORT_GUIDE),
)
