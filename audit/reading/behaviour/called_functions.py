"""The function of the project that a call runs."""

import ast

from audit.reading.behaviour.row_objects import owner
from audit.reading.behaviour.scope import Scope, function_scope, last
from audit.reading.python.abstract_values import BoundMethod, ClassValue, FunctionValue, Value, unwrap
from audit.reading.python.classes import class_attribute


def function_of(value: Value) -> FunctionValue | None:
    """A function of the project, or that of a method; None for anything else."""
    function = value.function if isinstance(value, BoundMethod) else value
    return function if isinstance(function, FunctionValue) else None


def called_function(scope: Scope, call: ast.Call) -> FunctionValue | None:
    """The function of the project that a call runs; None where it is not known to run one."""
    return function_of(scope.evaluated(call.func))


def named_function(scope: Scope, node: ast.expr) -> FunctionValue | None:
    """What an expression names, a method of the object itself included: `self.send` is that of its class."""
    cls = owner(scope) if isinstance(node, ast.Attribute) and last(node.value) in {"self", "cls"} else None
    if isinstance(cls, ClassValue):
        return function_of(unwrap(class_attribute(cls, last(node)))[0])
    return function_of(scope.evaluated(node))


def inside(scope: Scope, function: FunctionValue | None) -> Scope | None:
    """The statements of a function; None for a `lambda`, which has none."""
    if function is None or isinstance(function.node, ast.Lambda):
        return None
    return function_scope(scope.machine, function)
