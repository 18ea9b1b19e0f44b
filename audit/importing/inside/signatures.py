"""Signatures as the interpreter sees them, with the dependencies FastAPI would inject."""

from __future__ import annotations

import inspect
import typing
from typing import Any

from .plain import plain, symbol, without_addresses


def signature(function: Any) -> dict[str, Any]:
    """Symbol and parameters of a function; no parameter when the interpreter cannot tell them."""
    return {"symbol": symbol(function), "parameters": parameters(function)}


def parameters(function: Any) -> list[dict[str, str]]:
    """Name, annotation, default and dependency of each parameter, as text."""
    try:
        declared = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return []
    try:
        hints = typing.get_type_hints(function, include_extras=True)
    except Exception:  # noqa: BLE001 - an annotation may name what is imported only for type checking
        hints = {}
    return [_parameter(parameter, hints.get(parameter.name, parameter.annotation)) for parameter in declared]


def _parameter(parameter: inspect.Parameter, annotation: Any) -> dict[str, str]:
    marks = [parameter.default, *getattr(annotation, "__metadata__", ())]
    depends = next((mark for mark in marks if type(mark).__name__ in {"Depends", "Security"}), None)
    called = getattr(depends, "dependency", None)
    if depends is not None and called is None:
        called = getattr(annotation, "__origin__", annotation)
    default = parameter.default
    return {
        "name": parameter.name,
        "annotation": _annotation(annotation),
        "default": "" if default is inspect.Parameter.empty else _text(default),
        "depends": "" if called is None else symbol(called),
    }


def _annotation(annotation: Any) -> str:
    if annotation is inspect.Parameter.empty:
        return ""
    if isinstance(annotation, str):
        return annotation
    if isinstance(annotation, type) and not hasattr(annotation, "__origin__"):
        return annotation.__qualname__
    return without_addresses(inspect.formatannotation(annotation))


def _text(value: Any) -> str:
    return repr(value) if isinstance(value, (str, int, float, bool, type(None))) else str(plain(value))
