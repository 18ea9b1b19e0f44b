"""Settings that django-configurations keeps as attributes of classes, one of which DJANGO_CONFIGURATION chooses.

Source: https://django-configurations.readthedocs.io/en/stable/patterns/ and `configurations.importer`.
"""

from audit.model.unknown import UNKNOWN
from audit.reading.python.abstract_values import (
    ClassValue,
    External,
    Instance,
    Namespace,
    Table,
    Value,
    overridable,
    unwrap,
)
from audit.reading.python.classes import class_names, lineage
from audit.reading.python.interpreter import Machine

CHOICE = "DJANGO_CONFIGURATION"
_OF_TESTS = ("test", "ci")


def configurations_of(machine: Machine, names: Namespace) -> list[Table]:
    """What each class of settings of this module says, or the one that the deployment chooses; empty where it has none."""
    found = {name: value for name, value in ((n, unwrap(v)[0]) for n, v in names.items()) if _is_one(value)}
    told = machine.project.deployed.get(CHOICE, "")
    chosen = [found[told]] if told in found else list(found.values())
    kept = [c for c in chosen if len(chosen) == 1 or not _serves_tests(c)]
    return [_read(c) for c in kept or chosen if isinstance(c, ClassValue)]


def _is_one(value: Value) -> bool:
    """Whether a class derives from `configurations.Configuration`."""
    if not isinstance(value, ClassValue):
        return False
    bases = [unwrap(base)[0] for one in lineage(value) for base in one.bases]
    return any(isinstance(base, External) and base.dotted.startswith("configurations.") for base in bases)


def _serves_tests(value: Value) -> bool:
    return isinstance(value, ClassValue) and value.symbol.rpartition(":")[2].lower().startswith(_OF_TESTS)


def _read(cls: ClassValue) -> Table:
    names = class_names(cls)
    for key, value in list(names.items()):
        names[key] = _plain(str(key), value)
    return names


def _plain(key: str, value: Value) -> Value:
    """What `values.BooleanValue(True)` is: its default, which a variable may change."""
    made = unwrap(value)[0]
    if not isinstance(made, Instance) or not isinstance(made.cls, External):
        return value
    if not made.cls.dotted.startswith("configurations.values."):
        return value
    default = made.arguments[0] if made.arguments else made.keywords.get("default", UNKNOWN)
    named = unwrap(made.keywords.get("environ_name"))[0]
    return overridable(default, named if isinstance(named, str) else f"DJANGO_{key}")
