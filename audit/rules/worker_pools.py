"""The pool of a worker, and what it makes void: settings that are written, and that nothing applies."""

from dataclasses import dataclass
from enum import StrEnum

from audit.model.facts import Process
from audit.model.gaps import Gap, UnreadProcess
from audit.model.target_facts import TargetFacts
from audit.rules.effective_settings import read

# Pools without children of their own that a signal could reach.
CHILDLESS = frozenset({"solo", "threads", "gevent", "eventlet"})
_PREFORK = "prefork"
# As `celery.concurrency` resolves them.
_ALIASES = {
    "processes": _PREFORK,
    "celery.concurrency.prefork": _PREFORK,
    "celery.concurrency.thread": "threads",
    "celery.concurrency.solo": "solo",
    "celery.concurrency.gevent": "gevent",
    "celery.concurrency.eventlet": "eventlet",
}


class Part(StrEnum):
    """What a worker does with its pool, and some pools do not do."""

    RECYCLING = "recycling"
    TIME_LIMITS = "time limits"
    CANCELLATION = "cancellation"


# `BasePool.terminate_job` raises, and only the pool of threads has tasks that run while the connection is lost.
_VOID = {Part.RECYCLING: CHILDLESS, Part.TIME_LIMITS: CHILDLESS, Part.CANCELLATION: frozenset({"threads"})}


@dataclass(frozen=True)
class Pool:
    """The pool of a worker: `told` as it is written, or in `missing` why it is not known, both in French.

    `variable`: the environment variable that may still change it.
    """

    name: str
    told: str
    missing: str = ""
    variable: str = ""

    def voids(self, part: Part) -> bool:
        """Whether this part has no effect with it."""
        return self.name in _VOID[part]


def pool(known: TargetFacts, worker: Process) -> Pool:
    """The option of its start line, else the setting, whose variable its files may give."""
    given = worker.options.get("pool", "")
    # Celery takes the class that this variable names for the pool `custom`.
    own = worker.environment.get("CELERY_CUSTOM_WORKER_POOL", "") if given == "custom" else ""
    if given:
        return _pool(own or given, f"`--pool={given}`" + (f" (`{own}`)" if own else ""))
    if worker.unknown_words:
        told = f"`{worker.unknown_words[0]}`, que `{worker.excerpt.path}` donne à Celery, ne se lit pas"
        return Pool("", "", f"le modèle d'exécution n'est pas connu : {told}")
    reading = read(known, "worker_pool", _PREFORK)
    if reading.missing:
        return Pool("", "", f"le modèle d'exécution de `{worker.excerpt.path}` n'est pas connu : {reading.missing}")
    name, variable = str(reading.value or _PREFORK), reading.variable
    if reading.seen and variable and variable in worker.environment:
        name, variable = worker.environment[variable], ""
    return _pool(name, f"`worker_pool={name}`", variable)


def _pool(written: str, told: str, variable: str = "") -> Pool:
    name = _ALIASES.get(written.partition(":")[0].lower(), written.lower())
    if name == _PREFORK or name in CHILDLESS:
        return Pool(name, told, variable=variable)
    return Pool("", told, f"le modèle d'exécution `{written}` n'est pas connu", variable)


def pool_of(known: TargetFacts, worker: Process) -> str:
    """`prefork`, another, or empty where its start line gives one that is not known."""
    found = pool(known, worker)
    return found.name or ("" if found.told else _PREFORK)


def unread_process_files(known: TargetFacts) -> list[Gap]:
    """The process files that were not understood, where other workers may be started."""
    return [
        UnreadProcess(path, why=f"`{path}` : {why}")
        for path, why in known.source.unread
        if "fichier de processus" in why
    ]
