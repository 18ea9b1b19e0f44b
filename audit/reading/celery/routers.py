"""What functions and classes of `task_routes` answer for each task: they are run as the routes that they stand for."""

import ast
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from audit.model.facts import Setting, Task
from audit.model.plain_value import PlainValue
from audit.model.unknown import UNKNOWN
from audit.reading.celery.application_objects import configuration_of, defaults_of
from audit.reading.old_setting_names import modern
from audit.reading.python.abstract_values import (
    BoundMethod,
    ClassValue,
    FunctionValue,
    Instance,
    Namespace,
    Table,
    Value,
    exported,
    unwrap,
)
from audit.reading.python.classes import class_attribute
from audit.reading.python.frames import CallSite, ExhaustedError, Frame
from audit.reading.python.interpreter import Machine

_ROUTES = "task_routes"
_METHOD = "route_for_task"
_SENT = re.compile(r"\bsend_task\(\s*(?:[\"']([\w.\-]+)[\"']|(?=\S))")


def with_routers(
    machine: Machine, app: Instance, settings: dict[str, Setting], tasks: Sequence[Task]
) -> dict[str, Setting]:
    """The settings, with each router of `task_routes` that could be run as a dictionary of what it answers."""
    held = [
        unwrap(value)[0]
        for table in (defaults_of(app), configuration_of(app))
        for key, value in table.items()
        if isinstance(key, str) and (modern(key) or key) == _ROUTES
    ]
    if not held or _ROUTES not in settings:
        return settings
    items = held[-1] if isinstance(held[-1], list | tuple) else [held[-1]]
    routers = [_router(machine, item) for item in items]
    if not any(routers):
        return settings
    names = [task.name for task in tasks if task.options.get("queue") is None] + _sent(machine)
    told: list[PlainValue] = [
        _answers(machine, router, names) if router else exported(item)
        for router, item in zip(routers, items, strict=True)
    ]
    return {**settings, _ROUTES: replace(settings[_ROUTES], value=told)}


def _router(machine: Machine, item: Value) -> FunctionValue | BoundMethod | None:
    """What is called to route a task: a function, or the method of a class or of an instance, by itself or by its name."""
    value = unwrap(item)[0]
    value = unwrap(machine.resolve(value))[0] if isinstance(value, str) else value
    if isinstance(value, FunctionValue | BoundMethod):
        return value
    cls = value.cls if isinstance(value, Instance) else value
    method = class_attribute(cls, _METHOD) if isinstance(cls, ClassValue) else None
    if not isinstance(method, FunctionValue) or not isinstance(cls, ClassValue):
        return None
    return BoundMethod(value if isinstance(value, Instance) else Instance(cls), method)


def _answers(machine: Machine, router: FunctionValue | BoundMethod, names: Sequence[str]) -> PlainValue:
    """The route that it gives to each name; UNKNOWN where one of them is not known."""
    routes: dict[str, PlainValue] = {}
    for name in dict.fromkeys(names):
        route = _answer(machine, router, name) if name else UNKNOWN
        if route is UNKNOWN or (isinstance(route, Mapping) and UNKNOWN in route.values()):
            return UNKNOWN
        if route is not None:
            routes[name] = route
    return routes


def _answer(machine: Machine, router: FunctionValue | BoundMethod, name: str) -> PlainValue:
    function = router.function if isinstance(router, BoundMethod) else router
    frame = Frame(machine.project.modules[function.module], Namespace(), function.enclosing)
    given = ast.copy_location(ast.Call(ast.Name("router", ast.Load()), [], []), function.node)
    # What it is given beside the name is that of one message: an answer that rests on it is not known.
    # A class's own method is given neither the options nor the task.
    own = function.node.name == _METHOD if isinstance(function.node, ast.FunctionDef) else False
    keywords = Table()
    if not own:
        keywords["task"] = UNKNOWN
    site = CallSite(router, (name, *(UNKNOWN,) * (2 if own else 3)), keywords, frame, given)
    machine.new_entry()
    try:
        return exported(machine.call(site))
    except (ExhaustedError, RecursionError):
        machine.restart_depth()
        return UNKNOWN


def _sent(machine: Machine) -> list[str]:
    """The names that tasks of others are sent by; an empty one for a name that is not written there."""
    sending = machine.project.naming("send_task(")
    return [found.group(1) or "" for module in sending for found in _SENT.finditer(module.source.text)]
