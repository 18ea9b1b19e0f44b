"""What becomes of the exception that a task's `retry()` raises, and what else than its own code may retry it."""

import ast
import re
from collections.abc import Iterator
from typing import Any

from audit.model.observations.failure_handling import Fate, RetryOutcome, SwallowedError
from audit.model.observations.observation import Observation
from audit.model.unknown import UNKNOWN
from audit.reading.behaviour.enclosing_statements import call_fate, decorator_fate, told_of
from audit.reading.behaviour.exception_handlers import BROAD, RETRY, worst
from audit.reading.behaviour.retry_syntax import OwnWords
from audit.reading.behaviour.scope import Scope
from audit.reading.celery.task_definitions import default_base, is_celery_s, task_decoration
from audit.reading.python.abstract_values import ClassValue, Decoration, FunctionValue, unwrap
from audit.reading.python.classes import class_attribute, lineage
from audit.reading.python.interpreter import Machine

_RETRIES = re.compile(r"retry|retries|backoff|tenacity|stamina|resilient", re.IGNORECASE)
_RAISED = "un `except` autour de `self.retry()` ne relance l'exception que dans certains cas, ou ce qu'il attrape ne se lit pas"
_WRAPPED = "un décorateur ou une classe de base de la tâche peut rattraper l'exception de `self.retry()`"
_HANDED = "la tâche confie `self` à une fonction qui peut réessayer, sous un `except` qui l'attrape"


class RetryFates:
    """A watcher of the functions that are tasks."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._tasks: dict[str, tuple[FunctionValue, Any, tuple[Decoration, ...]]] = {}
        for function in machine.decorated:
            if decoration := task_decoration(machine, function):
                places = [d.node for d in function.decorators]
                below = function.decorators[places.index(decoration.node) + 1 :]
                base = unwrap(decoration.keywords.get("base", default_base(machine, decoration)))[0]
                self._tasks[function.symbol] = function, base, below
        for instance in machine.registered:
            run = class_attribute(instance.cls, "run") if isinstance(instance.cls, ClassValue) else UNKNOWN
            if isinstance(run, FunctionValue):
                self._tasks[run.symbol] = run, instance.cls, run.decorators
        self.modules = {function.module for function, _, _ in self._tasks.values()}

    def __call__(self, scope: Scope) -> Iterator[Observation]:
        """The RetryOutcome of a task, and the SwallowedError of what is around it."""
        if scope.symbol not in self._tasks:
            return
        function, base, below = self._tasks[scope.symbol]
        decoration = task_decoration(self._machine, function)
        words = OwnWords(scope, base, decoration is None or decoration.keywords.get("bind", False) is not False)
        fate, why = _worst(scope, base, below, words)
        other = _elsewhere(function, decoration, base, below, words)
        yield scope.observed(RetryOutcome, scope.root, fate=fate, why=why, retries=words.retries, otherwise=other)
        around = [decorator_fate(scope, d, BROAD) for d in below]
        around += [call_fate(scope, base, BROAD)] if isinstance(base, ClassValue) else []
        if Fate.LOST in around:
            doubt = "un décorateur ou une classe de base qui attrape toute exception"
            yield scope.observed(SwallowedError, scope.root, how="", doubt=doubt)


def _worst(scope: Scope, base: Any, below: tuple[Decoration, ...], words: OwnWords) -> tuple[Fate, str]:
    """The worst of what stands around a call of `retry`, inside the task or outside; and why it is not clear."""
    own = worst(scope, words.is_retry, RETRY)
    handed = min(Fate.UNCLEAR, worst(scope, words.may_retry, RETRY)) if words.helped else Fate.HANDED_ON
    around = [decorator_fate(scope, d, RETRY) for d in below]
    if isinstance(base, ClassValue):
        redefined = class_attribute(base, "retry") is not UNKNOWN
        around += [call_fate(scope, base, RETRY), Fate.UNCLEAR if redefined else Fate.HANDED_ON]
    answers = ((own, _RAISED), (handed, _HANDED), (max(around, default=Fate.HANDED_ON), _WRAPPED))
    fate, why = max(answers, key=lambda answer: answer[0])
    return fate, why if fate is Fate.UNCLEAR else ""


def _elsewhere(
    function: FunctionValue, decoration: Decoration | None, base: Any, below: tuple[Decoration, ...], words: OwnWords
) -> str:
    """What may retry a task whose own `retry()` was not read, as a French clause; empty when nothing was seen."""
    name = function.symbol.rpartition(":")[2]
    node = decoration.node if decoration else None
    if isinstance(node, ast.Call) and any(k.arg is None for k in node.keywords):
        return f"les options de `{name}` ne sont pas toutes écrites dans son décorateur"
    if any(_may_retry(d) for d in below):
        return f"un décorateur de `{name}` peut réessayer"
    if _base_may_retry(base):
        return f"la classe de base de `{name}` peut réessayer"
    if words.helped:
        return f"`{name}` confie `self` à ce qui peut réessayer"
    if words.retries:
        return f"`{name}` appelle `retry()` d'une façon qui ne se lit pas"
    return f"`{name}` se republie elle-même" if words.republishes else ""


def _may_retry(decoration: Decoration) -> bool:
    callee = decoration.callee
    if isinstance(callee, FunctionValue | ClassValue):
        return bool(_RETRIES.search(ast.unparse(callee.node)))
    outside = told_of(callee)
    return not outside or bool(_RETRIES.search(outside))


def _base_may_retry(base: Any) -> bool:
    if not isinstance(base, ClassValue):
        return base is not None and not is_celery_s(base)
    classes = lineage(base)
    outside = [b for c in classes for b in c.bases if not isinstance(b, ClassValue)]
    if not all(map(is_celery_s, outside)):
        return True
    return any(isinstance(n, ast.Attribute) and n.attr == "retry" for c in classes for n in ast.walk(c.node))
