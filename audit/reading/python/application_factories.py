"""Interprets functions that build an application and that no module calls on import."""

import ast
from collections.abc import Callable

from audit.model.unknown import UNKNOWN
from audit.reading.python.abstract_values import FunctionValue, Instance, Namespace
from audit.reading.python.child_nodes import walk
from audit.reading.python.frames import Frame
from audit.reading.python.interpreter import Machine


def follow_factories(
    machine: Machine, names: tuple[str, ...], is_application: Callable[[Instance], bool], declared: str = ""
) -> None:
    """Follow the declared factory, or every function that calls one of the classes `names` and was not followed yet."""
    wanted = machine.resolve(declared) if declared else UNKNOWN
    built = {place for cls, places in machine.made_at.items() if is_application(Instance(cls)) for place in places}
    candidates = [wanted] if isinstance(wanted, FunctionValue) else _factories(machine, names)
    for function in candidates:
        module = machine.project.modules[function.module]
        frame = Frame(module, Namespace(), (Namespace(),))
        calls = [n for n in walk(function.node) if isinstance(n, ast.Call)]
        if not any(frame.origin(call) in built for call in calls):
            machine.follow(function)


def _factories(machine: Machine, names: tuple[str, ...]) -> list[FunctionValue]:
    return [
        value
        for name in sorted(machine.globals)
        if any(word in machine.project.modules[name].source.text for word in names)
        for value in list(machine.globals[name].values())
        if isinstance(value, FunctionValue)
        and value.module == name
        and any(isinstance(n, ast.Call) and _last(n.func) in names for n in walk(value.node))
    ]


def _last(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
