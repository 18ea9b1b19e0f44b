"""Celery tasks: functions under `@app.task` or `@shared_task`, with the options of the decorator."""

import ast
from collections.abc import Mapping
from typing import Any

from audit.facts import Task
from audit.probes.source.files import Source
from audit.probes.source.machine import Machine
from audit.probes.source.text import segment
from audit.probes.source.values import (
    UNKNOWN,
    Decoration,
    External,
    FunctionValue,
    Method,
    exported,
    unwrap,
)


def read_tasks(machine: Machine) -> tuple[Task, ...]:
    """Every task met, in the order of their symbols."""
    found: dict[str, Task] = {}
    for function in machine.decorated:
        decoration = task_decoration(machine, function)
        if decoration:
            found[function.symbol] = _task(machine, function, decoration)
    return tuple(found[symbol] for symbol in sorted(found))


def task_decoration(machine: Machine, function: FunctionValue) -> Decoration | None:
    """The decorator that makes a task of this function."""
    return next((d for d in function.decorators if _makes_a_task(machine, d)), None)


def _makes_a_task(machine: Machine, decoration: Decoration) -> bool:
    callee = decoration.callee
    if isinstance(callee, Method) and callee.name == "task":
        return machine.is_celery(unwrap(callee.receiver)[0])
    if isinstance(callee, External):
        return callee.dotted.startswith("celery.") and callee.dotted.endswith((".shared_task", ".task"))
    return callee is UNKNOWN and _looks_like_a_task(decoration.node)


def _looks_like_a_task(node: ast.expr) -> bool:
    """`@celery_app.task` where the application comes from something that could not be followed."""
    node = node.func if isinstance(node, ast.Call) else node
    if not isinstance(node, ast.Attribute) or node.attr != "task":
        return False
    base = node.value
    name = base.id if isinstance(base, ast.Name) else base.attr if isinstance(base, ast.Attribute) else ""
    return "celery" in name.lower() or name == "app"


def _task(machine: Machine, function: FunctionValue, decoration: Decoration) -> Task:
    module, _, qualified = function.symbol.partition(":")
    name = unwrap(decoration.keywords.get("name"))[0]
    registered = name if isinstance(name, str) and name else f"{module}.{qualified.rpartition('.')[2]}"
    source = machine.project.modules[module].source
    return Task(registered, function.symbol, _options(source, decoration))


def _options(source: Source, decoration: Decoration) -> Mapping[str, Any]:
    nodes = decoration.node.keywords if isinstance(decoration.node, ast.Call) else []
    texts = {k.arg: segment(source, k.value) for k in nodes if k.arg}
    return {key: _option(value, texts.get(key, "")) for key, value in decoration.keywords.items()}


def _option(value: Any, text: str) -> Any:
    plain = unwrap(value)[0]
    parts = plain if isinstance(plain, list | tuple) else [plain]
    if any(not isinstance(part, str | int | float | dict | None) for part in parts):
        return text
    return exported(plain)
