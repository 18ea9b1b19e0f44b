"""What runs once a class is made, and may change it: `__init_subclass__` of its bases, then its decorators."""

import ast

from audit.model.unknown import UNKNOWN
from audit.reading.python.abstract_values import (
    BoundMethod,
    ClassValue,
    Decoration,
    FunctionValue,
    Instance,
    Table,
    Value,
    unwrap,
)
from audit.reading.python.classes import lineage
from audit.reading.python.frames import CallSite, ExhaustedError, Frame
from audit.reading.python.interpreter import Machine

_HOOK = "__init_subclass__"


def finish_class(machine: Machine, cls: ClassValue, node: ast.ClassDef, frame: Frame) -> None:
    """Follow what the project runs on a class that it makes; the class is opaque where that is not followed."""
    hook = next((one.names[_HOOK] for one in lineage(cls)[1:] if _HOOK in one.names), None)
    own = [d for d in reversed(cls.decorators) if _is_own(d.callee)]
    try:
        if isinstance(hook, FunctionValue):
            given = Table({k.arg: machine.evaluate(machine, k.value, frame) for k in node.keywords if k.arg})
            machine.call_function(hook, (cls,), given, frame)
        followed = [_apply(machine, cls, decoration, frame) for decoration in own]
    except (ExhaustedError, RecursionError):
        machine.restart_depth()
        followed = [False]
    if not all(followed):
        cls.names.opaque = cls.names.opaque or frame.origin(node)


def _is_own(callee: Value) -> bool:
    """Whether what is applied is the project's, or not known."""
    callee = unwrap(callee)[0]
    if isinstance(callee, Instance):
        return isinstance(callee.cls, ClassValue)
    return callee is UNKNOWN or isinstance(callee, FunctionValue | BoundMethod | ClassValue)


def _apply(machine: Machine, cls: ClassValue, decoration: Decoration, frame: Frame) -> bool:
    """Whether a decorator was followed, and leaves the class in its place."""
    made: Value = decoration.callee
    if isinstance(decoration.node, ast.Call):
        plain = unwrap(made)[0]
        made = machine.call(CallSite(plain, decoration.arguments, decoration.keywords, frame, decoration.node))
    return machine.call(CallSite(unwrap(made)[0], (cls,), Table(), frame, decoration.node)) is cls
