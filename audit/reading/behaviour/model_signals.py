"""Receivers of the signals that Django's models send when rows are saved or deleted."""

import ast
from collections.abc import Iterator

from audit.reading.behaviour.scope import Scope, last

SIGNALS = frozenset({"pre_save", "post_save", "pre_delete", "post_delete", "m2m_changed", "pre_init", "post_init"})


def is_signal_receiver(scope: Scope) -> bool:
    """Whether a function receives a model's signal: decorated with `receiver` or `connect`, or connected in its module."""
    name = getattr(scope.root, "name", "")
    return bool(name) and (
        any(map(_is_receiving, getattr(scope.root, "decorator_list", []))) or name in _connected(scope)
    )


def _is_receiving(decorator: ast.expr) -> bool:
    if not isinstance(decorator, ast.Call):
        return isinstance(decorator, ast.Attribute) and decorator.attr == "connect" and last(decorator.value) in SIGNALS
    if last(decorator.func) == "receiver":
        names = [n for a in decorator.args for n in ast.walk(a) if isinstance(n, ast.Name | ast.Attribute)]
        return any(last(name) in SIGNALS for name in names)
    return isinstance(decorator.func, ast.Attribute) and _is_receiving(decorator.func)


def _connected(scope: Scope) -> Iterator[str]:
    """Names of functions that a module of the program connects to a model's signal."""
    for module in scope.machine.project.modules.values():
        if ".connect(" not in module.source.text or not any(s in module.source.text for s in SIGNALS):
            continue
        for call in ast.walk(module.tree):
            if isinstance(call, ast.Call) and _is_receiving(call.func) and call.args:
                yield last(call.args[0])
