"""What stands around the body of a task: its decorators, and the `__call__` of its class."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from audit.model.observations.failure_handling import Fate, SwallowedError
from audit.model.unknown import UNKNOWN
from audit.model.word_tables import word_list
from audit.reading.behaviour.exception_handlers import (
    BROAD,
    Raises,
    context_fate,
    hands_on_sometimes,
    inside,
    scope_of,
    worst,
)
from audit.reading.behaviour.scope import Scope, last
from audit.reading.behaviour.swallowed_errors import is_silent
from audit.reading.behaviour.told_failures import hands_on
from audit.reading.celery.task_definitions import default_base, task_decoration
from audit.reading.python.abstract_values import (
    ClassValue,
    Decoration,
    External,
    FunctionValue,
    Instance,
    Method,
    Value,
    unwrap,
)
from audit.reading.python.child_nodes import walk
from audit.reading.python.classes import class_attribute
from audit.reading.python.interpreter import Machine

# Decorators of other packages that let every exception through.
_HARMLESS = word_list("""
    functools. typing. django.db.transaction. django.utils. sentry_sdk. newrelic. ddtrace. opentelemetry.
    prometheus_client.
""")


@dataclass(frozen=True)
class Surroundings:
    """What Celery runs around a task: its class, and the decorators below the one that makes it a task.

    `decoration` is that one; None for the `run` of a registered class.
    """

    function: FunctionValue
    decoration: Decoration | None
    base: Value
    below: tuple[Decoration, ...]

    def fates(self, scope: Scope, caught: frozenset[str]) -> list[Fate]:
        """What each makes of an exception of the task's own body that is one of these classes."""
        fates = [_decorator_fate(scope, decoration, caught) for decoration in self.below]
        return [*fates, _call_fate(scope, self.base, caught)] if isinstance(self.base, ClassValue) else fates


def surroundings(machine: Machine) -> dict[str, Surroundings]:
    """What stands around each task, by its symbol; around the first one where two have the same."""
    found: dict[str, Surroundings] = {}
    for function in machine.decorated:
        if function.symbol not in found and (decoration := task_decoration(machine, function)):
            below = _below(function, decoration, own=function.symbol in machine.made_tasks)
            base = unwrap(decoration.keywords.get("base", default_base(machine, decoration)))[0]
            found[function.symbol] = Surroundings(function, decoration, base, below)
    for instance in machine.registered:
        run = class_attribute(instance.cls, "run") if isinstance(instance.cls, ClassValue) else UNKNOWN
        if isinstance(run, FunctionValue):
            found[run.symbol] = Surroundings(run, task_decoration(machine, run), instance.cls, run.decorators)
    return found


def _below(function: FunctionValue, decoration: Decoration, *, own: bool) -> tuple[Decoration, ...]:
    """The decorators under the one that makes a task; that one too where it is the target's `own`, and all where a call makes it."""
    places = [d.node for d in function.decorators]
    at = places.index(decoration.node) if decoration.node in places else 0
    return function.decorators[at if own else at + 1 :]


class SwallowingWrappers:
    """A watcher of the functions that are tasks."""

    def __init__(self, machine: Machine) -> None:
        self._tasks = surroundings(machine)
        self.modules = {task.function.module for task in self._tasks.values()}

    def __call__(self, scope: Scope) -> Iterator[SwallowedError]:
        """What surrounds the task catches every error."""
        task = self._tasks.get(scope.symbol)
        fates = task.fates(scope, BROAD) if task else []
        if task and Fate.LOST in fates:
            lost = [d.node for d in task.below if _decorator_fate(scope, d, BROAD) is Fate.LOST]
            silent = next((node for node in lost if is_silent(scope, node)), None)
            doubt = "" if silent else "un décorateur ou une classe de base qui attrape toute exception"
            how = f"le décorateur `{_named(silent)}` tait toute erreur" if silent else ""
            base = "" if lost or not isinstance(task.base, ClassValue) else task.base.node.name
            how = f"la classe de base `{base}` attrape toute erreur, puis laisse finir la tâche" if base else how
            yield scope.observed(SwallowedError, scope.root, how=how, doubt=doubt, ends=bool(base))
        elif task and (unclear := next((d.node for d in task.below if _may_swallow(scope, d)), None)):
            doubt = f"un décorateur `{_named(unclear)}`, qui tait peut-être l'erreur"
            yield scope.observed(SwallowedError, scope.root, how="", doubt=doubt)
        elif task and isinstance(task.base, ClassValue) and _keeps_some_errors(task.base):
            doubt = f"une classe de base, `{task.base.node.name}`, dont `__call__` tait certaines erreurs"
            yield scope.observed(SwallowedError, scope.root, how="", doubt=doubt)


def _keeps_some_errors(cls: ClassValue) -> bool:
    """Whether the `__call__` of a class of tasks catches some error of theirs, whichever, and does not hand it on."""
    method = class_attribute(cls, "__call__")
    tries = [n for n in walk(method.node) if isinstance(n, ast.Try)] if isinstance(method, FunctionValue) else []
    around = [
        t for t in tries if any(isinstance(n, ast.Call) and last(n.func) in {"__call__", "run"} for n in inside(t.body))
    ]
    return any(not any(map(hands_on, inside(h.body))) for t in around for h in t.handlers)


def _may_swallow(scope: Scope, decoration: Decoration) -> bool:
    """Whether a decorator of the project hands an error on in some cases only."""
    callee = decoration.callee
    if not isinstance(callee, FunctionValue | ClassValue):
        return False
    if _is_a_manager(callee):
        return hands_on_sometimes(scope, decoration.node)
    tried = any(isinstance(n, ast.ExceptHandler) for n in walk(callee.node))
    return tried and bool(_decorator_fate(scope, decoration, BROAD))


def _named(decorator: ast.expr) -> str:
    return last(decorator.func if isinstance(decorator, ast.Call) else decorator)


def _decorator_fate(scope: Scope, decoration: Decoration, caught: frozenset[str]) -> Fate:
    """What a decorator makes of an exception of the function it wraps; unclear when it could not be read."""
    callee = decoration.callee
    if _is_a_manager(callee):
        return context_fate(scope, decoration.node, caught)
    if isinstance(callee, FunctionValue):
        return _wrapper_fate(scope, callee, caught)
    if isinstance(callee, ClassValue):
        method = class_attribute(callee, "__call__")
        if not isinstance(method, FunctionValue):
            return Fate.UNCLEAR
        return _fate(scope, method, lambda n: isinstance(n, ast.Call) and _is_held(n.func), caught)
    return Fate.HANDED_ON if told_of(callee).startswith(_HARMLESS) else Fate.UNCLEAR


def _is_a_manager(callee: Value) -> bool:
    """Whether a context manager decorates: one made of a function, or a class that has no `__call__` of its own."""
    if isinstance(callee, FunctionValue):
        return callee.decorated_by("contextmanager", "asynccontextmanager")
    return (
        isinstance(callee, ClassValue)
        and class_attribute(callee, "__call__") is UNKNOWN
        and class_attribute(callee, "__exit__") is not UNKNOWN
    )


def told_of(callee: Value) -> str:
    """Dotted name of what comes from another package; empty for anything else."""
    if isinstance(callee, Method):
        receiver = unwrap(callee.receiver)[0]
        holder = receiver.cls if isinstance(receiver, Instance) else receiver
        return f"{holder.dotted}.{callee.name}" if isinstance(holder, External) else ""
    return callee.dotted if isinstance(callee, External) else ""


def _call_fate(scope: Scope, cls: ClassValue, caught: frozenset[str]) -> Fate:
    """What the `__call__` of a class of tasks makes of an exception of the task."""
    method = class_attribute(cls, "__call__")
    if not isinstance(method, FunctionValue):
        return Fate.HANDED_ON
    return _fate(scope, method, lambda n: isinstance(n, ast.Call) and last(n.func) in {"__call__", "run"}, caught)


def _fate(scope: Scope, function: FunctionValue, raises: Raises, caught: frozenset[str]) -> Fate:
    if not any(map(raises, walk(function.node))):
        return Fate.UNCLEAR
    return worst(scope_of(scope, function), raises, caught)


def _wrapper_fate(scope: Scope, decorator: FunctionValue, caught: frozenset[str]) -> Fate:
    functions = [n for n in walk(decorator.node) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    given = {a.arg for f in functions for a in (*f.args.posonlyargs, *f.args.args)}
    # One that only notes the function, and gives it back, wraps nothing.
    returned = [n.value for n in inside(functions[0].body) if isinstance(n, ast.Return)] if functions else []
    if len(functions) == 1 and returned and all(isinstance(v, ast.Name) and v.id in given for v in returned):
        return Fate.HANDED_ON
    return _fate(
        scope,
        decorator,
        lambda n: isinstance(n, ast.Call) and isinstance(n.func, ast.Name) and n.func.id in given,
        caught,
    )


def _is_held(node: ast.expr) -> bool:
    return isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self"
