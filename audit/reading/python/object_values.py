"""Evaluates what goes over an object of the target: the members of an `Enum`, the fields of a dataclass or of a pydantic model."""

import ast

from audit.model.unknown import UNKNOWN
from audit.reading.python.abstract_values import (
    BoundMethod,
    ClassValue,
    External,
    FunctionValue,
    Instance,
    Method,
    Namespace,
    Table,
    Value,
    descends_from,
    last_name,
    unwrap,
)
from audit.reading.python.classes import annotated_fields, class_attribute, class_names, lineage
from audit.reading.python.frames import CallSite, Frame
from audit.reading.python.interpreter import Machine

_ENUMS = ("Enum", "StrEnum", "IntEnum", "TextChoices", "IntegerChoices")
# Those of the standard library whose members are asked for by name.
_BY_NAME = frozenset({"ssl.VerifyMode", "ssl.TLSVersion", "signal.Signals"})
# Of these, a member is the plain value.
_PLAIN = ("StrEnum", "IntEnum", "TextChoices", "IntegerChoices", "str", "int", "float")
_MODELS = ("BaseModel", "BaseSettings")
_CHANGING = (
    "validator",
    "field_validator",
    "root_validator",
    "model_validator",
    "field_serializer",
    "model_serializer",
)
_DUMPING = frozenset({"model_dump", "dict", "_asdict"})
_DUMPED = frozenset({"dataclasses.asdict", "attr.asdict", "attrs.asdict", "msgspec.structs.asdict", "builtins.vars"})
_FIELD = External("dataclasses.Field")


def object_call(machine: Machine, site: CallSite) -> Value:
    """Answer calls that give the fields of an object; None for any other call."""
    callee = site.callee
    if isinstance(callee, Method) and callee.name in _DUMPING:
        held = unwrap(callee.receiver)[0]
        known = isinstance(held, Instance) and descends_from(held.cls, *_MODELS, "NamedTuple")
        return _dump(machine, held, site) if known and isinstance(held, Instance) else None
    held = unwrap(site.argument(0, "obj"))[0]
    if not isinstance(callee, External) or not isinstance(getattr(held, "cls", held), ClassValue):
        return None
    if callee.dotted in _DUMPED and isinstance(held, Instance):
        return _dump(machine, held, site)
    if callee.dotted in {"dataclasses.fields", "attr.fields", "attrs.fields"}:
        return [Instance(_FIELD, fields=Namespace({"name": name})) for name in _fields(getattr(held, "cls", held))]
    return None


def gone_over(machine: Machine, value: Value) -> Value:
    """What a loop over an object takes in turn; the value itself where it is no object that is known."""
    if isinstance(value, ClassValue) and descends_from(value, *_ENUMS):
        names = [name for one in reversed(lineage(value)) for name in one.names if _names_member(one.names, name)]
        members = [enum_member(machine, value, str(name)) for name in names]
        return UNKNOWN if UNKNOWN in members else members
    if isinstance(value, Instance) and descends_from(value.cls, *_MODELS) and isinstance(value.cls, ClassValue):
        own = class_attribute(value.cls, "__iter__") is UNKNOWN and not _is_changed(value.cls)
        return [(name, machine.attribute(machine, value, name)) for name in _fields(value.cls)] if own else UNKNOWN
    return value


def enum_member(machine: Machine, cls: ClassValue, name: str) -> Value:
    """A member of an `Enum`: its plain value where it is one of a text or of a number, or has nothing else."""
    value = class_attribute(cls, name)
    if descends_from(cls, *_PLAIN):
        return value[0] if isinstance(value, tuple) and descends_from(cls, "TextChoices", "IntegerChoices") else value
    held = class_names(cls)
    if value is UNKNOWN or not any(isinstance(unwrap(one)[0], FunctionValue) for one in held.values()):
        return UNKNOWN if isinstance(value, Instance) else value
    given = value if isinstance(value, tuple) else (value,)
    frame = Frame(machine.project.modules[cls.module], Namespace(), (Namespace(),))
    member = machine.instantiate(cls, CallSite(cls, given, Table(), frame, cls.node))
    return Instance(cls, given, fields=Namespace({"name": name, "value": value, **member.fields}))


def of_class(machine: Machine, cls: ClassValue | External, key: Value) -> Value:
    """The member of an `Enum`, by its name; else the class: `Celery[Task]("app")` builds what `Celery("app")` builds."""
    if isinstance(key, str) and isinstance(cls, ClassValue) and is_member(cls, key):
        return enum_member(machine, cls, key)
    return External(f"{cls.dotted}.{key}") if isinstance(cls, External) and cls.dotted in _BY_NAME else cls


def of_callable(value: FunctionValue | Method, name: str) -> Value:
    """An attribute of a function: its name and its module are known."""
    if isinstance(value, Method):
        return Method(value.receiver, f"{value.name}.{name}")
    return {"__name__": last_name(value), "__module__": value.module}.get(name) or Method(value, name)


def is_member(cls: ClassValue, name: str) -> bool:
    """Whether a class is an `Enum` that has a member of this name."""
    return descends_from(cls, *_ENUMS) and any(_names_member(one.names, name) for one in lineage(cls))


def _names_member(names: Namespace, name: Value) -> bool:
    held = unwrap(names.get(name, UNKNOWN))[0]
    return (
        isinstance(name, str) and name in names and name[0] != "_" and not isinstance(held, FunctionValue | ClassValue)
    )


def _fields(cls: Value) -> list[str]:
    """The names of the fields, in order; a constant of the class is none."""
    if not isinstance(cls, ClassValue):
        return []
    own = [node for one in lineage(cls) for node in one.node.body if isinstance(node, ast.AnnAssign)]
    shared = {ast.unparse(n.target) for n in own if "ClassVar" in ast.unparse(n.annotation)}
    return [name for name in annotated_fields(cls) if name not in shared | {"model_config"}]


def _is_changed(cls: ClassValue) -> bool:
    """Whether what is given to a field, or what is dumped of it, goes through code."""
    return any(isinstance(f, FunctionValue) and f.decorated_by(*_CHANGING) for f in class_names(cls).values())


def _dump(machine: Machine, held: Instance, site: CallSite) -> Value:
    """The fields by name, those of objects inside in their turn; UNKNOWN where an option says what is left out."""
    options = {key: unwrap(value)[0] for key, value in site.keywords.items() if key != "mode"}
    bare = bool(options.pop("exclude_none", False))
    names = {key: _names(options.pop(key, None)) for key in ("include", "exclude")}
    if site.keywords.opaque or any(options.values()) or None in names.values():
        return UNKNOWN
    table = _table(machine, held, 0)
    if table is None or (bare and any(unwrap(v)[0] is UNKNOWN for v in table.values())):
        return UNKNOWN
    chosen, left_out = names["include"] or list(table), names["exclude"] or []
    kept = {k: v for k, v in table.items() if not (bare and unwrap(v)[0] is None) and k in chosen and k not in left_out}
    return Table(kept, table.origins)


def _names(value: Value) -> list[Value] | None:
    """The names of fields that an option gives; None where it gives something else."""
    return list(value or ()) if value is None or isinstance(value, set | list | tuple) else None


def _table(machine: Machine, held: Instance, depth: int) -> Table | None:
    cls = held.cls
    if not isinstance(cls, ClassValue) or _is_changed(cls) or depth > 5:
        return None
    names, methods = class_names(cls), class_names(cls).items()
    computed = [str(k) for k, f in methods if isinstance(f, FunctionValue) and f.decorated_by("computed_field")]
    table = Table()
    for name in [*_fields(cls), *computed]:
        value = machine.attribute(machine, held, name)
        plain = unwrap(value)[0]
        inner = _table(machine, plain, depth + 1) if isinstance(plain, Instance) and _fields(plain.cls) else None
        table[name] = value if inner is None else inner
        table.origins.update({name: names.origins[name]} if name in names.origins else {})
    return table or None


def own_attribute(machine: Machine, cls: ClassValue, name: str) -> Value:
    """An attribute of a class: a member of an `Enum`, a class method bound to it, or what it declares."""
    found = enum_member(machine, cls, name) if is_member(cls, name) else class_attribute(cls, name)
    if isinstance(found, FunctionValue) and found.decorated_by("classmethod"):
        return BoundMethod(cls, found)
    return Method(cls, name) if found is UNKNOWN and name in {"as_view", "__subclasses__"} else found
