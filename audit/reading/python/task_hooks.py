"""The methods of a class of tasks that Celery runs around the code of a task."""

import ast
from collections.abc import Iterator

from audit.reading.python.abstract_values import ClassValue, FunctionValue, unwrap
from audit.reading.python.classes import class_attribute
from audit.reading.python.interpreter import Machine
from audit.reading.python.name_resolution import Resolver
from audit.reading.python.syntax_cache import Definition

_HOOKS = ("__call__", "before_start", "on_success", "on_retry", "on_failure", "after_return")


def task_hooks(machine: Machine, resolver: Resolver, symbol: str, node: Definition) -> Iterator[str]:
    """Symbols of those of the class that a decorator gives as `base=`, or that holds the `run` of a task."""
    given = [k.value for d in node.decorator_list if isinstance(d, ast.Call) for k in d.keywords if k.arg == "base"]
    classes = [target for value in given if (target := resolver.target(value))]
    if node.name == "run" and symbol.endswith(".run"):
        classes.append(symbol.removesuffix(".run"))
    for name in classes:
        cls = unwrap(machine.resolve(name))[0]
        found = [class_attribute(cls, hook) for hook in _HOOKS] if isinstance(cls, ClassValue) else []
        yield from (hook.symbol for hook in found if isinstance(hook, FunctionValue))
