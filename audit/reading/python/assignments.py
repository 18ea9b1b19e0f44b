"""Writes values into names, attributes, items and tables."""

import ast

from audit.model.unknown import UNKNOWN
from audit.reading.python.abstract_values import (
    ClassValue,
    Conf,
    Instance,
    Method,
    ModuleValue,
    Namespace,
    Origin,
    Table,
    Value,
    overridable,
    unwrap,
)
from audit.reading.python.classes import class_names
from audit.reading.python.frames import Frame
from audit.reading.python.interpreter import Machine
from audit.reading.python.undo_log import may_configure


def assign(machine: Machine, target: ast.expr, value: Value, frame: Frame, origin: Origin) -> None:
    """Bind a target: a name, a tuple, an attribute or an item of something known."""
    if isinstance(target, ast.Name):
        machine.undo_log.write(frame.names, target.id, value, origin)
    elif isinstance(target, ast.Starred):
        assign(machine, target.value, UNKNOWN, frame, origin)
    elif isinstance(target, ast.Tuple | ast.List):
        _unpack(machine, target, value, frame, origin)
    elif isinstance(target, ast.Attribute):
        owner, _ = unwrap(machine.evaluate(machine, target.value, frame))
        set_attribute(machine, owner, target.attr, value, origin)
    elif isinstance(target, ast.Subscript):
        owner, _ = unwrap(machine.evaluate(machine, target.value, frame))
        key, _ = unwrap(machine.evaluate(machine, target.slice, frame))
        set_item(machine, _registry(machine, owner, origin), key, value, origin)


def _unpack(machine: Machine, target: ast.Tuple | ast.List, value: Value, frame: Frame, origin: Origin) -> None:
    plain, _ = unwrap(value)
    starred = any(isinstance(element, ast.Starred) for element in target.elts)
    known = isinstance(plain, list | tuple) and len(plain) == len(target.elts) and not starred
    items = plain if known and isinstance(plain, list | tuple) else [UNKNOWN] * len(target.elts)
    for element, item in zip(target.elts, items, strict=True):
        assign(machine, element, item, frame, origin)


def set_attribute(machine: Machine, owner: Value, name: str, value: Value, origin: Origin) -> None:
    """`owner.name = value`, where the owner is an instance, a class or a table read by attribute."""
    if isinstance(owner, Instance):
        existing = owner.fields.get(name)
        if machine.is_celery(owner) and isinstance(existing, Table) and (isinstance(value, dict) or name == "conf"):
            merge_into(machine, existing, value, origin)
            return
        machine.undo_log.write(owner.fields, name, value, origin)
    elif isinstance(owner, ClassValue):
        machine.undo_log.write(owner.names, name, value, origin)
    elif isinstance(owner, Table):
        set_item(machine, owner, name, value, origin)
    else:
        machine.write_option(machine, owner, name, value, origin)


def set_item(machine: Machine, owner: Value, key: Value, value: Value, origin: Origin) -> None:
    """`owner[key] = value`, where the owner is a table or a list."""
    if isinstance(owner, Table):
        if key is UNKNOWN:
            (doubt if isinstance(owner, Namespace) else obscure)(machine, owner, origin)
        else:
            machine.undo_log.write(owner, key, value, origin)
    elif isinstance(owner, list) and isinstance(key, int) and -len(owner) <= key < len(owner):
        owner[key] = value
    elif isinstance(owner, list):
        owner[:] = [UNKNOWN] * len(owner)


def _registry(machine: Machine, owner: Value, origin: Origin) -> Value:
    """`app.extensions` of a Flask application, where its documentation keeps the Celery one; anything else as it is."""
    if not (isinstance(owner, Method) and owner.name == "extensions" and isinstance(owner.receiver, Instance)):
        return owner
    table = Table()
    machine.undo_log.write(owner.receiver.fields, "extensions", table, origin)
    return table


def obscure(machine: Machine, table: Table, origin: Origin) -> None:
    """Something unreadable was written: into a Celery configuration, maybe over what was there."""
    machine.undo_log.obscure(table, origin)
    for key in list(table) if isinstance(table, Conf) else ():
        machine.undo_log.write(table, key, UNKNOWN, origin)


def origins_of(value: Value) -> dict[Value, Origin]:
    """Where the keys of a table were written."""
    return value.origins if isinstance(value, Table) else {}


def doubt(machine: Machine, table: Table, origin: Origin) -> None:
    """A dictionary that is not read may hold the keys that were there before it, under other values."""
    obscure(machine, table, origin)
    for key in _replaced(table):
        machine.undo_log.write(table, key, UNKNOWN, table.origins.get(key, origin))


def let_change(machine: Machine, table: Table, name: str, origin: Origin) -> None:
    """A file of whoever deploys, or variables, may be there: what is held is a default, and more may be held."""
    with machine.undo_log.aside():
        for key in _replaced(table):
            machine.undo_log.write(table, key, overridable(table[key], name), table.origins.get(key))
        machine.undo_log.obscure(table, origin)


def _replaced(table: Table) -> list[Value]:
    """The keys that what is merged into a table may replace: of the names of a module, those of settings."""
    return [key for key in table if type(table) is Table or (isinstance(table, Namespace) and may_configure(key))]


def names_of_object(machine: Machine, source: Value) -> Table | None:
    """What a module, a class, an instance or a dictionary of settings holds under each name; None where nobody knows."""
    if isinstance(source, ModuleValue) and source.name in machine.project.modules:
        return machine.module_names(source.name)
    if isinstance(source, ClassValue):
        return class_names(source)
    if isinstance(source, Instance) and isinstance(source.cls, ClassValue):
        names = class_names(source.cls)
        for key in [name for name in names if isinstance(name, str)]:
            names[key] = machine.attribute(machine, source, key)
        merge_into(machine, names, source.fields, source.origin or Origin("", 1, 1))
        return names
    return source if isinstance(source, Table) else None


def merge_into(machine: Machine, table: Table, other: Value, origin: Origin) -> None:
    """`table.update(other)`; the table becomes opaque when `other` is not known."""
    other, _ = unwrap(other)
    if isinstance(other, ClassValue | Instance) or not isinstance(other, dict):
        doubt(machine, table, origin)
        return
    if isinstance(other, Table) and other.opaque:
        doubt(machine, table, other.opaque)
    for key, value in list(other.items()):
        set_item(machine, table, key, value, origins_of(other).get(key, origin))
