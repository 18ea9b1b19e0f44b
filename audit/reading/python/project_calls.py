"""Binds arguments to parameters of a function of the target, and merges its returns."""

import ast
from collections.abc import Callable, Sequence

from audit.model.unknown import UNKNOWN
from audit.reading.python.abstract_values import FunctionValue, Table, Value, has_unknown
from audit.reading.python.equal_values import same
from audit.reading.python.frames import Frame
from audit.reading.python.parameters import defaults_of


def bind_arguments(
    function: FunctionValue,
    arguments: tuple[Value, ...],
    keywords: Table,
    frame: Frame,
    evaluate: Callable[[ast.expr], Value],
) -> None:
    """Give each parameter its value in `frame`: argument, keyword, default, else UNKNOWN."""
    spec = function.node.args
    positional = [*spec.posonlyargs, *spec.args]
    defaults = defaults_of(spec)
    for index, parameter in enumerate(positional):
        if index < len(arguments):
            frame.names[parameter.arg] = arguments[index]
    for parameter in (*positional, *spec.kwonlyargs):
        name = parameter.arg
        if name in frame.names:
            continue
        if name in keywords:
            frame.names[name] = keywords[name]
        else:
            frame.names[name] = evaluate(defaults[name]) if name in defaults and not keywords.opaque else UNKNOWN
    if spec.vararg:
        frame.names[spec.vararg.arg] = tuple(arguments[len(positional) :])
    if spec.kwarg:
        known = {p.arg for p in (*positional, *spec.kwonlyargs)}
        frame.names[spec.kwarg.arg] = Table({k: v for k, v in keywords.items() if k not in known}, keywords.origins)


def merged_returns(function: FunctionValue, frame: Frame) -> Value:
    """The one value all returns agree on, or the list of what a generator yields; UNKNOWN when they differ, or for a coroutine."""
    if isinstance(function.node, ast.AsyncFunctionDef):
        return UNKNOWN
    if frame.yielded is not None:
        return frame.yielded
    returned = list(frame.returned)
    if not frame.ended:
        returned.append(None)
    if returned and all(same(value, returned[0]) for value in returned):
        return returned[0]
    return UNKNOWN


def differ(returned: Sequence[Value]) -> bool:
    """Whether two values that were returned are known, and not the same."""
    known = [value for value in returned if not has_unknown(value)]
    return any(not same(value, known[0]) for value in known[1:])
