"""Finds the default of a configuration key: `config_from_object(app.config["CELERY"])`."""

import ast
import re

from audit.model.unknown import UNKNOWN
from audit.reading.python.abstract_values import Value, unwrap
from audit.reading.python.interpreter import Machine
from audit.reading.python.name_resolution import dotted

_HOLDERS = re.compile(r"(?i)conf(ig)?$|settings$")


def value_of_key(machine: Machine, node: ast.expr) -> tuple[Value, str]:
    """The value of `….config["KEY"]` or `….config.get("KEY")`, and the key; UNKNOWN unless one module defines it.

    A deployment may give the key another value: this one is a default, which the key may change.
    """
    key = _key(node)
    if not key:
        return UNKNOWN, ""
    defined = re.compile(rf"(?m)^{key}\s*(:[^=\n]+)?=")
    modules = [
        name
        for name, module in sorted(machine.project.modules.items())
        if key in module.source.text
        and not machine.project.is_test_file(module.source.path)
        and defined.search(module.source.text)
    ]
    if len(modules) != 1:
        return UNKNOWN, ""
    return unwrap(machine.module_names(modules[0]).get(key, UNKNOWN))[0], key


def _key(node: ast.expr) -> str:
    """The name of a key read in a configuration; empty for any other expression."""
    if isinstance(node, ast.Subscript):
        holder, key = node.value, node.slice
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get" and node.args:
        holder, key = node.func.value, node.args[0]
    else:
        return ""
    text = key.value if isinstance(key, ast.Constant) and isinstance(key.value, str) else ""
    return text if text.isidentifier() and text.isupper() and _HOLDERS.search(dotted(holder)) else ""
