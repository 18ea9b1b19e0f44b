"""How workers are started: without emptying the queues, each under its own name."""

from collections import Counter
from collections.abc import Sequence

from audit.model.facts import Process
from audit.model.findings import Finding, Severity
from audit.model.observations.messages import QueuePurge
from audit.model.target_facts import TargetFacts
from audit.rules.effective_settings import NO_WORKER, places, short
from audit.rules.practice import Fault, failed, out_of_scope, passed, practice, unknown
from audit.rules.rule import Guide
from audit.rules.schedule import copies

_WORKERS = "https://docs.celeryq.dev/en/stable/userguide/workers.html"
_CLI = "https://docs.celeryq.dev/en/stable/reference/cli.html"


@practice(
    "no-purge",
    "Files gardées au démarrage",
    reference=_CLI + "#celery-worker",
    guide=Guide(
        severity=Severity.CRITICAL,
        passes="Aucun worker ne vide ses files en démarrant",
        fails="Des files sont vidées, au démarrage d'un worker ou par une tâche",
        advice="Retirer `--purge`, ou la commande qui vide les files",
        solution="celery -A application worker --loglevel=info",
        undetermined=NO_WORKER,
        impact="Élevé : à chaque fois, tout ce qui attendait est perdu",
        language="bash",
    ),
    defective={
        "start.sh": "celery -A app worker --purge",
    },
    sound={
        "start.sh": "celery -A app worker",
    },
)
def _purged(known: TargetFacts) -> Sequence[Finding]:
    guide = _purged.guide
    if not known.workers:
        return unknown(guide, NO_WORKER, "renseigner `target.process_files`")
    told = [
        Fault(f"`{w.excerpt.path}` passe `--purge`", w.excerpt)
        for w in known.workers
        if {"purge", "discard"} & w.options.keys()
    ]
    emptied = [w for w in known.celery_processes if w.emptying]
    told += [
        Fault(f"`{w.emptying.path}` vide les files avant de lancer Celery", w.emptying)
        for w in emptied
        if w.emptying and w.empties == "queues"
    ]
    certain, unsure = _purging_code(known)
    told += certain
    if told:
        evidence = [known.source.evidence(fault.excerpt) for fault in told]
        return failed(guide, "Files vidées au démarrage", told, *evidence)
    unsure += [_emptied_maybe(w) for w in emptied]
    if unsure:
        return unknown(guide, unsure[0])
    return passed(guide, places(known.workers), *(known.source.evidence(w.excerpt) for w in known.workers))


def _emptied_maybe(worker: Process) -> str:
    path = (worker.emptying or worker.excerpt).path
    if worker.empties == "sometimes":
        return f"`{path}` vide des files avant de lancer Celery, sous une condition que l'audit ne suit pas"
    return f"`{path}` vide une base Redis avant de lancer Celery, et rien ne dit si c'est celle du broker"


def _purging_code(known: TargetFacts) -> tuple[list[Fault], list[str]]:
    """Code that empties the queues: what a worker runs, and what it may run."""
    loaded = {task.symbol.partition(":")[0] for task in known.source.tasks}
    loaded |= {known.celery_application.partition(":")[0]}
    certain, unsure = [], []
    for seen in known.source.observations_of(QueuePurge):
        where = short(seen.symbol) if seen.symbol else f"import de `{seen.module}`"
        if seen.symbol in known.in_tasks or seen.at_start or (not seen.symbol and seen.module in loaded):
            certain.append(Fault(f"`{where}` les vide" if seen.symbol else f"l'{where} les vide", seen.excerpt))
        elif not seen.symbol:
            unsure.append(f"l'{where} vide les files, et rien ne dit si un worker l'importe")
    return certain, unsure


@practice(
    "worker-names",
    "Noms des workers",
    reference=_WORKERS + "#starting-the-worker",
    guide=Guide(
        severity=Severity.MINOR,
        passes="Deux workers d'une même machine portent des noms différents",
        fails="Deux workers d'une même machine portent le même nom",
        advice="Donner à chacun son nom avec `-n`",
        solution="celery -A application worker -n messages@%h -Q messages\ncelery -A application worker -n retry@%h -Q retry",
        undetermined=NO_WORKER,
        impact="Moyen : surveillance et ordres à distance confondent les deux",
        language="bash",
    ),
    defective={
        "start.sh": """
            celery -A app worker -Q mail &
            celery -A app worker -Q retry
        """,
    },
    sound={
        "start.sh": """
            celery -A app worker -n mail@%h -Q mail &
            celery -A app worker -n retry@%h -Q retry
        """,
    },
)
def _named(known: TargetFacts) -> Sequence[Finding]:
    guide = _named.guide
    if not known.workers:
        return unknown(guide, NO_WORKER, "renseigner `target.process_files`")
    # Containers and dynos have each a host name of their own.
    together = [w for w in known.workers if w.excerpt.language in {"bash", "ini"}]
    groups: dict[tuple[str, str], list[Process]] = {}
    for worker in together:
        groups.setdefault((worker.excerpt.path, worker.options.get("hostname", "celery@%h")), []).append(worker)
    faults = [
        Fault(f"`{path}` lance plusieurs fois `{name}`", worker.excerpt)
        for (path, name), group in groups.items()
        for worker in group[1:]
        or [w for w in group if copies(w) > 1 and "process_num" not in name and "%i" not in name]
    ]
    if faults:
        return failed(guide, "Workers de même nom", faults, *(known.source.evidence(f.excerpt) for f in faults))
    counts = Counter(path for (path, _), group in groups.items() for worker in group for _ in range(copies(worker)))
    if not counts or max(counts.values()) < 2:
        return out_of_scope(guide, "aucun fichier ne lance plusieurs workers sur une machine")
    return passed(guide, places(tuple(together)), *(known.source.evidence(w.excerpt) for w in together))
