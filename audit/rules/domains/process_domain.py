"""Processes that the target's files start, and the places where others may be started that the reading does not know."""

from collections.abc import Callable, Iterable
from pathlib import PurePosixPath
from typing import TypeVar

from audit.french.typography import counted
from audit.model.domains import Domain
from audit.model.facts import Process
from audit.model.findings import Excerpt
from audit.model.gaps import Gap, UnreadProcess
from audit.model.observations.deployment_statements import BeatStartedByCode, WorkerStartedByCode
from audit.model.target_facts import TargetFacts
from audit.rules.effective_settings import NO_WORKER
from audit.rules.worker_pools import unread_process_files

S = TypeVar("S")
T = TypeVar("T")

_NO_CELERY = "aucun fichier de démarrage ne lance Celery"
_NO_BEAT = "aucun fichier de démarrage ne lance beat"


def workers(known: TargetFacts) -> Domain[Process]:
    """The workers of the target's application."""
    found = known.workers
    return _started(known, found, counted(len(found), "worker"), NO_WORKER)


def workers_of_any(known: TargetFacts) -> Domain[Process]:
    """The workers of every application that the files start."""
    found = known.processes("worker")
    return _started(known, found, counted(len(found), "worker"), NO_WORKER)


def beats(known: TargetFacts) -> Domain[Process]:
    """What publishes the schedule, workers that do so included, of every application."""
    found = known.processes("beat")
    return _started(known, found, counted(len(found), "beat"), _NO_BEAT)


def celery_processes(known: TargetFacts) -> Domain[Process]:
    """The workers and the beats of the target's application."""
    found = known.celery_processes
    return _started(known, found, f"{len(found)} processus", _NO_CELERY)


def all_processes(known: TargetFacts) -> Domain[Process]:
    """Whatever the files start to stay: web servers and others too."""
    found = known.source.processes
    return _started(known, found, f"{len(found)} processus", "aucun fichier de démarrage n'a été lu")


def _started(known: TargetFacts, found: tuple[Process, ...], read: str, none: str) -> Domain[Process]:
    missing = () if found else (UnreadProcess(why=known.source.failure or none),)
    return Domain(found, (*unread_process_files(known), *started_by_code(known), *missing), read)


def started_by_code(known: TargetFacts) -> tuple[Gap, ...]:
    """The workers and beats that Python code starts, where no process file is known to run it: how is not read."""
    beats_too = known.source.observations_of(BeatStartedByCode)
    places = [o.excerpt for o in (*known.source.observations_of(WorkerStartedByCode), *beats_too) if o.excerpt]
    run = [process.code for process in known.source.processes if process.code]
    left = [e for e in places if not any(_holds(code, e) for code in run)]
    return tuple(UnreadProcess(e.path, e.first_line, "du code lance un worker ou beat") for e in left)


def other_starts(known: TargetFacts, *options: str) -> tuple[Gap, ...]:
    """Where a worker may be given one of these options of its start line, which wins over a setting, by what was not read."""
    calls = [o for o in known.source.observations_of(WorkerStartedByCode) if not o.whole or {*options} & {*o.options}]
    told = {(o.excerpt.path, o.excerpt.first_line) for o in calls if o.excerpt}
    by_code = (gap for gap in started_by_code(known) if (gap.path, gap.line) in told)
    hidden = doubtful(known.workers, lambda w: "" if {*options} <= w.options.keys() else unread_options(w))
    return (*unread_process_files(known), *by_code, *hidden)


def _holds(code: Excerpt, call: Excerpt) -> bool:
    return code.path == call.path and code.first_line <= call.first_line <= code.last_line


def narrowed(domain: Domain[S], members: Iterable[T], gaps: Iterable[Gap] = (), read: str = "") -> Domain[T]:
    """What a rule asks of the members of a domain: its gaps are still gaps, and the rule may have some of its own."""
    return Domain(tuple(members), (*domain.gaps, *gaps), read or domain.read)


def widened(domain: Domain[S], others: Iterable[T]) -> Domain[S | T]:
    """A domain with members of another kind, that the same rule judges."""
    return Domain((*domain.members, *others), domain.gaps, domain.read)


def doubtful(processes: Iterable[Process], why_of: Callable[[Process], str]) -> tuple[Gap, ...]:
    """One gap a process of which `why_of` says, in French, what is not known; empty for nothing."""
    told = ((p, why_of(p)) for p in processes)
    return tuple(UnreadProcess(p.excerpt.path, p.excerpt.first_line, why) for p, why in told if why)


def unread_options(process: Process) -> str:
    """Why a start line may hold any option, in French; empty where all its words are known."""
    path, words = process.excerpt.path, process.unknown_words
    return f"`{words[0]}`, que `{path}` donne à Celery, ne se lit pas" if words else ""


def statements(known: TargetFacts, members: Iterable[T], read: str) -> Domain[T]:
    """Something that deployment files say, whatever they start: none said is nothing to judge where every file was read."""
    nothing_read = not (known.source.tasks or known.source.processes)
    why = known.source.failure or ("aucun fichier de déploiement n'a été trouvé" if nothing_read else "")
    missing = (UnreadProcess(why=why),) if why else ()
    return Domain(tuple(members), (*unread_process_files(known), *missing), read)


def limited_tasks(known: TargetFacts, members: Iterable[T], gaps: Iterable[Gap], read: str) -> Domain[T]:
    """Tasks that something limits in each worker: which workers run is a gap only where there is such a task."""
    found = tuple(members)
    return Domain(found, (*gaps, *(workers(known).gaps if found else ())), read)


def copies(process: Process) -> int:
    """How many of this process are asked for, one where that is not told; none where it is started instead of another, or only if asked."""
    if process.instead or process.asleep:
        return 0
    return 1 if process.copies is None else process.copies


def beats_apart(known: TargetFacts) -> list[Process]:
    """Beats of files that start no worker and have no file of workers alone beside them: they serve the other files."""
    with_workers = {p.excerpt.path for p in known.processes("worker")}
    alone = {p.excerpt.path for p in known.processes("worker") if p.role == "worker"}
    folders = {PurePosixPath(w).parent for w in alone - {p.excerpt.path for p in known.processes("web")}}
    apart = [b for b in known.processes("beat") if b.excerpt.path not in with_workers]
    return [b for b in apart if PurePosixPath(b.excerpt.path).parent not in folders]


def sleeping_beats(known: TargetFacts) -> tuple[Gap, ...]:
    """The beats that nothing starts unasked, where there is no other: whether one runs is not known."""
    found = known.processes("beat")
    return doubtful(found, lambda beat: beat.asleep) if all(beat.asleep for beat in found) else ()


def workers_without_beat(known: TargetFacts) -> list[Process]:
    """Workers that no beat serves though there is a schedule; « never » is sure only where every file was read."""
    if workers_of_any(known).gaps or sleeping_beats(known) or not any(facts.beat for facts in known.probes):
        return []
    started, publishing = known.processes("worker"), known.processes("beat")
    served = {p.excerpt.path for p in publishing}
    alone = {p.excerpt.path for p in known.source.processes if p.excerpt.path not in served}
    web_too = {p.excerpt.path for p in known.processes("web")} & {p.excerpt.path for p in started}
    orphans = [w for w in started if w.excerpt.path in alone and (not publishing or w.excerpt.path in web_too)]
    return [] if beats_apart(known) else orphans
