"""Evaluates the methods of texts, dictionaries and lists that were read."""

import re
from collections.abc import Callable, Hashable
from datetime import timedelta
from typing import Any

from audit.model.setting_writes import Means
from audit.model.unknown import UNKNOWN
from audit.model.word_tables import word_set
from audit.reading.python.abstract_values import (
    ClassValue,
    Conf,
    Method,
    Overridable,
    Table,
    Value,
    is_word,
    lift,
    overridable,
    unwrap,
)
from audit.reading.python.arithmetic import beginning
from audit.reading.python.assignments import merge_into, set_item
from audit.reading.python.flask_configuration import flask_method
from audit.reading.python.frames import CallSite
from audit.reading.python.interpreter import Machine

# A field with a width, a conversion or an attribute: a width may be of any length.
_SHAPED = re.compile(r"\{[^}]*[:!.\[{]")
_MAX_TEXT = 2_000
_MAX_LIST = 10_000

_TEXT_METHODS = word_set("""
    lower upper strip lstrip rstrip split join replace startswith endswith format title removeprefix removesuffix encode
    partition rpartition rsplit capitalize isdigit isdecimal isnumeric isalpha isalnum
""")


def safely(function: Callable[..., Any], site: CallSite) -> Value:
    if site.keywords:
        return UNKNOWN
    try:
        return lift(function, *site.arguments)
    except (ArithmeticError, TypeError, ValueError):
        return UNKNOWN


def known_method(machine: Machine, method: Method, site: CallSite) -> Value:
    receiver, variable = unwrap(method.receiver)
    answer: Value = None
    if isinstance(receiver, bytes) and method.name in {"decode", "strip"}:
        return overridable(safely(getattr(receiver, method.name), site), variable)
    if isinstance(receiver, str) and method.name in _TEXT_METHODS:
        text = _text_method(receiver, method.name, site)
        if method.name == "format":
            text = beginning(text, receiver.partition("{")[0] if not variable else UNKNOWN)
        return overridable(text, variable, word=isinstance(text, str) and is_word(method.receiver))
    if isinstance(receiver, timedelta) and method.name == "total_seconds":
        return overridable(receiver.total_seconds(), variable)
    if isinstance(receiver, Table):
        answer = flask_method(machine, receiver, method.name, site)
        return answer if answer is not None else _table_method(machine, receiver, method.name, site)
    if isinstance(receiver, ClassValue) and method.name == "__subclasses__":
        answer = _subclasses(machine, receiver)
    return _list_method(machine, receiver, method.name, site) if isinstance(receiver, list) else answer


def _subclasses(machine: Machine, cls: ClassValue) -> Value:
    """The classes that were made over this one so far."""
    held = (unwrap(value)[0] for names in machine.globals.values() for value in names.values())
    return [*dict.fromkeys(c for c in held if isinstance(c, ClassValue) and cls in c.bases)]


def _text_method(receiver: str, name: str, site: CallSite) -> Value:
    """Only on short texts: repeated replacements double what they are given."""
    given = [unwrap(a)[0] for a in (*site.arguments, *site.keywords.values())]
    parts = [p for a in given for p in (a if isinstance(a, list | tuple) else [a])]
    if len(receiver) > _MAX_TEXT or sum(len(p) for p in parts if isinstance(p, str)) > _MAX_TEXT or UNKNOWN in parts:
        return UNKNOWN
    if name == "format" and (
        site.keywords.opaque or not all(isinstance(p, str | int) for p in given) or _SHAPED.search(receiver)
    ):
        return UNKNOWN
    placed, names = len(site.arguments), list(map(str, site.keywords))
    apply = getattr(receiver, name)
    try:
        return lift(
            lambda *values: apply(*values[:placed], **dict(zip(names, values[placed:], strict=True))),
            *site.arguments,
            *site.keywords.values(),
        )
    except (LookupError, TypeError, ValueError):
        return UNKNOWN


# What the configuration of an application only answers: any other of its methods may change it (`add_defaults`).
_ASKS = frozenset(
    {"humanize", "table", "without_defaults", "find_option", "find_value_for_key", "get_by_parts", "finalize", "first"}
)


def _table_method(machine: Machine, table: Table, name: str, site: CallSite) -> Value:
    if isinstance(table, Conf) and (name == "pop" or name.startswith("__")):
        key = unwrap(site.argument(0, "key"))[0] if name == "pop" else UNKNOWN
        with machine.undo_log.by(Means.REMOVED):
            set_item(machine, table, key, UNKNOWN, site.origin)
        return UNKNOWN
    if name in {"get", "setdefault", "pop"}:
        return _item_method(machine, table, name, site)
    if name in {"update", "from_mapping"}:
        with machine.undo_log.by(Means.UPDATED, site.origin):
            for argument in site.arguments:
                merge_into(machine, table, argument, site.origin)
            merge_into(machine, table, site.keywords, site.origin)
        return UNKNOWN
    if name in {"keys", "values", "items", "copy"}:
        return table.copy() if name == "copy" else _listed(table, name)
    if name in {"clear", "popitem"} or (isinstance(table, Conf) and name not in _ASKS):
        machine.undo_log.obscure(table, site.origin)
    return UNKNOWN


def _listed(table: Table, name: str) -> Value:
    """What a dictionary holds; of one that is not known whole, an unknown item stands for the others."""
    others = [] if table.opaque is None else [(UNKNOWN, UNKNOWN) if name == "items" else UNKNOWN]
    if others and (isinstance(table, Conf) or not table):
        return UNKNOWN
    return [*getattr(table, name)(), *others]


def _item_method(machine: Machine, table: Table, name: str, site: CallSite) -> Value:
    """What `get` and its like find; None itself would say that this is no call with a known meaning."""
    key, variable = unwrap(site.argument(0, "key"))
    if variable in machine.project.deployed:
        # What is chosen by a variable that the deployment gives is not chosen by its default.
        key, variable = machine.project.deployed[variable], ""
    default = site.argument(1, "default", None)
    if key is UNKNOWN or not isinstance(key, Hashable) or (table.opaque and key not in table):
        return UNKNOWN
    if name == "setdefault" and key not in table:
        set_item(machine, table, key, default, site.origin)
    elif name == "setdefault":
        machine.undo_log.note_default(table, key, default, site.origin)
    held = table.get(key, default)
    if name == "pop" and key in table:
        _remove(machine, table, key, site)
    found = overridable(held, variable)
    return Overridable(None, "") if found is None else found


def _remove(machine: Machine, table: Table, key: Value, site: CallSite) -> None:
    """On one side of an open test the key may stay."""
    if machine.undo_log.is_open:
        machine.undo_log.write(table, key, UNKNOWN, site.origin)
        return
    table.pop(key, None)
    table.origins.pop(key, None)


def _list_method(machine: Machine, receiver: list[Value], name: str, site: CallSite) -> Value:
    if name in {"index", "count"}:
        return safely(getattr(receiver, name), site)
    if name == "copy":
        return list(receiver)
    added = unwrap(site.argument(0, "object"))[0]
    items = [added] if name == "append" else list(added) if isinstance(added, list | tuple) else [UNKNOWN]
    # On one side of an open test the change may not happen, and lists keep no undo log.
    sure = name in {"append", "extend"} and not machine.undo_log.is_open and len(receiver) + len(items) <= _MAX_LIST
    if sure:
        receiver.extend(items)
    elif name in {"append", "extend", "insert", "remove", "pop", "clear", "sort", "reverse"}:
        receiver[:] = [UNKNOWN]
    return UNKNOWN
