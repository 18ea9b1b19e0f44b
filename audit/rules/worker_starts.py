"""How workers are started: without emptying the queues, each under its own name."""

import posixpath
import re
from collections.abc import Sequence

from audit.model.call_closures import Closures
from audit.model.domains import conclude
from audit.model.facts import Process
from audit.model.findings import Excerpt, Finding, Severity
from audit.model.gaps import Doubt, Gap, UnreadProcess
from audit.model.observations.deployment_statements import DroppedVolumes, WorkerStartedByCode
from audit.model.observations.messages import PublishedMessage, QueuePurge, RunByWorker
from audit.model.target_facts import TargetFacts
from audit.rules.domains.process_domain import celery_processes, copies, doubtful, narrowed, unread_options, workers
from audit.rules.effective_settings import NO_WORKER, places, read, short
from audit.rules.practice import Fault, answered, practice
from audit.rules.rule import Guide

_WORKERS = "https://docs.celeryq.dev/en/stable/userguide/workers.html"
_CLI = "https://docs.celeryq.dev/en/stable/reference/cli.html"


@practice(
    "no-purge",
    "Files gardées au démarrage",
    reference=_CLI + "#celery-worker",
    guide=Guide(
        severity=Severity.CRITICAL,
        passes="Ni les commandes qui lancent les workers, ni ce qu'ils chargent, ne vident les files",
        fails="Des files sont vidées, au démarrage d'un worker ou par une tâche",
        advice="Retirer `--purge`, ou la commande qui vide les files",
        solution="celery -A application worker --loglevel=info",
        undetermined=NO_WORKER,
        impact="Élevé : à chaque fois, tout ce qui attendait est perdu",
        language="bash",
    ),
    example={
        "start.sh": "celery -A app worker« --purge¦»",
    },
)
def _purged(known: TargetFacts) -> Sequence[Finding]:
    guide, started = _purged.guide, celery_processes(known)
    passing = [
        Fault(f"`{(w.code or w.excerpt).path}` passe `--purge`", w.code or w.excerpt)
        for w in known.workers
        if {"purge", "discard"} & w.options.keys()
    ]
    emptied = [w for w in known.celery_processes if w.emptying]
    passing += [
        Fault(f"`{w.emptying.path}` vide les files avant de lancer Celery", w.emptying)
        for w in emptied
        if w.emptying and w.empties == "queues"
    ]
    passing += [
        Fault(f"`{o.excerpt.path}` passe `--purge`", o.excerpt)
        for o in known.source.observations_of(WorkerStartedByCode)
        if o.excerpt and {"purge", "discard"} & {*o.options}
    ]
    told = {fault.excerpt: fault for fault in passing}
    certain, gaps = _purging_code(known)
    gaps += doubtful((w for w in emptied if w.empties != "queues" and _may_be_queues(known, w)), _emptied_maybe)
    gaps += doubtful(known.workers, unread_options)
    dropped = [o.excerpt for o in known.source.observations_of(DroppedVolumes) if o.excerpt]
    gaps += [
        UnreadProcess(e.path, e.first_line, "des volumes y sont supprimés, peut-être celui du broker") for e in dropped
    ]
    gaps += [] if known.workers else [UnreadProcess(why=NO_WORKER)]
    members = [*(w.excerpt for w in started.members), *told, *(fault.excerpt for fault in certain)]
    told |= {fault.excerpt: fault for fault in certain}
    domain = narrowed(started, dict.fromkeys(members), gaps)
    answer = conclude(domain, lambda place: [told[place]] if place in told else [])
    quoted = [f.excerpt for f in answer.faults] or [w.excerpt for w in known.workers]
    evidence = (known.source.evidence(place) for place in quoted)
    title, detail = "Files vidées au démarrage", places(known.workers)
    return answered(guide, title, answer, *evidence, nothing=NO_WORKER, detail=detail)


def _may_be_queues(known: TargetFacts, worker: Process) -> bool:
    """Whether the keys that a command deletes may be queues: all but names in parts, or of a lock, a cache or a session."""
    kind, *keys = worker.empties.split()
    queues = {"celery", *(q for w in known.workers for q in w.options.get("queues", "").split(","))}
    named = all(re.fullmatch(r"[\w.-]*(?::|lock|cache|session)[\w:.-]*", key) and key not in queues for key in keys)
    return kind != "keys" or not keys or not named


def _emptied_maybe(worker: Process) -> str:
    path = (worker.emptying or worker.excerpt).path
    if worker.empties == "sometimes":
        return f"`{path}` vide des files avant de lancer Celery, sous une condition que l'audit ne suit pas"
    if worker.empties == "absent":
        return f"`{path}` lance d'abord une commande de Django dont le code n'est pas là, et dont le nom dit qu'elle ôte quelque chose"
    if worker.empties == "program":
        return f"`{path}` lance d'abord un programme de la cible qui peut vider des files"
    if worker.empties.startswith("keys"):
        return f"`{path}` supprime des clés de Redis avant de lancer Celery, et rien ne dit si ce sont des files"
    return f"`{path}` vide une base Redis avant de lancer Celery, et rien ne dit si c'est celle du broker"


def _purging_code(known: TargetFacts) -> tuple[list[Fault], list[Gap]]:
    """Code that empties the queues: what a worker runs, and why it may run some."""
    loaded = {task.symbol.partition(":")[0] for task in known.source.tasks}
    loaded |= {known.celery_application.partition(":")[0]}
    certain: list[Fault] = []
    gaps: list[Gap] = [*known.closure_gaps]
    seen = [one for one in known.source.observations_of(QueuePurge) if _is_of_the_broker(known, one)]
    started = _run_at_start(known) if seen else known.closures
    for one in seen:
        sure = one.symbol in known.in_tasks or one.symbol in started.sure
        where = short(one.symbol) if one.symbol else f"import de `{one.module}`"
        if one.address == "?":
            if sure:
                gaps.append(Doubt(why=f"`{where}` vide une file ou une base, et rien ne dit si c'est celle du broker"))
            continue
        if sure or (not one.symbol and one.module in loaded):
            certain.append(Fault(f"`{where}` les vide" if one.symbol else f"l'{where} les vide", one.excerpt))
        elif not one.symbol:
            gaps.append(Doubt(why=f"l'{where} vide les files, et rien ne dit si un worker l'importe"))
        elif one.symbol in known.closures.possible or one.symbol in started.possible:
            gaps.append(Doubt(why=f"`{where}` vide les files, et rien ne dit si un worker l'appelle"))
    gaps += known.closures.opaque if seen else ()
    return certain, gaps


def _run_at_start(known: TargetFacts) -> Closures:
    """What workers run beside tasks, at their start or later."""
    seen = known.source.observations_of(RunByWorker)
    names = {one.name for one in seen} - {""}
    starts = [s for s in known.source.functions if s.rpartition(":")[2] in names] if names else []
    return known.closures_from(tuple(dict.fromkeys((*starts, *(one.symbol for one in seen if one.symbol)))))


def _is_of_the_broker(known: TargetFacts, one: QueuePurge) -> bool:
    """Whether what is emptied may be a queue: a key of Redis by the name of one, a database by its address."""
    if one.address not in {"", "?"}:
        return one.address == read(known, "broker_url").value
    default = read(known, "task_default_queue", "celery").value
    routed = {m.queue for m in known.source.observations_of(PublishedMessage) if isinstance(m.queue, str)}
    return not one.queue or one.queue in {default, *routed}


@practice(
    "worker-names",
    "Noms des workers",
    reference=_WORKERS + "#starting-the-worker",
    guide=Guide(
        severity=Severity.MINOR,
        passes="Les workers qu'un fichier lance sur une machine portent des noms différents",
        fails="Deux workers d'une même machine portent le même nom",
        advice="Donner à chacun son nom avec `-n`",
        solution="celery -A application worker -n messages@%h -Q messages\ncelery -A application worker -n retry@%h -Q retry",
        undetermined=NO_WORKER,
        impact="Moyen : surveillance et ordres à distance confondent les deux",
        language="bash",
    ),
    example={
        "start.sh": """
            celery -A app worker «¦-n mail@%h »-Q mail &
            celery -A app worker «¦-n retry@%h »-Q retry
        """,
    },
)
def _named(known: TargetFacts) -> Sequence[Finding]:
    guide, started = _named.guide, workers(known)
    # Containers and dynos have each a host name of their own.
    apart = [w for w in started.members if w.host.startswith("conteneur ")]
    together = [w for w in started.members if _shares_its_host(w) and w not in apart]
    groups: dict[tuple[str, Excerpt | None], list[Process]] = {}
    for worker in together:
        groups.setdefault((worker.excerpt.path, _container(worker)), []).append(worker)
    for worker in started.members:
        # A name of host that is given to several containers, or a name of worker that holds none.
        if worker not in together and (worker.host or _is_whole(worker)):
            groups.setdefault((f"{worker.excerpt.path} {worker.host}", None), []).append(worker)
    several = [group for group in groups.values() if sum(map(_on_a_host, group)) > 1]
    gaps = doubtful((w for group in several for w in group), unread_options)
    machines = _units_of_a_folder(together)
    answer = conclude(
        narrowed(started, [*several, *machines], gaps),
        lambda group: [] if group in machines else _of_same_name(group),
        possible_of=lambda group: _of_same_name(group) if group in machines else [],
    )
    told = tuple(dict.fromkeys(w.excerpt for w in (*together, *(w for group in several for w in group))))
    evidence = (known.source.evidence(place) for place in [f.excerpt for f in answer.faults] or told)
    nothing = "aucun fichier ne lance plusieurs workers sur une machine"
    detail = ", ".join(dict.fromkeys(f"`{place.path}`" for place in told))
    return answered(guide, "Workers de même nom", answer, *evidence, nothing=nothing, detail=detail)


def _units_of_a_folder(workers: Sequence[Process]) -> list[list[Process]]:
    """The workers of several units of systemd that lie together: one machine may run them all."""
    folders: dict[str, list[Process]] = {}
    for worker in workers:
        if worker.excerpt.path.endswith(".service"):
            folders.setdefault(posixpath.dirname(worker.excerpt.path), []).append(worker)
    return [group for group in folders.values() if len({worker.excerpt.path for worker in group}) > 1]


def _shares_its_host(worker: Process) -> bool:
    """Whether what the file of a worker starts is on one host: a platform gives each line of a Procfile its own, a program that runs it does not."""
    kind = worker.excerpt.language
    return kind in {"bash", "ini"} or (kind == "procfile" and worker.runner is not None)


def _is_whole(worker: Process) -> bool:
    """Whether the name that a worker is given is the same on every host."""
    name = worker.options.get("hostname", "")
    return "@" in name and not any(sign in name for sign in "%$`{")


def _container(worker: Process) -> Excerpt | None:
    """What runs the script of a worker in a container, which has a host name of its own; None on a machine."""
    return worker.runner if worker.runner and worker.runner.language not in {"bash", "ini"} else None


def _on_a_host(worker: Process) -> int:
    """How many of this worker one host has."""
    apart = _container(worker) or worker.host.startswith("pod ")
    return min(copies(worker), 1) if apart and not _is_whole(worker) else copies(worker)


def _of_same_name(group: Sequence[Process]) -> list[Fault]:
    """The workers of one file that bear the name of another."""
    named: dict[str, list[Process]] = {}
    for worker in group:
        named.setdefault(worker.options.get("hostname", "celery@%h"), []).append(worker)
    return [
        Fault(f"`{worker.excerpt.path}` lance plusieurs fois `{name}`", worker.excerpt)
        for name, alike in named.items()
        for worker in [w for w in alike if copies(w)][1:]
        or [w for w in alike if _on_a_host(w) > 1 and not re.search(r"process_num|%[iIjJ]|wid|\$\{item", name)]
    ]
