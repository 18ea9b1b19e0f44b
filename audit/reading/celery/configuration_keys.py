"""Finds the default of a configuration key: `config_from_object(app.config["CELERY"])`."""

import ast
import re

from audit.model.unknown import UNKNOWN
from audit.reading.python.abstract_values import Value, unwrap
from audit.reading.python.interpreter import Machine
from audit.reading.python.name_resolution import dotted

_LOADED = re.compile(r"(?<![\w])(?:\w+\.)*from_object\(\s*[\"']([\w.]+)[\"']")
_OF_CELERY = re.compile(r"(?m)^\s*(CELERY_?\w+|BROKER_URL)\s*(:[^=\n]+)?=")
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


def value_of_config(machine: Machine, node: ast.expr) -> tuple[Value, str]:
    """What `app.config` holds by default, and its name: the one module with settings of Celery that a factory loads into one.

    Whoever calls the factory may give it more: this is a default, as that of a key is.
    """
    if not isinstance(node, ast.Attribute) or node.attr != "config" or not dotted(node):
        return UNKNOWN, ""
    named = dict.fromkeys(
        name
        for _, module in sorted(machine.project.modules.items())
        if "from_object" in module.source.text and not machine.project.is_test_file(module.source.path)
        for name in _LOADED.findall(module.source.text)
    )
    found = [name for name in named if _has_settings(machine, name)]
    return (unwrap(machine.resolve(found[0]))[0], dotted(node)) if len(found) == 1 else (UNKNOWN, "")


def _has_settings(machine: Machine, name: str) -> bool:
    """Whether a module, or that of a class, has settings of Celery."""
    modules = machine.project.modules
    module = modules.get(name) or modules.get(name.rpartition(".")[0])
    return module is not None and _OF_CELERY.search(module.source.text) is not None
