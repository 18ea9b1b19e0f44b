"""How a task calls itself in its own code, and which of its calls retry it."""

import ast
import builtins
from functools import cached_property
from typing import Any

from audit.model.unknown import UNKNOWN
from audit.reading.behaviour.scope import Scope, last
from audit.reading.python.abstract_values import BoundMethod, ClassValue, External, FunctionValue
from audit.reading.python.classes import class_attribute

_PUBLISH = frozenset({"apply_async", "delay", "send_task"})


class OwnWords:
    """The names of a task in its own body; `base` is its class, `bound` whether it may receive itself."""

    def __init__(self, scope: Scope, base: Any, bound: bool) -> None:
        self._scope, self._base = scope, base
        arguments = scope.root.args if isinstance(scope.root, ast.FunctionDef | ast.AsyncFunctionDef) else None
        first = {a.arg for a in [*arguments.posonlyargs, *arguments.args][:1]} if arguments else set()
        self._nodes = list(ast.walk(scope.root))
        own = self._with_aliases(first if bound else set())
        name = scope.symbol.rpartition(":")[2].rpartition(".")[2]
        self._given, self._owners = own, self._with_aliases({"self", name, "current_task", *first})
        self._bare = {
            target.id
            for node in self._nodes
            if isinstance(node, ast.Assign) and self._is_its_retry(node.value)
            for target in node.targets
            if isinstance(target, ast.Name)
        }

    def _with_aliases(self, names: set[str]) -> frozenset[str]:
        """These names, and those that statements give to the same task."""
        found = set(names)
        for node in self._nodes:
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Name) and node.value.id in found:
                found |= {target.id for target in node.targets if isinstance(target, ast.Name)}
        return frozenset(found)

    def _is_its_retry(self, node: ast.expr) -> bool:
        """`self.retry`, `celery.current_task.retry` or `getattr(self, "retry")`."""
        if isinstance(node, ast.Attribute):
            return node.attr == "retry" and last(node.value) in self._owners
        named = isinstance(node, ast.Call) and last(node.func) == "getattr" and len(node.args) > 1
        return named and isinstance(node, ast.Call) and ast.unparse(node.args[1]).strip("'\"") == "retry"

    def is_retry(self, node: ast.AST) -> bool:
        """Whether this is a call of the task's own `retry`."""
        if not isinstance(node, ast.Call):
            return False
        return self._is_its_retry(node.func) or (isinstance(node.func, ast.Name) and node.func.id in self._bare)

    @cached_property
    def retries(self) -> bool:
        """Whether the task calls its own `retry`."""
        return any(map(self.is_retry, self._nodes))

    @cached_property
    def helped(self) -> bool:
        """Whether the task calls what may retry it."""
        return any(map(self.may_retry, self._nodes))

    @cached_property
    def republishes(self) -> bool:
        """Whether the task publishes itself again."""
        return any(
            isinstance(n, ast.Call)
            and isinstance(n.func, ast.Attribute)
            and n.func.attr in _PUBLISH
            and last(n.func.value) in self._owners
            for n in self._nodes
        )

    def may_retry(self, node: ast.AST) -> bool:
        """Whether this call gives the task to a function that may retry it, or calls a method of its class that may."""
        if not isinstance(node, ast.Call) or self.is_retry(node):
            return False
        given = [*node.args, *(k.value for k in node.keywords)]
        if any(isinstance(a, ast.Name) and a.id in self._given for a in given):
            return self._retries_in(self._scope.evaluated(node.func))
        method = node.func
        if not isinstance(method, ast.Attribute) or last(method.value) not in self._given:
            return False
        own = class_attribute(self._base, method.attr) if isinstance(self._base, ClassValue) else None
        return own is not None and own is not UNKNOWN and self._retries_in(own)

    def _retries_in(self, function: Any) -> bool:
        if isinstance(function, BoundMethod):
            function = function.function
        if isinstance(function, FunctionValue | ClassValue):
            return any(isinstance(n, ast.Attribute) and n.attr == "retry" for n in ast.walk(function.node))
        # A name bound nowhere that was read, as after an `import *`.
        outside = function.dotted if isinstance(function, External) else ""
        unbound = outside.startswith("builtins.") and not hasattr(builtins, outside.removeprefix("builtins."))
        return function is UNKNOWN or unbound
