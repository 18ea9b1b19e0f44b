"""All that the probes learned about one target, and the questions rules ask of it."""

import re
from collections.abc import Collection, Container, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from audit.model.call_closures import Closures, Subset, closures
from audit.model.delegated_work import DelegatedWork, delegated_work
from audit.model.domains import Domain
from audit.model.facts import BeatEntry, Facts, Function, Process, Route, Setting, Task
from audit.model.findings import Evidence, Excerpt, Level
from audit.model.gaps import ExcludedCode, Gap, LongExpression
from audit.model.observations.observation import CutShort, Observation, TaskObservation
from audit.model.quality_facts import QualityFacts
from audit.model.retries import RetryPolicy
from audit.target.target_file import Target


@dataclass(frozen=True)
class TargetFacts:
    """The facts a rule may read; `configuration` is None when the run stops at level source, `quality` outside family 10."""

    target: Target
    source: Facts
    configuration: Facts | None = None
    quality: QualityFacts | None = None

    @property
    def probes(self) -> tuple[Facts, ...]:
        """Probes that learned something, strongest first."""
        candidates = (self.configuration, self.source)
        return tuple(f for f in candidates if f is not None and not f.failure)

    @property
    def why_silent(self) -> str:
        """French reason why no probe learned anything, or why the strongest one failed; empty otherwise."""
        return next((f.failure for f in (self.configuration, self.source) if f is not None and f.failure), "")

    @property
    def settings_known(self) -> bool:
        """Whether some probe found a Celery configuration to read at all."""
        return any(facts.settings or facts.tasks for facts in self.probes)

    @property
    def celery_absence(self) -> Domain[str] | None:
        """What was read of a project that never names Celery; None where one does, or says of its parts which are there."""
        told = self.target
        said = told.celery_app or told.asgi_app or told.roles or told.absent
        return None if said else self.source.celery_absence

    def setting(self, name: str) -> Iterator[tuple[Setting, Facts]]:
        """The setting as each probe sees it, strongest probe first."""
        for facts in self.probes:
            if name in facts.settings:
                yield facts.settings[name], facts

    def function(self, symbol: str) -> Iterator[tuple[Function, Facts]]:
        """The function as each probe sees it, strongest probe first."""
        for facts in self.probes:
            if symbol in facts.functions:
                yield facts.functions[symbol], facts

    @cached_property
    def _heads(self) -> dict[str, Excerpt | None]:
        return {}

    def head(self, symbol: str) -> Excerpt | None:
        """The first lines of a function, as read in the source; None where they were not.

        Kept, when the function itself is not: beyond some thousands it would be read again for each rule.
        """
        if symbol not in self._heads:
            function = self.source.functions.get(symbol)
            self._heads[symbol] = function.head if function else None
        return self._heads[symbol]

    def reachable(
        self, symbol: str, beyond: frozenset[str] = frozenset(), already: Container[str] = ()
    ) -> tuple[Function, ...]:
        """The function and every function of the project it may call, breadth first, as read in the source.

        Functions of `beyond` are neither given nor followed, unless one is the start; those of `already` never are.
        """
        found: dict[str, Function] = {}
        queue = [symbol]
        while queue:
            current = queue.pop(0)
            if current in found or current in already:
                continue
            function = self.source.functions.get(current)
            if function is None:
                continue
            found[current] = function
            queue += [call.target for call in function.calls if call.target and call.target not in beyond]
        return tuple(found.values())

    @cached_property
    def task_symbols(self) -> frozenset[str]:
        """Symbols of the tasks' own functions, as read in the source."""
        return frozenset(task.symbol for task in self.source.tasks)

    @cached_property
    def served(self) -> frozenset[str]:
        """The functions that answer requests run, through calls whose callee is sure: endpoints and views, tasks apart."""
        functions, tests = self.source.functions, self.source.test_modules
        todo = [route.endpoint for facts in self.probes for route in facts.routes]
        todo += [symbol for symbol in self.source.views if symbol.partition(":")[0] not in tests]
        found = set[str]()
        while todo:
            symbol = todo.pop()
            if symbol not in found and symbol not in self.task_symbols and symbol in functions:
                found.add(symbol)
                todo += [call.target for call in functions[symbol].calls if call.target]
        return frozenset(found)

    @cached_property
    def closures(self) -> Closures:
        """The functions that the program's tasks run, surely or maybe, and the calls that nobody can follow."""
        tests = self.source.test_modules
        program = Subset(self.source.functions, lambda symbol: symbol.partition(":")[0] not in tests)
        found = closures(program, tuple(dict.fromkeys(t.symbol for t in self.source.tasks if t.symbol in program)))
        self._heads.update({symbol: one.head for symbol, one in found.followed.items()})
        return found

    @cached_property
    def _closures_from(self) -> dict[tuple[tuple[str, ...], frozenset[str]], Closures]:
        return {}

    def closures_from(self, starts: tuple[str, ...], apart: frozenset[str] = frozenset()) -> Closures:
        """What these functions run, as `closures` says of tasks; those of `apart` are not followed."""
        if (starts, apart) not in self._closures_from:
            tests = self.source.test_modules
            program = Subset(
                self.source.functions, lambda symbol: symbol.partition(":")[0] not in tests or symbol in starts
            )
            self._closures_from[starts, apart] = closures(program, starts, self.task_symbols, apart)
        return self._closures_from[starts, apart]

    @cached_property
    def loaded_files(self) -> frozenset[str]:
        """The files that a worker loads to run the functions that tasks run."""
        loading = self.source.loading
        pending = [one.head.path for one in self.closures.followed.values() if one.head]
        found: set[str] = set()
        while pending:
            path = pending.pop()
            if path not in found:
                found.add(path)
                pending += loading[path].files if path in loading else ()
        return frozenset(found)

    @cached_property
    def implied(self) -> Mapping[str, str]:
        """Functions that tasks may run though no call to them was followed, each with the one through which they may.

        They start from what Python and libraries call by themselves in the files that tasks load, and from what the own
        statements of these files mention.
        """
        loading = {path: self.source.loading[path] for path in self.loaded_files if path in self.source.loading}
        names = frozenset(name for one in loading.values() for name in one.names)
        starts = [s for one in loading.values() for s in one.implicit if s in self.source.functions]
        starts += [s for s in self.source.functions if s.partition(":")[2] in names]
        found: dict[str, str] = {}
        for start in starts:
            reached = closures(self.source.functions, (start,)) if start not in found else None
            found |= dict.fromkeys({*reached.sure, *reached.possible} - found.keys(), start) if reached else {}
        return found

    def cut_short(self, kinds: Collection[type[Observation]]) -> tuple[LongExpression, ...]:
        """The expressions too long to follow that may hide observations of these kinds, where such an observation would count."""
        found = []
        for one in self.source.observations:
            if isinstance(one, CutShort) and one.excerpt:
                hidden = [k for k in kinds if any(issubclass(h, k) or issubclass(k, h) for h in one.hides)]
                everywhere = not all(issubclass(kind, TaskObservation) for kind in hidden)
                if hidden and (everywhere or self._tasks_may_run(one.symbol, one.excerpt)):
                    found.append(LongExpression(one.excerpt.path, one.excerpt.first_line))
        return tuple(dict.fromkeys(found))

    def _tasks_may_run(self, symbol: str, place: Excerpt) -> bool:
        """Whether a call that was followed leads to a function, or to one around it; own statements, whether tasks load them."""
        if not symbol:
            return place.path in self.loaded_files
        around = [symbol]
        while ".<locals>." in around[-1]:
            around.append(around[-1].rpartition(".<locals>.")[0])
        return any(one in self.closures.followed for one in around)

    @cached_property
    def delegated(self) -> DelegatedWork:
        """The tasks, and the functions to which they leave all their work."""
        return delegated_work(self.source, self.closures, self.task_symbols)

    @property
    def in_tasks(self) -> Mapping[str, str]:
        """Symbols of the functions that a task surely runs, each with one task that does; as read in the source."""
        return {symbol: chain[0] for symbol, chain in self.closures.sure.items()}

    @cached_property
    def closure_gaps(self) -> tuple[Gap, ...]:
        """What hides code that tasks may run: files not read, imports that find nothing. Calls not followed are apart."""
        followed = self.closures.followed.values()
        paths = {one.head.path for one in followed if one.head}
        own = [gap for gap in self.source.gaps if not isinstance(gap, ExcludedCode) or gap.path in paths]
        inside = [gap for one in followed for gap in one.gaps]
        return tuple(dict.fromkeys((*own, *inside)))

    def task_names(self, symbol: str) -> frozenset[str]:
        """The names under which probes saw this function registered as a task."""
        return frozenset(t.name for facts in self.probes for t in facts.tasks if t.symbol == symbol and _named(t))

    def beat_of(self, symbol: str) -> Iterator[tuple[tuple[BeatEntry, ...], Facts]]:
        """The beat entries that run this task, per probe that can tell all of them; none when the schedule lacks it."""
        for facts in self.probes:
            if not facts.beat_known:
                continue
            tasks = [t for t in facts.tasks if t.symbol == symbol]
            # What the imported application does not register, nothing runs, unless a part of it failed to import.
            names = frozenset(t.name for t in tasks)
            told = bool(tasks) and all(_named(t) for t in tasks)
            unregistered = facts.level > Level.SOURCE and bool(self.task_names(symbol)) and not facts.failures
            if told or unregistered or not facts.beat:
                yield tuple(e for e in facts.beat if e.task in names), facts

    def route_of(self, symbol: str) -> Iterator[tuple[Route, Facts]]:
        """The route served by this endpoint, per probe that found it."""
        for facts in self.probes:
            for route in facts.routes:
                if route.endpoint == symbol:
                    yield route, facts
                    break

    def processes(self, role: str) -> tuple[Process, ...]:
        """Processes of the process files that play this role (`worker`, `beat`, `web`)."""
        return tuple(p for p in self.source.processes if role in p.role.split("+"))

    @property
    def workers(self) -> tuple[Process, ...]:
        """Workers of the target's Celery application; those whose application cannot be told are among them."""
        return tuple(p for p in self.celery_processes if "worker" in p.role.split("+"))

    @property
    def celery_processes(self) -> tuple[Process, ...]:
        """Workers and beats of the target's Celery application, in the order of the files."""
        module = self.target.celery_app.partition(":")[0]
        played = (p for p in self.source.processes if {"worker", "beat"} & set(p.role.split("+")))
        return tuple(p for p in played if _may_be(p.options.get("app", ""), module))

    @property
    def celery_application(self) -> str:
        """The Celery application that the source has: the one declared, else the only one; empty when it is neither."""
        found = {a.symbol for a in self.source.applications if a.kind == "celery"}
        if declared := self.target.celery_app:
            return declared if declared in found else ""
        return found.pop() if len(found) == 1 else ""

    def retries(self, symbol: str) -> RetryPolicy | None:
        """How this task is retried, as read in the source; None where it is no task, or was not read."""
        return next((policy for policy in self.source.retries if policy.task == symbol), None)

    def source_evidence(self, function: Function) -> Evidence:
        """Evidence that quotes the head of a function."""
        return self.source.evidence(function.head, fonction=function.symbol)


def _named(task: Task) -> bool:
    """Whether the name is the one the task has: where the decorator's could not be read, it is only the default."""
    return bool(task.options.get("name", task.name) == task.name)


def _may_be(option: str, module: str) -> bool:
    """Whether `celery -A option` may be the application of this module, as Celery and the working directory allow."""
    written = option.partition(":")[0]
    if not module or not written or not re.fullmatch(r"[\w.]+", written):
        return True
    # A package stands for its `celery` module; an attribute may follow a dot; the script may have changed directory.
    return (
        f".{module}.".startswith(f".{written}.")
        or f"{written}.".startswith(f"{module}.")
        or module.endswith(f".{written}")
    )
