"""What rules quantify over when they speak of tasks and of what their code does, with the gaps in which more may hide."""

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic

from audit.french.typography import counted
from audit.model.delegated_work import DelegatedWork
from audit.model.domains import Domain
from audit.model.facts import Facts, Task
from audit.model.gaps import Doubt, ExcludedCode, Gap, LoadedCode, UnrecognisedUse
from audit.model.observations.failure_handling import RetryFunction
from audit.model.observations.messages import (
    DelayedMessage,
    DirectPublication,
    PublishedMessage,
    UncommittedPublication,
)
from audit.model.observations.observation import Observation, Seen
from audit.model.retries import RetryPolicy, RetrySchedule
from audit.model.target_facts import TargetFacts
from audit.model.test_files import is_test_file
from audit.rules.effective_settings import NO_TASK, production_tasks, short


@dataclass(frozen=True)
class Reached(Generic[Seen]):
    """A function that tasks run, with what was seen in it; `chain` leads to it, a task first. `sure`: no receiver is guessed."""

    symbol: str
    chain: tuple[str, ...]
    sure: bool
    seen: tuple[Seen, ...]


@dataclass(frozen=True)
class Uses:
    """What marks the use of a thing that the reading may not recognise: libraries, or words in the name of a function.

    `each_module`: each module that uses one and holds nothing recognised is a gap, whatever the others hold. `wider`:
    libraries that serve much else too, and count only behind a call that nobody can follow.
    """

    libraries: Collection[str] = ()
    named: Callable[[str], object] | None = None
    each_module: bool = False
    wider: Collection[str] = ()

    def in_tasks(self, known: TargetFacts) -> tuple[UnrecognisedUse, ...]:
        """The modules that tasks run and that use one of these libraries, and the functions that bear or call such a name."""
        followed = known.closures.followed
        paths = dict.fromkeys(one.head.path for one in followed.values() if one.head)
        speaking = [
            self._called(known, s) or UnrecognisedUse(o.head.path, o.head.first_line, short(s))
            for s, o in followed.items()
            if o.head and self.named and (self.named(short(s)) or self.named(o.calls))
        ]
        return (*self._in_files(known, paths), *speaking)

    def _called(self, known: TargetFacts, symbol: str) -> UnrecognisedUse | None:
        """The call of a function that bears such a name, where it stands."""
        function = known.source.functions.get(symbol)
        plain = [c for c in function.calls if c.excerpt and c.name.replace(".", "").isidentifier()] if function else []
        calls = [c for c in plain if self.named and self.named(c.name)]
        place = calls[0].excerpt if calls else None
        return UnrecognisedUse(place.path, place.first_line, calls[0].name) if place else None

    def in_program(self, known: TargetFacts) -> tuple[UnrecognisedUse, ...]:
        """Every module of the program, tests apart, that uses one of these libraries."""
        program = known.source.program
        paths = [path for path in known.source.libraries if not is_test_file(path, program)]
        return self._in_files(known, paths, self.wider)

    def _in_files(
        self, known: TargetFacts, paths: Iterable[str], wider: Collection[str] = ()
    ) -> tuple[UnrecognisedUse, ...]:
        wanted = {*self.libraries, *wider}
        used = ((p, sorted(known.source.libraries.get(p, frozenset()) & wanted)) for p in paths)
        return tuple(UnrecognisedUse(path, 0, found[0]) for path, found in used if found)


def program_gaps(known: TargetFacts) -> tuple[Gap, ...]:
    """Where a task or a publication may be that was not read; a project without any task was not read well."""
    if known.source.failure:
        return (Doubt(why=known.source.failure),)
    own = tuple(gap for gap in known.source.gaps if not isinstance(gap, ExcludedCode))
    return own if known.source.tasks or known.source.without_celery else (*own, Doubt(why=NO_TASK))


def tasks(
    known: TargetFacts, concerned: Callable[[Task], bool], doubts: Sequence[Gap] = ()
) -> Domain[tuple[Task, Facts]]:
    """The tasks that a rule concerns, as the strongest probe saw each, tests' own apart; an import leaves no file unread."""
    every = production_tasks(known)
    found = tuple((task, facts) for task, facts in every if concerned(task))
    gaps = program_gaps(known)
    if every and all(facts is known.configuration and not facts.failures for _, facts in every):
        gaps = ()
    return Domain(found, (*doubts, *gaps), counted(len(every), "tâche"))


def run_by_tasks(
    known: TargetFacts,
    observations: Iterable[Seen],
    *,
    doubts: Sequence[Gap] = (),
    own: bool = False,
    only: Collection[str] | None = None,
) -> Domain[Reached[Seen]]:
    """All the functions that tasks run, each with its observations. `own`: only tasks, and what they leave all their work to.

    `only`: the members kept, by symbol. A call that nobody can follow is a gap where something was seen that no task is known to run.
    """
    seen: dict[str, list[Seen]] = defaultdict(list)
    for observation in observations:
        seen[outermost(known, observation.symbol)].append(observation)
    closures = known.closures
    work = known.delegated if own else closures
    chains = {s: chain for s, chain in {**work.sure, **work.possible}.items() if s not in closures.guessed}
    elsewhere = seen.keys() - chains.keys()
    by_name = {
        **closures.unlikely,
        **{s: call for s, call in closures.guessed.items() if not own or s in work.possible},
    }
    # Who leaves all its work to a guess may leave it to something else.
    left = {s for s in closures.guessed if own and s in work.possible}
    hidden: list[Gap] = [gap for symbol, gap in by_name.items() if symbol in elsewhere | left]
    if not own:
        hidden += _loaded(known, [o for symbol in sorted(elsewhere) for o in seen[symbol]])
    opaque: tuple[Gap, ...] = closures.opaque if elsewhere else ()
    if isinstance(work, DelegatedWork):
        opaque = work.gaps
    gaps = (*doubts, *known.closure_gaps, *hidden, *opaque)
    if known.source.failure:
        gaps = (Doubt(why=known.source.failure),)
    elif not closures.sure and not known.source.without_celery:
        gaps = (*gaps, Doubt(why=NO_TASK))
    members = [s for s in chains if only is None or s in only or s in seen]
    reached = tuple(Reached(s, tuple(chains[s]), s in work.sure, tuple(seen.get(s, ()))) for s in members)
    return Domain(reached, gaps, extent(known))


def _loaded(known: TargetFacts, elsewhere: Sequence[Observation]) -> Iterator[LoadedCode]:
    """Those that stand where no call is seen: in a module's own statements, or in a function that tasks run by none that was followed."""
    for observation in elsewhere:
        symbol, place = observation.symbol, observation.excerpt
        outer, nested, _ = symbol.partition(".<locals>")
        if place is None or (symbol and known.closures.opaque):
            # A call that nobody can follow is a gap already, and to follow the rest takes time.
            continue
        made = nested and place.path in known.loaded_files and is_named_at_import(known, short(outer))
        if made or (place.path in known.loaded_files if not symbol else {symbol, outer} & known.implied.keys()):
            yield LoadedCode(place.path, place.first_line, short(symbol))


def is_named_at_import(known: TargetFacts, name: str) -> bool:
    """Whether the own statements of a file that tasks load mention a function, or the class of a method: what it makes may be kept."""
    own, _, last = name.rpartition(".")
    loading = known.source.loading
    return any({last, own} & loading[path].names for path in known.loaded_files if path in loading)


def recognised_in_tasks(
    known: TargetFacts, wrong: Iterable[Seen], right: Iterable[Observation], uses: Uses, doubts: Sequence[Gap] = ()
) -> Domain[Reached[Seen]]:
    """The functions that tasks run and that do a thing well or not; uses that are not recognised are gaps."""
    sound = {outermost(known, o.symbol) for o in right}
    found = run_by_tasks(known, wrong, doubts=doubts, only=sound)
    if found.members and not uses.each_module:
        return found
    seen: tuple[Observation, ...] = (*wrong, *right)
    # What a guess only leads to is recognised all the same.
    followed = known.closures.followed
    recognised = {
        o.excerpt.path for o in seen if o.excerpt and (not o.symbol or outermost(known, o.symbol) in followed)
    }
    # A call that nobody can follow may run any module of the program.
    beyond = uses.in_program(known) if not found.members and known.closures.opaque else ()
    unread = [gap for gap in dict.fromkeys((*uses.in_tasks(known), *beyond)) if gap.path not in recognised]
    return Domain(found.members, (*found.gaps, *unread), found.read)


def publications(
    known: TargetFacts, seen: Sequence[Observation] = (), doubts: Sequence[Gap] = ()
) -> Domain[Observation]:
    """What is published, anywhere in the program; `seen` are observations of publications that a rule judges."""
    told = known.source.observations_of(PublishedMessage)
    places = {message.excerpt for message in told}
    # A canvas publishes the tasks of its signatures.
    canvases: list[Observation] = [*known.source.observations_of(DirectPublication)]
    canvases += known.source.observations_of(UncommittedPublication)
    messages = (*told, *(one for one in canvases if one.excerpt not in places))
    members: tuple[Observation, ...] = (*seen, *messages)
    again = sum(message.method == "retry" for message in told)
    read = counted(len(messages) - again, "publication") + (f" et {counted(again, 'reprise')}" if again else "")
    return Domain(members, (*doubts, *_unseen(known, members), *program_gaps(known)), read)


def _unseen(known: TargetFacts, members: Sequence[Observation]) -> tuple[Doubt, ...]:
    """Tasks that something publishes, though nothing was seen to; beat publishes those of its schedule."""
    planned = {entry.task for facts in known.probes for entry in facts.beat}
    waiting = [task for task, _ in production_tasks(known) if task.name not in planned]
    if members or not waiting:
        return ()
    return (Doubt(why=f"rien de ce qui a été lu ne publie `{short(waiting[0].symbol)}`"),)


def _otherwise(policy: RetryPolicy) -> bool:
    """Whether something that was not read may retry this task; a task that publishes itself again is not retried."""
    return bool(policy.otherwise) and not policy.republishes


def retry_policies(known: TargetFacts, doubts: Sequence[Gap] = (), *, within: bool = False) -> Domain[RetryPolicy]:
    """The tasks that ask to be retried; one that something else may retry is a gap, from inside its code where `within`."""
    read = {*tasks_read(known)}
    policies = [policy for policy in known.source.retries if policy.task in read]
    helped = [
        Doubt(why=f"`{short(p.task)}` : {p.otherwise}")
        for p in policies
        if _otherwise(p) and not (p.calls_retry or (within and p.around))
    ]
    members = tuple(policy for policy in policies if policy.calls_retry)
    return Domain(members, (*doubts, *helped, *program_gaps(known)), counted(len(read), "tâche"))


def retry_schedules(known: TargetFacts, doubts: Sequence[Gap] = ()) -> Domain[RetrySchedule]:
    """What each call of `retry` and each automatic retry asks for; a task that something else may retry is a gap."""
    read = {*tasks_read(known)}
    policies = [policy for policy in known.source.retries if policy.task in read]
    helped = [Doubt(why=f"`{short(p.task)}` : {p.otherwise}") for p in policies if _otherwise(p) and not p.schedules]
    members = tuple(schedule for policy in policies for schedule in policy.schedules)
    return Domain(members, (*doubts, *helped, *program_gaps(known)), counted(len(read), "tâche"))


def tested_retries(known: TargetFacts) -> Domain[RetryFunction]:
    """The functions that work out a retry's delay and that tests call."""
    read = len(known.source.functions)
    gaps = tuple(gap for gap in known.source.gaps if not isinstance(gap, ExcludedCode))
    if known.source.failure or not read:
        gaps = (Doubt(why=known.source.failure or "aucun code Python n'a été lu"),)
    aside = [path for path, _ in known.source.unread if is_test_file(f"{path}/any.py")]
    if aside:
        gaps = (*gaps, Doubt(why=f"les tests de `{aside[0]}` n'ont pas été lus"))
    tested = tuple(o for o in known.source.observations_of(RetryFunction) if o.tested)
    return Domain(tested, gaps, counted(read, "fonction"))


def task_modules(known: TargetFacts, observations: Iterable[Seen]) -> Domain[tuple[str, tuple[Seen, ...]]]:
    """The files whose functions tasks run, each with what was seen in it: a worker imports them."""
    followed = known.closures.followed
    paths = dict.fromkeys(head.path for s in known.closures.sure if (head := followed[s].head))
    seen = [(o.excerpt.path, o) for o in observations if o.excerpt]
    members = tuple((path, tuple(o for at, o in seen if at == path)) for path in paths)
    loaded = [(path, o) for path, o in seen if path not in paths and path in known.loaded_files]
    gaps = (
        *(LoadedCode(path, o.excerpt.first_line if o.excerpt else 0) for path, o in loaded),
        *known.closure_gaps,
        *program_gaps(known),
    )
    return Domain(members, tuple(dict.fromkeys(gaps)), counted(len(members), "module"))


def published_task(known: TargetFacts, message: PublishedMessage | DelayedMessage) -> str:
    """The task of a message, as it is told: that of the function itself where it publishes through `self`; empty when unknown."""
    through_self = message.excerpt is not None and re.search(rf"\bself\.{message.method}\(", message.excerpt.text)
    own = message.symbol if through_self and message.symbol in known.task_symbols else ""
    return message.task or own


def tasks_read(known: TargetFacts) -> list[str]:
    """Symbols of the tasks that the source probe read, tests' own apart."""
    return [
        task.symbol for task in known.source.tasks if task.symbol.partition(":")[0] not in known.source.test_modules
    ]


def tasks_running(known: TargetFacts, symbol: str) -> frozenset[str]:
    """Every task that surely runs this function."""
    closures = known.closures
    callers: Mapping[str, set[str]] = defaultdict(set)
    for caller in closures.sure:
        for callee in closures.followed[caller].callees:
            callers[callee].add(caller)
    starts = {chain[0] for chain in closures.sure.values()}
    found, pending = set(), [outermost(known, symbol)]
    while pending:
        current = pending.pop()
        if current not in found:
            found.add(current)
            # A task that another calls in its own process is followed on its own account.
            pending += () if current in starts else callers[current]
    return frozenset(found & starts)


def outermost(known: TargetFacts, symbol: str) -> str:
    """The function that was followed to: what a function defines is in its own text."""
    closures = known.closures
    while symbol not in closures.sure and symbol not in closures.possible and ".<locals>." in symbol:
        symbol = symbol.rpartition(".<locals>.")[0]
    return symbol


def in_a_task(known: TargetFacts, symbol: str) -> bool:
    """Whether a task surely runs this function, or one around it."""
    return outermost(known, symbol) in known.closures.sure


def extent(known: TargetFacts) -> str:
    """How much was read: tasks, and functions they may run."""
    functions = len(known.closures.sure) + len(known.closures.possible)
    return f"{counted(len(tasks_read(known)), 'tâche')}, {counted(functions, 'fonction')}"
