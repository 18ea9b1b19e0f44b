"""Good practices that judge what the code of tasks does: values over one kind of observation."""

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic

from audit.french.typography import counted
from audit.model.call_closures import Closures
from audit.model.delegated_work import DelegatedWork
from audit.model.domains import Answer, Domain, conclude
from audit.model.findings import Finding
from audit.model.gaps import Doubt, Gap, UnrecognisedUse
from audit.model.observations.observation import Observation, Seen
from audit.model.target_facts import TargetFacts
from audit.rules.effective_settings import NO_TASK, short
from audit.rules.practice import Fault, answered, unknown
from audit.rules.rule import Guide

_QUOTED = 3


def _nothing(_: Observation) -> str:
    return ""


def _certain(_: TargetFacts, __: Observation) -> str:
    return ""


@dataclass(frozen=True)
class NotInTasks(Generic[Seen]):
    """A check that no function a task may run does what observations of `kind` show; `told` adds a French clause.

    `own`: only the task's own function counts, and those that it leaves all its work to. `sound` is the observation of what is well done: without
    any of either the rule does not concern the target, as `absent` says in French. `libraries` are those whose use, not
    recognised, is a gap then; so are functions whose name holds `named`. `each_module`: so is each module that uses one and
    holds nothing that is recognised, whatever the others hold. `doubt` says in French why one that was
    seen may be none; those it speaks of are no defect, and nothing is established.
    """

    kind: type[Seen]
    guide: Guide
    title: str
    told: Callable[[Seen], str] = _nothing
    own: bool = False
    sound: type[Observation] | None = None
    absent: str = ""
    libraries: frozenset[str] = frozenset()
    each_module: bool = False
    named: re.Pattern[str] | None = None
    doubt: Callable[[TargetFacts, Seen], str] = _certain

    def __call__(self, known: TargetFacts) -> Sequence[Finding]:
        """One defect with every place, one reservation for those behind an unknown receiver, or what could not be read."""
        if known.source.failure:
            return unknown(self.guide, known.source.failure)
        seen: dict[str, list[Seen]] = defaultdict(list)
        doubts: list[Gap] = []
        for observation in known.source.observations_of(self.kind):
            if doubt := self.doubt(known, observation):
                doubts += [Doubt(why=doubt)] if task_of(known, observation.symbol) else []
            else:
                seen[_outermost(known, observation.symbol)].append(observation)
        answer = self._answer(known, seen, tuple(doubts))
        quoted = [fault.excerpt for fault in (*answer.faults, *answer.possible)][:_QUOTED] or [None]
        evidence = [known.source.evidence(excerpt) for excerpt in quoted]
        return answered(self.guide, self.title, answer, *evidence, nothing=self.absent or "aucune tâche n'existe")

    def _answer(self, known: TargetFacts, seen: Mapping[str, Sequence[Seen]], doubts: tuple[Gap, ...]) -> Answer[Fault]:
        closures = known.closures
        work: DelegatedWork | Closures = known.delegated if self.own else closures
        chains = {**work.sure, **work.possible}
        members = [*chains]
        elsewhere = seen.keys() - {*members}
        hidden = [gap for symbol, gap in closures.unlikely.items() if symbol in elsewhere]
        opaque: tuple[Gap, ...] = closures.opaque if elsewhere else ()
        if isinstance(work, DelegatedWork):
            opaque = work.gaps
        gaps = (*doubts, *known.closure_gaps, *hidden, *opaque, *(() if closures.sure else (Doubt(why=NO_TASK),)))
        if self.sound is not None:
            sound = {_outermost(known, o.symbol) for o in known.source.observations_of(self.sound)}
            members = [s for s in members if s in seen or s in sound]
            if self.each_module or not members:
                recognised = self._paths_of(known, members)
                unread = unrecognised(known, self.libraries, self.named)
                gaps = (*gaps, *(gap for gap in unread if gap.path not in recognised))

        def faults(symbol: str) -> list[Fault]:
            chain = chains[symbol]
            return [Fault(_clause(chain, o, self.told(o)), o.excerpt) for o in seen.get(symbol, ())]

        return conclude(
            Domain(tuple(members), gaps, extent(known)),
            lambda symbol: faults(symbol) if symbol in work.sure else (),
            possible_of=lambda symbol: () if symbol in work.sure else faults(symbol),
        )

    def _paths_of(self, known: TargetFacts, members: Collection[str]) -> set[str]:
        """The files where these functions do what the check looks for, well or not."""
        kinds: tuple[type[Observation], ...] = (self.kind, *((self.sound,) if self.sound else ()))
        seen = [o for kind in kinds for o in known.source.observations_of(kind)]
        return {o.excerpt.path for o in seen if o.excerpt and _outermost(known, o.symbol) in members}


def unrecognised(
    known: TargetFacts, libraries: Collection[str], named: re.Pattern[str] | None
) -> tuple[UnrecognisedUse, ...]:
    """The modules that tasks run and that use one of these libraries, and the functions that bear such a name."""
    followed = known.closures.followed
    paths = dict.fromkeys(one.head.path for one in followed.values() if one.head)
    used = ((path, sorted(known.source.libraries.get(path, frozenset()) & {*libraries})) for path in paths)
    speaking = [(one.head, short(s)) for s, one in followed.items() if one.head and named and named.search(short(s))]
    return (
        *(UnrecognisedUse(path, 0, found[0]) for path, found in used if found),
        *(UnrecognisedUse(head.path, head.first_line, name) for head, name in speaking),
    )


def tasks_read(known: TargetFacts) -> list[str]:
    """Symbols of the tasks that the source probe read, tests' own apart."""
    return [
        task.symbol for task in known.source.tasks if task.symbol.partition(":")[0] not in known.source.test_modules
    ]


def task_of(known: TargetFacts, symbol: str) -> str:
    """A task that surely runs this function, or one around it; empty when none was followed to it."""
    return known.in_tasks.get(_outermost(known, symbol), "")


def _outermost(known: TargetFacts, symbol: str) -> str:
    """The function that was followed to: what a function defines is in its own text."""
    closures = known.closures
    while symbol not in closures.sure and symbol not in closures.possible and ".<locals>." in symbol:
        symbol = symbol.rpartition(".<locals>.")[0]
    return symbol


def extent(known: TargetFacts) -> str:
    """How much was read: tasks, and functions they may run."""
    functions = len(known.closures.sure) + len(known.closures.possible)
    return f"{counted(len(tasks_read(known)), 'tâche')}, {counted(functions, 'fonction')}"


def _clause(chain: Sequence[str], observation: Observation, told: str) -> str:
    name, task = short(observation.symbol), short(chain[0])
    where = f"`{name}`" if name == task else f"`{name}`, que `{task}` appelle"
    return f"{where} : {told}" if told else where
