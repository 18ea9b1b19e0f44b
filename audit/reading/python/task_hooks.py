"""The methods of a class of tasks that Celery runs around the code of a task."""

import ast
from collections.abc import Iterator

from audit.reading.python.abstract_values import ClassValue, FunctionValue, Value, unwrap
from audit.reading.python.classes import class_attribute
from audit.reading.python.interpreter import Machine
from audit.reading.python.name_resolution import Resolver
from audit.reading.python.syntax_cache import Definition

_HOOKS = ("__call__", "before_start", "on_success", "on_retry", "on_failure", "after_return")


def task_hooks(machine: Machine, resolver: Resolver, symbol: str, node: Definition) -> Iterator[str]:
    """Symbols of those of the class that a decorator gives as `base=`, that holds the `run` of a task, or that the application gives."""
    given = [k.value for d in node.decorator_list if isinstance(d, ast.Call) for k in d.keywords if k.arg == "base"]
    classes = [target for value in given if (target := resolver.target(value))]
    if node.name == "run" and symbol.endswith(".run"):
        classes.append(symbol.removesuffix(".run"))
    values: list[Value] = [unwrap(machine.resolve(name))[0] for name in classes]
    if not given and any(_makes_a_task(d) for d in node.decorator_list):
        values += _of_the_application(machine)
    for cls in values:
        yield from hooks_of(cls) if isinstance(cls, ClassValue) else ()


def _makes_a_task(decorator: ast.expr) -> bool:
    made = decorator.func if isinstance(decorator, ast.Call) else decorator
    name = made.attr if isinstance(made, ast.Attribute) else made.id if isinstance(made, ast.Name) else ""
    return name in {"task", "shared_task"}


def _of_the_application(machine: Machine) -> list[Value]:
    """The class that the only application gives the tasks that name none."""
    apps = machine.celery_instances
    if len(apps) != 1:
        return []
    cls = unwrap(apps[0].fields.get("Task", apps[0].keywords.get("task_cls")))[0]
    return [unwrap(machine.resolve(cls))[0] if isinstance(cls, str) else cls]


def hooks_of(cls: ClassValue) -> Iterator[str]:
    """Symbols of those of one class."""
    found = [class_attribute(cls, hook) for hook in _HOOKS]
    yield from (hook.symbol for hook in found if isinstance(hook, FunctionValue))
