"""Looks up attributes of classes: inheritance, fields, and the variables behind pydantic settings."""

import ast

from audit.model.unknown import UNKNOWN
from audit.reading.python.abstract_values import (
    MISSING,
    ClassValue,
    External,
    FunctionValue,
    Instance,
    Missing,
    Overridable,
    Table,
    Value,
    descends_from,
    last_name,
    overridable,
)
from audit.reading.python.child_nodes import walk
from audit.reading.python.modules import Project


def lineage(cls: ClassValue) -> list[ClassValue]:
    """The class and those it inherits from in the target, in the order that Python looks names up (C3).

    https://docs.python.org/3/howto/mro.html; nearest first where Python would refuse the class.
    """
    if cls.lineage is None:
        cls.lineage = _linear(cls, {}) or _nearest_first(cls)
    return cls.lineage


def class_names(cls: ClassValue) -> Table:
    """What the class and those it inherits from hold under each name."""
    names = Table()
    for one in reversed(lineage(cls)):
        names.update(one.names)
        names.origins.update(one.names.origins)
        names.opaque = names.opaque or one.names.opaque
    return names


def _linear(cls: ClassValue, known: dict[int, list[ClassValue]]) -> list[ClassValue]:
    """C3's order; empty where there is none. `known`: the orders already worked out, by the class's identity."""
    if id(cls) not in known:
        known[id(cls)] = []
        bases = [base for base in cls.bases if isinstance(base, ClassValue)]
        merged = _merged([*(list(_linear(base, known)) for base in bases), list(bases)])
        known[id(cls)] = [cls] if not bases else [cls, *merged] if merged else []
    return known[id(cls)]


def _merged(orders: list[list[ClassValue]]) -> list[ClassValue]:
    found: list[ClassValue] = []
    pending = [order for order in orders if order]
    if len(pending) < len(orders):
        return []
    while pending:
        behind = [one for order in pending for one in order[1:]]
        head = next((order[0] for order in pending if order[0] not in behind), None)
        if head is None:
            return []
        found.append(head)
        pending = [rest for order in pending if (rest := order[1:] if order[0] is head else order)]
    return found


def _nearest_first(cls: ClassValue) -> list[ClassValue]:
    found: list[ClassValue] = []
    queue: list[Value] = [cls]
    while queue:
        current = queue.pop(0)
        if isinstance(current, ClassValue) and current not in found:
            found.append(current)
            queue += current.bases
    return found


def class_attribute(cls: ClassValue, name: str) -> Value:
    """What a class or the classes of the target it inherits from bind to this name; UNKNOWN when none does."""
    return next((c.names[name] for c in lineage(cls) if name in c.names), UNKNOWN)


def annotated_fields(cls: ClassValue) -> list[str]:
    """Names annotated in the class body, base classes first: the order of a generated `__init__`."""
    return list(dict.fromkeys(name for current in reversed(lineage(cls)) for name in current.fields))


def is_worked_out(cls: ClassValue, name: str) -> bool:
    """Whether what runs after the generated `__init__` sets this field again."""
    after = (class_attribute(cls, hook) for hook in ("__post_init__", "model_post_init"))
    stored = (n for hook in after if isinstance(hook, FunctionValue) for n in walk(hook.node))
    return any(isinstance(n, ast.Attribute) and n.attr == name and isinstance(n.ctx, ast.Store) for n in stored)


def given_field(project: Project, instance: Instance, name: str) -> Value:
    """Value of a field of a dataclass, named tuple or pydantic instance; None when it is not a field."""
    cls = instance.cls
    if not isinstance(cls, ClassValue):
        return None
    names = annotated_fields(cls)
    if name not in names or is_worked_out(cls, name):
        return UNKNOWN if name in names else None
    if name in instance.keywords:
        return instance.keywords[name]
    position = names.index(name)
    if position < len(instance.arguments) and not descends_from(cls, "BaseModel", "BaseSettings"):
        return instance.arguments[position]
    default = _default(class_attribute(cls, name))
    if descends_from(cls, "BaseSettings"):
        value = default if default is not MISSING else UNKNOWN
        return _deployed(project, value, _variable(cls, name), str(_option(cls, "env_nested_delimiter") or ""))
    return UNKNOWN if default is MISSING else default


def is_true(value: Value) -> bool:
    """Whether a value is an object of the target that nothing makes false."""
    if not isinstance(value, Instance) or not isinstance(value.cls, ClassValue):
        return False
    bases = [base for one in lineage(value.cls) for base in one.bases if not isinstance(base, ClassValue)]
    plain = all(last_name(base) in {"object", "BaseModel", "BaseSettings"} for base in bases)
    return plain and all(class_attribute(value.cls, name) is UNKNOWN for name in ("__bool__", "__len__"))


def truth(value: Value) -> bool | None:
    """Truth of a value; None when it is not known."""
    if isinstance(value, str | bytes | bool | int | float | list | tuple | dict | set | frozenset) or value is None:
        return bool(value) or (isinstance(value, Table) and value.opaque is not None)
    return True if isinstance(value, FunctionValue | ClassValue) or is_true(value) else None


def _deployed(project: Project, value: Value, variable: str, between: str) -> Value:
    """A value that a variable may give, or an object whose fields variables give one by one: `APP_CELERY__TASK_TIME_LIMIT`."""
    if isinstance(value, Overridable):
        return value
    if not between or not isinstance(value, Instance) or not isinstance(value.cls, ClassValue):
        return overridable(project.option(variable, value), variable)
    own = {name: f"{variable}{between}{name}".upper() for name in annotated_fields(value.cls)}
    fields: dict[Value, Value] = {
        name: _deployed(project, given_field(project, value, name), v, between) for name, v in own.items()
    }
    return overridable(Instance(value.cls, value.arguments, Table(fields), origin=value.origin), variable)


def _default(value: Value) -> Value | Missing:
    """Default behind `Field(…)` or `field(…)`, else the value itself; MISSING when the field is required."""
    if value is UNKNOWN:
        return MISSING
    if isinstance(value, Instance) and isinstance(value.cls, External) and last_name(value.cls) in {"Field", "field"}:
        if "default" in value.keywords:
            return value.keywords["default"]
        if value.arguments:
            return MISSING if value.arguments[0] is Ellipsis else value.arguments[0]
        made = value.keywords.get("default_factory")
        return Instance(made) if isinstance(made, ClassValue) and _is_bare(made) else MISSING
    return value


def _is_bare(cls: ClassValue) -> bool:
    return class_attribute(cls, "__init__") is UNKNOWN


def _variable(cls: ClassValue, name: str) -> str:
    """Environment variable that pydantic-settings reads for a field."""
    value = class_attribute(cls, name)
    if isinstance(value, Instance):
        for alias in ("validation_alias", "alias", "env"):
            if isinstance(value.keywords.get(alias), str):
                return str(value.keywords[alias])
    prefix = _option(cls, "env_prefix")
    return f"{prefix if isinstance(prefix, str) else ''}{name}".upper()


def _option(cls: ClassValue, name: str) -> Value:
    config = class_attribute(cls, "model_config")
    if isinstance(config, Instance):
        return config.keywords.get(name, "")
    if isinstance(config, Table):
        return config.get(name, "")
    inner = class_attribute(cls, "Config")
    if isinstance(inner, ClassValue):
        value = class_attribute(inner, name)
        return value.value if isinstance(value, Overridable) else value
    return ""
