"""Settings that django-configurations keeps as attributes of classes, one of which DJANGO_CONFIGURATION chooses.

Source: https://django-configurations.readthedocs.io/en/stable/patterns/ and `configurations.importer`.
"""

import ast

from audit.model.unknown import UNKNOWN
from audit.reading.python.abstract_values import (
    ClassValue,
    External,
    FunctionValue,
    Instance,
    Namespace,
    Origin,
    Table,
    Value,
    overridable,
    unwrap,
)
from audit.reading.python.child_nodes import walk
from audit.reading.python.classes import class_names, lineage
from audit.reading.python.interpreter import Machine

CHOICE = "DJANGO_CONFIGURATION"
_OF_TESTS = ("test", "ci")
# What the importer calls, and that may set more.
_HOOKS = ("pre_setup", "setup", "post_setup")


def configurations_of(machine: Machine, names: Namespace) -> list[Table]:
    """What each class of settings of this module says, or the one that the deployment, else the code alone, chooses; empty where it has none."""
    found = {name: value for name, value in ((n, unwrap(v)[0]) for n, v in names.items()) if _is_one(value)}
    written = {text for texts in machine.variables.get(CHOICE, {}).values() for text in texts}
    told = machine.project.deployed.get(CHOICE, "") or (written.pop() if len(written) == 1 else "")
    chosen = [found[told]] if told in found else list(found.values())
    kept = [c for c in chosen if len(chosen) == 1 or not _serves_tests(c)]
    return [_read(machine, c) for c in kept or chosen if isinstance(c, ClassValue)]


def _is_one(value: Value) -> bool:
    """Whether a class derives from `configurations.Configuration`."""
    if not isinstance(value, ClassValue):
        return False
    bases = [unwrap(base)[0] for one in lineage(value) for base in one.bases]
    return any(isinstance(base, External) and base.dotted.startswith("configurations.") for base in bases)


def _serves_tests(value: Value) -> bool:
    return isinstance(value, ClassValue) and value.symbol.rpartition(":")[2].lower().startswith(_OF_TESTS)


def _read(machine: Machine, cls: ClassValue) -> Table:
    names = class_names(cls)
    for key, value in list(names.items()):
        names[key] = _plain(machine, str(key), value)
    for one in lineage(cls):
        place = Origin(machine.project.modules[one.module].source.path, one.node.lineno, one.node.lineno)
        hooks = [m.node for name in _HOOKS if isinstance(m := unwrap(one.names.get(name))[0], FunctionValue)]
        inside = [node for hook in hooks for node in walk(hook)]
        stored = [n.attr for n in inside if isinstance(n, ast.Attribute) and isinstance(n.ctx, ast.Store)]
        names.update(dict.fromkeys(stored, UNKNOWN))
        names.origins.update(dict.fromkeys(stored, place))
        others = [b.dotted for base in one.bases if isinstance(b := unwrap(base)[0], External)]
        unread = any(not name.startswith(("configurations.", "builtins.")) for name in others)
        if unread or any(isinstance(n, ast.Name) and n.id == "setattr" for n in inside):
            # A library's class, or a name that is computed, may set any of them.
            names.opaque = place
    return names


def _plain(machine: Machine, key: str, value: Value) -> Value:
    """What `values.BooleanValue(True)` is: its default, which a variable may change."""
    made = unwrap(value)[0]
    if not isinstance(made, Instance) or not isinstance(made.cls, External):
        return value
    if not made.cls.dotted.startswith("configurations.values."):
        return value
    default = made.arguments[0] if made.arguments else made.keywords.get("default", UNKNOWN)
    named = unwrap(made.keywords.get("environ_name"))[0]
    variable = named if isinstance(named, str) else f"DJANGO_{key}"
    return overridable(machine.project.option(variable, unwrap(default)[0]), variable)
