"""One policy a task: its automatic retries, what its calls of `retry` ask for, what becomes of what they raise."""

import ast
import builtins
import re

from audit.model.observations.failure_handling import Fate
from audit.model.retries import RetryPolicy
from audit.model.unknown import UNKNOWN
from audit.reading.behaviour.enclosing_statements import Surroundings, surroundings, told_of
from audit.reading.behaviour.exception_handlers import RETRY, worst
from audit.reading.behaviour.scope import function_scope, last
from audit.reading.celery.task_definitions import is_celery_s
from audit.reading.python.abstract_values import BoundMethod, ClassValue, Decoration, External, FunctionValue, Value
from audit.reading.python.child_nodes import walk
from audit.reading.python.classes import class_attribute, lineage
from audit.reading.python.interpreter import Machine
from audit.reading.retries.retry_calls import TaskCalls, given_one_of
from audit.reading.retries.retry_delays import asked_schedules
from audit.reading.retries.retry_options import automatic_schedules

_RETRIES = re.compile(r"retry|retries|backoff|tenacity|stamina|resilient", re.IGNORECASE)
_RAISED = (
    "un `except` autour de `self.retry()` ne relance l'exception que dans certains cas, "
    "ou ce qu'il attrape ne se lit pas"
)
_WRAPPED = "un décorateur ou une classe de base de la tâche peut rattraper l'exception de `self.retry()`"
_DEPTH = 3
_HANDED = "la tâche confie `self` à une fonction qui peut réessayer, sous un `except` qui l'attrape"


def read_retries(machine: Machine) -> tuple[RetryPolicy, ...]:
    """The policy of every task that was met, in the order of their symbols."""
    tasks = sorted(surroundings(machine).items())
    calls = {symbol: TaskCalls(task.function) for symbol, task in tasks}
    schedules = {
        symbol: (*automatic_schedules(machine, task.function), *asked_schedules(machine, calls[symbol]))
        for symbol, task in tasks
        if task.decoration
    }
    machine.start_functions()
    found = []
    for symbol, task in tasks:
        seen = RaisedRetry(machine, task, calls[symbol])
        fate, doubt = seen.fate()
        asked = schedules.get(symbol, ())
        otherwise, republishes = seen.otherwise()
        around = bool(otherwise) and seen.is_only_around()
        found.append(RetryPolicy(symbol, asked, calls[symbol].retries, otherwise, fate, doubt, republishes, around))
    return tuple(found)


class RaisedRetry:
    """The `Retry` of one task among the statements, decorators and class that stand around it."""

    def __init__(self, machine: Machine, task: Surroundings, calls: TaskCalls) -> None:
        self._task, self._calls = task, calls
        self._scope = function_scope(machine, task.function)
        bound = task.decoration is None or task.decoration.keywords.get("bind", False) is not False
        self._given = calls.aliases(calls.itself if bound else ())
        self._helped = any(map(self._may_retry, calls.calls))

    def fate(self) -> tuple[Fate, str]:
        """The worst of what stands around a call of `retry`, in the task or outside; why it is unclear, in French."""
        scope, base = self._scope, self._task.base
        own = worst(scope, self._calls.is_retry, RETRY)
        handed = min(Fate.UNCLEAR, worst(scope, self._may_retry, RETRY)) if self._helped else Fate.HANDED_ON
        around = self._task.fates(scope, RETRY)
        if isinstance(base, ClassValue) and class_attribute(base, "retry") is not UNKNOWN:
            around.append(Fate.UNCLEAR)
        answers = ((own, _RAISED), (handed, _HANDED), (max(around, default=Fate.HANDED_ON), _WRAPPED))
        fate, why = max(answers, key=lambda answer: answer[0])
        return fate, why if fate is Fate.UNCLEAR else ""

    def otherwise(self) -> tuple[str, bool]:
        """What may retry a task whose own `retry()` was not read, as a French clause, and whether it is only a publication."""
        name = self._task.function.symbol.rpartition(":")[2]
        why = self._retried_by()
        republishes = not why and self._calls.republishes
        return f"`{name}` se republie elle-même" if republishes else why, republishes

    def is_only_around(self) -> bool:
        """Whether what may retry the task stands around its code: options, or a library's class, whose retries nothing here catches."""
        base = self._task.base
        own = isinstance(base, ClassValue) and _asks_for_retries(base)
        return not (own or self._helped or self._calls.retries or any(map(_decorator_may_retry, self._task.below)))

    def _retried_by(self) -> str:
        task, calls = self._task, self._calls
        name = task.function.symbol.rpartition(":")[2]
        node = task.decoration.node if task.decoration else None
        if isinstance(node, ast.Call) and any(k.arg is None for k in node.keywords):
            return f"les options de `{name}` ne sont pas toutes écrites dans son décorateur"
        if any(map(_decorator_may_retry, task.below)):
            return f"un décorateur de `{name}` peut réessayer"
        if _base_may_retry(task.base):
            return f"la classe de base de `{name}` peut réessayer"
        if self._helped:
            return f"`{name}` confie `self` à ce qui peut réessayer"
        if calls.retries:
            return f"`{name}` appelle `retry()` d'une façon qui ne se lit pas"
        return ""

    def _may_retry(self, node: ast.AST) -> bool:
        """Whether this call gives the task to a function that may retry it, or calls a method of its class that may."""
        if not isinstance(node, ast.Call) or self._calls.is_retry(node):
            return False
        if given_one_of(node, self._given):
            named = any(isinstance(n, ast.Constant) and n.value == "retry" for n in walk(node.func))
            return named or self._names_retry(self._scope.evaluated(node.func))
        method, base = node.func, self._task.base
        if not isinstance(method, ast.Attribute) or last(method.value) not in self._given:
            return False
        own = class_attribute(base, method.attr) if isinstance(base, ClassValue) else UNKNOWN
        return own is not UNKNOWN and _names_retry(own)

    def _names_retry(self, function: Value, depth: int = 0) -> bool:
        """Whether what the task is given to names `retry`, or gives what it is given to what does."""
        if not isinstance(function, FunctionValue | BoundMethod) or depth > _DEPTH:
            return not depth and _names_retry(function)
        inner = function_scope(self._scope.machine, _called(function))
        given = [c for c in inner.calls if any(isinstance(a, ast.Name) for a in c.args)]
        return _names_retry(function) or any(self._names_retry(inner.evaluated(c.func), depth + 1) for c in given)


def _called(function: FunctionValue | BoundMethod) -> FunctionValue:
    return function.function if isinstance(function, BoundMethod) else function


def _names_retry(function: Value) -> bool:
    if isinstance(function, BoundMethod):
        function = function.function
    if isinstance(function, FunctionValue | ClassValue):
        return any(isinstance(n, ast.Attribute) and n.attr == "retry" for n in walk(function.node))
    # A name bound nowhere that was read, as after an `import *`.
    outside = function.dotted if isinstance(function, External) else ""
    unbound = outside.startswith("builtins.") and not hasattr(builtins, outside.removeprefix("builtins."))
    return function is UNKNOWN or unbound


def _decorator_may_retry(decoration: Decoration) -> bool:
    callee = decoration.callee
    if isinstance(callee, FunctionValue | ClassValue):
        return bool(_RETRIES.search(ast.unparse(callee.node)))
    outside = told_of(callee)
    return not outside or bool(_RETRIES.search(outside))


def _base_may_retry(base: Value) -> bool:
    if not isinstance(base, ClassValue):
        return base is not None and not is_celery_s(base)
    outside = [b for c in lineage(base) for b in c.bases if not isinstance(b, ClassValue)]
    return not all(map(is_celery_s, outside)) or _asks_for_retries(base)


def _asks_for_retries(base: ClassValue) -> bool:
    """Whether a class of tasks, or one of the project that it inherits from, names `retry`."""
    return any(isinstance(n, ast.Attribute) and n.attr == "retry" for c in lineage(base) for n in walk(c.node))
