"""Whether the stop of each worker lets its tasks end: the signal reaches it alone, and SIGKILL comes after."""

from collections.abc import Sequence
from dataclasses import dataclass

from audit.french.typography import counted
from audit.model.domains import Answer, conclude
from audit.model.facts import Process
from audit.model.gaps import Gap, UnreadProcess, UnreadSettings
from audit.model.stops import Receives, Stop
from audit.model.target_facts import TargetFacts
from audit.model.unknown import UNKNOWN
from audit.rules.domains.process_domain import narrowed, workers
from audit.rules.effective_settings import number, places, production_tasks, read
from audit.rules.practice import Fault
from audit.rules.worker_pools import CHILDLESS, pool_of

# The signals to which a Celery worker answers by an orderly shutdown.
_ASKING = frozenset({"TERM", "INT", "QUIT"})


@dataclass(frozen=True)
class Wait:
    """What a stop waits for, in seconds, and the setting that says so; None where nothing bounds it."""

    seconds: float | None
    name: str

    def cut_by(self, grace: float) -> bool:
        """Whether SIGKILL comes first."""
        return self.seconds is not None and grace <= self.seconds


@dataclass(frozen=True)
class StoppedWorker:
    """One worker, one way that it is stopped, and what it may then wait for: a soft shutdown, a warm one, or either."""

    worker: Process
    stop: Stop
    pool: str
    waits: tuple[Wait, ...]

    def faults(self) -> list[Fault]:
        """Why its tasks do not end, when that is sure."""
        path, place = self.worker.excerpt.path, self.stop.place or self.worker.excerpt
        if self.stop.receives is Receives.NOBODY or self._is_cut():
            cut = ", enfants du pool compris : les tâches en cours sont coupées aussitôt" if self._is_cut() else ""
            return [Fault(f"`{path}` : {self.stop.why}{cut}", place)]
        if self.stop.signal not in _ASKING:
            text = f"`{path}` : {self.stop.by} envoie {self.stop.signal}, qui coupe les tâches en cours"
            return [Fault(text, place)]
        grace = self.stop.grace
        if grace is None or not self.waits or not all(wait.cut_by(grace) for wait in self.waits):
            return []
        wait = self.waits[0]
        warm = "" if self.stop.is_soft else self._warm()
        lines = self.worker.runner or self.worker.excerpt
        return [Fault(f"`{path}` laisse {grace:g} s, `{wait.name}={wait.seconds:g}`{warm}", lines)]

    def _warm(self) -> str:
        return " : SIGTERM y demande un arrêt à chaud, qui attend la fin des tâches"

    def _is_cut(self) -> bool:
        """Whether the children of the pool get the signal, which only `REMAP_SIGTERM=SIGQUIT` has them ignore (measured, 5.6.3)."""
        return self.stop.receives is Receives.GROUP and self.pool == "prefork" and self.stop.remapped is False

    def gap(self) -> str:
        """Why it is not known whether its tasks end, in French; empty when it is."""
        stop, path = self.stop, self.worker.excerpt.path
        if stop.receives is Receives.UNKNOWN:
            return stop.why
        if stop.receives is Receives.GROUP and self.pool not in CHILDLESS and stop.remapped is not True:
            return f"{stop.why}, et rien ne dit si `REMAP_SIGTERM=SIGQUIT` est réglé, ni avec quel pool"
        if stop.grace is None:
            return f"le délai d'arrêt que {stop.by or 'celui qui le lance'} laisse à `{path}` ne se lit pas"
        if any(wait.cut_by(stop.grace) for wait in self.waits):
            return f"rien ne dit si `REMAP_SIGTERM` est réglé pour `{path}`, que SIGKILL atteint après {stop.grace:g} s"
        if any(wait.seconds is None for wait in self.waits) and stop.grace != float("inf"):
            return f"rien ne borne la durée des tâches (`task_time_limit`) que l'arrêt de `{path}` attend"
        return ""


def judge_stops(known: TargetFacts) -> Answer[Fault]:
    """The answer for all the workers that the project's files stop."""
    soft = read(known, "worker_soft_shutdown_timeout", 0.0)
    hard = read(known, "task_time_limit")
    gaps: list[Gap] = [UnreadSettings(why=reading.missing) for reading in (soft, hard) if reading.missing]
    started = workers(known)
    members = [
        _stopped(known, worker, stop) for worker in started.members for stop in worker.stops if _counts(stop, worker)
    ]
    if started.members and not members:
        gaps.append(UnreadProcess(why="le délai d'arrêt que laisse l'orchestrateur, qui ne se lit pas"))
    for member in members:
        worker, why = member.worker, member.gap()
        gaps += [UnreadProcess(worker.excerpt.path, worker.excerpt.first_line, why)] if why else []
    return conclude(narrowed(started, members, gaps, _told(members, started.members)), StoppedWorker.faults)


def _counts(stop: Stop, worker: Process) -> bool:
    """A script that no file of the project runs is stopped by nobody that it names; an image always will be."""
    of_image = worker.excerpt.language == "dockerfile" and stop.receives is Receives.NOBODY
    return bool(stop.by) or of_image


def _stopped(known: TargetFacts, worker: Process, stop: Stop) -> StoppedWorker:
    seconds = number(read(known, "worker_soft_shutdown_timeout", 0.0).value)
    soft = Wait(seconds, "worker_soft_shutdown_timeout")
    warm = longest_task(known, worker)
    # Without any limit of time, the soft shutdown is the least that was asked for.
    waits = {True: (soft,) if seconds else (), False: (warm,), None: (warm, soft)}[stop.is_soft]
    least = (
        warm.seconds is None and stop.is_soft is False and seconds and stop.grace is not None and stop.grace <= seconds
    )
    return StoppedWorker(worker, stop, pool_of(known, worker), (soft,) if least else waits)


def longest_task(known: TargetFacts, worker: Process) -> Wait:
    """The longest that a task may run; None when one has no limit, or one that is not read."""
    given = worker.options.get("time-limit", "")
    everywhere = float(given) if given.isdecimal() else number(read(known, "task_time_limit").value)
    found = {
        name: everywhere if own is None else (None if own is UNKNOWN else number(own))
        for name, own in ((task.name, task.options.get("time_limit")) for task, _ in production_tasks(known))
    }
    limits = list(found.values()) or [everywhere]
    if any(limit is None for limit in limits):
        return Wait(None, "task_time_limit")
    longest = max(limit for limit in limits if limit is not None)
    return Wait(longest, "task_time_limit" if longest == everywhere else "time_limit")


def _told(members: list[StoppedWorker], started: Sequence[Process]) -> str:
    """How many workers are judged, which delay each file leaves them, and which file nobody that it names stops."""
    if not members:
        return "aucun worker qu'un orchestrateur du projet arrête"
    judged = {member.worker.excerpt for member in members}
    workers_of: dict[str, list[Process]] = {}
    for member in members:
        workers_of.setdefault(_delay(member), []).append(member.worker)
    delays = [f"{told} ({places(tuple(own))})" if len(workers_of) > 1 else told for told, own in workers_of.items()]
    left = tuple(worker for worker in started if worker.excerpt not in judged)
    apart = [f"non jugé, faute de savoir qui l'arrête : {places(left)}"] if left else []
    count = f"{counted(len(judged), 'worker')}{f' sur {len(started)}' if left else ''}"
    return f"{count} : {' ; '.join((*delays, *apart))}"


def _delay(member: StoppedWorker) -> str:
    grace = "délai non lu" if member.stop.grace is None else f"{member.stop.grace:g} s"
    waited = next((wait.seconds for wait in member.waits if wait.seconds is not None), None)
    return grace if waited is None else f"{grace} laissées, {waited:g} s nécessaires"
