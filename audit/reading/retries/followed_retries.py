"""Follows a task once for each number of retries that it may have behind it, and notes what it asks for."""

import ast
from dataclasses import dataclass, field

from audit.model.unknown import UNKNOWN
from audit.reading.python.abstract_values import (
    BoundMethod,
    ClassValue,
    External,
    FunctionValue,
    Instance,
    Method,
    Namespace,
    Table,
    Value,
    exported,
    unwrap,
)
from audit.reading.python.frames import CallSite, ExhaustedError, Frame
from audit.reading.python.interpreter import Machine
from audit.reading.python.modules import Module
from audit.reading.retries.retry_calls import TaskCalls
from audit.reading.retries.retry_options import MOST, RetryOptions, count, is_number

# Tasks whose delays could be worked out took a third of it; without it, one task took what all the others have.
_STEPS_PER_RETRY = 12_000
Where = tuple[str, int, int]


@dataclass
class RetryCall:
    """One call of `retry`: the delay and the limit it asked for, at each number of retries; or as it is written."""

    node: ast.Call
    module: Module
    followed: bool = True
    asked: dict[int, list[tuple[Value, Value]]] = field(default_factory=dict)

    @property
    def where(self) -> Where:
        return self.module.source.path, self.node.lineno, self.node.col_offset


@dataclass
class FollowedTask:
    """One task, followed for each number of retries.

    `base`: a policy asked about something unknown is told the number of retries plus this; None: it is told nothing.
    """

    machine: Machine
    task: TaskCalls
    options: RetryOptions
    base: int | None = None
    calls: dict[Where, RetryCall] = field(default_factory=dict)
    retries: int = 0
    exhausted: bool = False
    myself: Instance | None = None

    def follow(self) -> "FollowedTask":
        """Follow the task until a further retry can tell no more."""
        machine, task = self.machine, self.task
        changed = "max_retries" in task.changed
        most = None if changed or task.asks_for_a_limit else count(self.options.limit)
        turns = range(MOST if most is None else min(max(most, 1), MOST))
        # One that cannot know how many retries it has behind it asks for the same delay each time.
        alike = self.base is None and not task.counts and not task.gives_itself
        machine.observers.insert(0, self._observe)
        machine.assume = self._assume
        try:
            for retries in turns:
                self.retries = retries
                self._follow_once()
                if not self._goes_on():
                    break
                if alike:
                    for call in self.calls.values():
                        call.asked.update(dict.fromkeys(turns, call.asked[0]))
                    break
        finally:
            machine.observers.remove(self._observe)
            machine.assume = None
        return self

    def _goes_on(self) -> bool:
        """Whether the task was read to its end, and a call was reached whose delay is known."""
        asked = [delay for call in self.calls.values() for delay, _ in call.asked.get(self.retries, [])]
        return not self.exhausted and any(unwrap(delay)[0] is not UNKNOWN for delay in asked)

    def _follow_once(self) -> None:
        """Follow the task for one number of retries: only its calls of `retry` when they are all that matters."""
        machine, function = self.machine, self.task.function
        request = Instance(External("celery.app.task.Context"), fields=Namespace({"retries": self.retries}))
        fields = Namespace({"request": request, "max_retries": self.options.limit})
        self.myself = Instance(External("celery.Task"), fields=fields)
        module = machine.project.modules[function.module]
        machine.new_entry(_STEPS_PER_RETRY)
        machine.undo_log.begin()
        try:
            if self.task.standing:
                self._evaluate(module)
            else:
                arguments = (self.myself,) if self.options.bound else ()
                machine.call_function(function, arguments, Table(), Frame(module, Namespace(), (Namespace(),)))
        except (ExhaustedError, RecursionError):
            self.exhausted = True
            for call in self.calls.values():
                call.asked.setdefault(self.retries, []).append((UNKNOWN, UNKNOWN))
        finally:
            machine.undo_log.end("")

    def _evaluate(self, module: Module) -> None:
        parameters = self.task.parameters
        for call in self.task.standing:
            names = Namespace(dict.fromkeys(parameters, UNKNOWN))
            names.update(dict.fromkeys(parameters[:1], self.myself if self.options.bound else UNKNOWN))
            self.machine.evaluate(self.machine, call, Frame(module, names, self.task.function.enclosing, "?"))

    def _observe(self, _: Machine, site: CallSite) -> Value:
        """Note a call of `retry` on the task being followed; it never returns: what comes after is not reached."""
        callee, node = site.callee, site.node
        if not isinstance(callee, Method) or callee.name != "retry" or not isinstance(node, ast.Call):
            return None
        if callee.receiver is not self.myself and not isinstance(callee.receiver, FunctionValue):
            return None
        call = RetryCall(node, site.frame.module)
        delay, limit = site.argument(5, "countdown", None), site.argument(6, "max_retries", None)
        if site.argument(4, "eta", None) is not None or site.keywords.opaque:
            delay = UNKNOWN
        own = self.myself.fields.get("max_retries") if self.myself else self.options.limit
        if limit is None and (own is not self.options.limit or site.keywords.opaque):
            limit = UNKNOWN if own is None or site.keywords.opaque else own
        self.calls.setdefault(call.where, call).asked.setdefault(self.retries, []).append((delay, limit))
        if site.keywords.get("throw") is not False:
            site.frame.ended = "raise"
        return UNKNOWN

    def _assume(self, callee: Value, arguments: tuple[Value, ...]) -> tuple[Value, ...]:
        """Ask a policy built on a sequence of numbers about the number of failures, not about something unknown."""
        if self.base is None or not isinstance(callee, BoundMethod) or not _has_one_sequence(callee.receiver):
            return arguments
        index = next((i for i, a in enumerate(arguments) if _is_open(a)), None)
        if index is None:
            return arguments
        return (*arguments[:index], self.retries + self.base, *arguments[index + 1 :])


def _is_open(value: Value) -> bool:
    value, _ = unwrap(value)
    outside = isinstance(value, Instance) and isinstance(value.cls, External)
    return value is UNKNOWN or outside or isinstance(value, Method)


def _has_one_sequence(receiver: Value) -> bool:
    """Whether an object was built with a sequence of numbers, by its constructor or its class, and only one."""
    if not isinstance(receiver, Instance):
        return False
    given = [*receiver.arguments, *receiver.keywords.values(), *receiver.fields.values()]
    if isinstance(receiver.cls, ClassValue):
        given += receiver.cls.names.values()
    sequences = [v for v in map(exported, given) if isinstance(v, tuple | list) and v and all(map(is_number, v))]
    return len({tuple(float(n) for n in v if is_number(n)) for v in sequences}) == 1
