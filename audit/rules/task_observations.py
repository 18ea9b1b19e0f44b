"""Good practices that judge what the code of tasks does: values over one kind of observation."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic

from audit.model.findings import Finding
from audit.model.observations.observation import Observation, Seen
from audit.model.target_facts import TargetFacts
from audit.model.test_files import is_test_file
from audit.rules.effective_settings import NO_TASK, short
from audit.rules.practice import Fault, failed, out_of_scope, passed, unknown
from audit.rules.rule import Guide


def _nothing(_: Observation) -> str:
    return ""


def _certain(_: TargetFacts, __: Observation) -> str:
    return ""


@dataclass(frozen=True)
class NotInTasks(Generic[Seen]):
    """A check that no function a task may run does what observations of `kind` show; `told` adds a French clause.

    `own`: only the task's own function counts, not what it calls. `sound` is the observation of what is well done: without
    any of either the rule does not concern the target, as `absent` says in French. `doubt` says in French why one that was
    seen may be none; those it speaks of are no defect, and nothing is established.
    """

    kind: type[Seen]
    guide: Guide
    title: str
    told: Callable[[Seen], str] = _nothing
    own: bool = False
    sound: type[Observation] | None = None
    absent: str = ""
    doubt: Callable[[TargetFacts, Seen], str] = _certain

    def __call__(self, known: TargetFacts) -> Sequence[Finding]:
        """One defect with every place; « indéterminé » without a task to read."""
        if known.source.failure or not tasks_read(known):
            return unknown(self.guide, known.source.failure or NO_TASK)
        doubts = [(o, self.doubt(known, o)) for o in known.source.observations_of(self.kind) if self._counts(known, o)]
        seen = [o for o, doubt in doubts if not doubt]
        sound = known.source.observations_of(self.sound) if self.sound else ()
        if self.sound and not doubts and not any(self._counts(known, o) for o in sound):
            return out_of_scope(self.guide, self.absent)
        if not seen and doubts:
            return unknown(self.guide, doubts[0][1])
        if not seen:
            return passed(self.guide, extent(known), known.source.evidence())
        faults = [Fault(_clause(known, o, self.told(o)), o.excerpt) for o in seen]
        return failed(self.guide, self.title, faults, *(known.source.evidence(o.excerpt) for o in seen[:3]))

    def _counts(self, known: TargetFacts, observation: Observation) -> bool:
        if self.own:
            return observation.symbol in known.task_symbols
        return task_of(known, observation.symbol) != ""


def tasks_read(known: TargetFacts) -> list[str]:
    """Symbols of the tasks that the source probe read, tests' own apart."""
    found = []
    for task in known.source.tasks:
        head = known.head(task.symbol)
        if head is None or not is_test_file(head.path, known.source.program):
            found.append(task.symbol)
    return found


def task_of(known: TargetFacts, symbol: str) -> str:
    """A task that may run this function, or one around it; empty when none was followed to it."""
    while symbol:
        if symbol in known.in_tasks:
            return known.in_tasks[symbol]
        symbol = symbol.rpartition(".<locals>.")[0]
    return ""


def extent(known: TargetFacts) -> str:
    """How much was read: tasks, and functions they may run."""
    tasks, functions = len(tasks_read(known)), len(known.in_tasks)
    return f"{tasks} tâche{'s' if tasks > 1 else ''}, {functions} fonction{'s' if functions > 1 else ''} lue{'s' if functions > 1 else ''}"


def _clause(known: TargetFacts, observation: Observation, told: str) -> str:
    name, task = short(observation.symbol), short(task_of(known, observation.symbol))
    where = f"`{name}`" if name == task or not task else f"`{name}`, que `{task}` appelle"
    return f"{where} : {told}" if told else where
