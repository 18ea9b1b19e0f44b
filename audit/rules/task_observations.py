"""Good practices that judge what the code of tasks does: values over one kind of observation."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Generic

from audit.model.domains import conclude
from audit.model.findings import Finding
from audit.model.gaps import Doubt
from audit.model.observations.messages import SignalReceiver
from audit.model.observations.observation import Observation, Seen
from audit.model.target_facts import TargetFacts
from audit.rules.domains.setting_domain import place_of
from audit.rules.domains.task_domain import Reached, Uses, in_a_task, recognised_in_tasks, run_by_tasks
from audit.rules.effective_settings import NO_TASK, short
from audit.rules.practice import Fault, answered
from audit.rules.rule import Guide

_QUOTED = 3


def _nothing(_: Observation) -> str:
    return ""


def _certain(_: TargetFacts, __: Observation) -> str:
    return ""


def _never(_: Observation) -> bool:
    return False


def _always(_: TargetFacts, __: Observation) -> bool:
    return True


@dataclass(frozen=True)
class NotInTasks(Generic[Seen]):
    """A check that no function a task may run does what observations of `kind` show; `told` adds a French clause.

    `own`: only the task's own function counts, and those that it leaves all its work to. `sound` is the observation of what is well done: without
    any of either the rule does not concern the target, as `absent` says in French. `libraries` are those whose use, not
    recognised, is a gap then; so are functions whose name holds `named`. `each_module`: so is each module that uses one and
    holds nothing that is recognised, whatever the others hold. `wider` are libraries that count behind an unknown call only. `doubt` says in French why one that was
    seen may be none; those it speaks of are no defect, and nothing is established. `concerns`: those that it does not are left out.
    `reserved`: those that are no defect, but a reservation.
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
    wider: frozenset[str] = frozenset()
    named: re.Pattern[str] | None = None
    doubt: Callable[[TargetFacts, Seen], str] = _certain
    concerns: Callable[[TargetFacts, Seen], bool] = _always
    reserved: Callable[[Seen], bool] = _never

    def __call__(self, known: TargetFacts) -> Sequence[Finding]:
        """One defect with every place, one reservation for those behind an unknown receiver, or what could not be read."""
        seen = [o for o in known.source.observations_of(self.kind) if self.concerns(known, o)]
        doubts = {o: doubt for o in seen if (doubt := self.doubt(known, o))}
        if self.sound is None:
            domain = run_by_tasks(known, seen, own=self.own)
        else:
            uses = Uses(self.libraries, self.named.search if self.named else None, self.each_module, self.wider)
            domain = recognised_in_tasks(known, seen, known.source.observations_of(self.sound), uses)
        reached = {o for member in domain.members for o in member.seen}
        doubted = [o for o in doubts if o in reached or in_a_task(known, o.symbol)]
        gaps = tuple(Doubt(*place_of(o.excerpt), why=doubts[o]) for o in doubted)
        certain = [replace(m, seen=tuple(o for o in m.seen if o not in doubts)) for m in domain.members]
        domain = replace(domain, members=tuple(certain), gaps=(*gaps, *domain.gaps))
        signals = _around_tasks(known)
        answer = conclude(
            domain,
            lambda member: self._faults(member, signals, sure=True) if member.sure else (),
            possible_of=lambda member: self._faults(member, signals, sure=False),
        )
        quoted = [fault.excerpt for fault in (*answer.faults, *answer.possible)][:_QUOTED] or [None]
        evidence = [known.source.evidence(excerpt) for excerpt in quoted]
        # Where the rule speaks of something, how many functions do it is what a reader finds again.
        detail = f"{domain.read}, dont {len(domain.members)} où il y en a" if self.sound else ""
        nothing = self.absent or NO_TASK
        return answered(self.guide, self.title, answer, *evidence, nothing=nothing, detail=detail)

    def _faults(self, member: Reached[Seen], signals: Mapping[str, str], *, sure: bool) -> list[Fault]:
        """What is certain of a function that tasks run for sure, or the rest."""
        certain = [member.sure and not self.reserved(o) for o in member.seen]
        kept = [o for o, is_certain in zip(member.seen, certain, strict=True) if is_certain is sure]
        return [Fault(clause(member, o, self.told(o), signals), o.excerpt) for o in kept]


def clause(member: Reached[Seen], observation: Seen, told: str, signals: Mapping[str, str]) -> str:
    """Where it was seen, by which task it is run, or by which of the signals around it, and what is told of it."""
    name, task = short(observation.symbol), short(member.chain[0])
    signal = signals.get(member.chain[1], "") if len(member.chain) > 1 else ""
    run = f"que le signal `{signal}` lance autour de `{task}`" if signal else f"que `{task}` appelle"
    where = f"`{name}`" if name == task else f"`{name}`, {run}"
    return f"{where} : {told}" if told else where


def _around_tasks(known: TargetFacts) -> dict[str, str]:
    """Celery's signals that run with a task, by the functions that receive them."""
    seen = known.source.observations_of(SignalReceiver)
    return {o.symbol: name for o in seen for name in o.signals if o.symbol and name.startswith("task_")}
