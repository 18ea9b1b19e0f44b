"""Evaluates calls with a known meaning: built-ins, the environment, durations, crontabs, methods."""

import base64
import shlex
from collections.abc import Callable, Iterable, Sized
from datetime import timedelta
from itertools import product
from math import prod
from typing import Any
from urllib.parse import quote, quote_plus, unquote, urlencode

from audit.model.unknown import UNKNOWN, Unknown
from audit.reading.python.abstract_values import (
    MISSING,
    BoundMethod,
    ClassValue,
    Conf,
    Crontab,
    External,
    FunctionValue,
    Instance,
    Method,
    ModuleValue,
    Overridable,
    Table,
    Value,
    is_word,
    lift,
    overridable,
    unwrap,
)
from audit.reading.python.arithmetic import is_plain
from audit.reading.python.assignments import merge_into, set_item
from audit.reading.python.classes import lineage
from audit.reading.python.environment_readers import DJANGO_SETTINGS, django_setting
from audit.reading.python.frames import CallSite
from audit.reading.python.interpreter import Machine
from audit.reading.python.standard_methods import known_method, safely
from audit.reading.python.star_names import execute, include, maybe

_MAX_RANGE = 2_000
_MAX_TEXT = 2_000
# One of Python's own, called on plain values: what it refuses, it says by an exception.
_Function = Callable[..., Any]


def _number(kind: _Function) -> _Function:
    def convert(value: Value = 0) -> Value:
        return kind(value) if isinstance(value, str | int | float) and len(str(value)[:400]) < 400 else UNKNOWN

    return convert


def _text(value: Value = "") -> Value:
    return str(value) if isinstance(value, str | int | float) else UNKNOWN


def _items(kind: _Function) -> _Function:
    def convert(value: Value = ()) -> Value:
        return kind(value) if isinstance(value, str | list | tuple | dict | set | frozenset | range) else UNKNOWN

    return convert


def _numbers(function: _Function) -> _Function:
    def apply(*values: Value) -> Value:
        flat = [n for v in values for n in (v if isinstance(v, list | tuple | set | range) else [v])]
        return function(*values) if all(isinstance(n, int | float | timedelta) for n in flat) else UNKNOWN

    return apply


def _range(*values: Any) -> range | Unknown:
    numbers = range(*values)
    return numbers if len(numbers) <= _MAX_RANGE else UNKNOWN


def _length(value: Value) -> Value:
    return len(value) if isinstance(value, Sized) and not isinstance(value, Instance) else UNKNOWN


def _truth(value: Value = False) -> Value:
    """An object that a library made is as true as its class says, which nobody reads here."""
    return UNKNOWN if isinstance(value, Instance | Method) else bool(value)


def _parameters(value: Value) -> Value:
    held = {k: unwrap(v) for k, v in value.items()} if isinstance(value, dict) else {}
    pairs = {str(k): str(v) for k, (v, _) in held.items() if isinstance(v, str | int)}
    text = urlencode(pairs)[:_MAX_TEXT] if isinstance(value, dict) and len(pairs) == len(value) else UNKNOWN
    return overridable(text, next((variable for _, variable in held.values() if variable), ""))


def _decoder(function: _Function) -> _Function:
    def decode(value: Value) -> Value:
        return function(value) if isinstance(value, str | bytes) and len(value) <= _MAX_TEXT else UNKNOWN

    return decode


def _power(*values: Any) -> Value:
    small = all(isinstance(v, int | float) and abs(v) < 1_000 for v in values)
    return pow(*values) if small and len(values) == 2 else UNKNOWN


def _product(*values: Value) -> Value:
    known = [list(value) for value in values if isinstance(value, list | tuple | set | range)]
    small = len(known) == len(values) and prod(map(len, known)) <= _MAX_RANGE
    return list(product(*known)) if small else UNKNOWN


_FUNCTIONS: dict[str, _Function] = {
    "builtins.chr": lambda value: chr(value) if isinstance(value, int) else UNKNOWN,
    "builtins.int": _number(int),
    "builtins.float": _number(float),
    "builtins.str": _text,
    "builtins.bool": _truth,
    "builtins.len": _length,
    "builtins.min": _numbers(min),
    "builtins.max": _numbers(max),
    "builtins.sum": _numbers(sum),
    "builtins.abs": _numbers(abs),
    "builtins.round": _numbers(round),
    "builtins.pow": _power,
    "math.pow": _power,
    "urllib.parse.urlencode": _parameters,
    "shlex.split": lambda text: shlex.split(text) if isinstance(text, str) and len(text) < _MAX_TEXT else UNKNOWN,
    "urllib.parse.unquote": _decoder(unquote),
    "base64.b64decode": _decoder(base64.b64decode),
    "base64.standard_b64decode": _decoder(base64.b64decode),
    "base64.urlsafe_b64decode": _decoder(base64.urlsafe_b64decode),
    "base64.b32decode": _decoder(base64.b32decode),
    "base64.b16decode": _decoder(base64.b16decode),
    "base64.a85decode": _decoder(base64.a85decode),
    "base64.b85decode": _decoder(base64.b85decode),
    "binascii.a2b_base64": _decoder(base64.b64decode),
    "binascii.unhexlify": _decoder(lambda value: bytes.fromhex(value if isinstance(value, str) else value.decode())),
    "builtins.bytes.fromhex": _decoder(bytes.fromhex),
    "math.ceil": lambda value: -int(-value // 1),
    "math.floor": lambda value: int(value // 1),
    "builtins.range": _range,
    "builtins.tuple": _items(tuple),
    "builtins.list": _items(list),
    "builtins.set": _items(set),
    "builtins.frozenset": _items(frozenset),
    "builtins.sorted": _items(sorted),
    "builtins.reversed": _items(lambda value: list(value)[::-1]),
    "itertools.product": _product,
    "builtins.enumerate": _items(lambda value: [(i, v) for i, v in enumerate(value)]),
}
_TYPES: dict[str, type] = {
    **{f"builtins.{kind.__name__}": kind for kind in (str, int, float, bool, list, tuple, dict, set, bytes)},
    **dict.fromkeys(("collections.abc.Mapping", "typing.Mapping", "collections.abc.MutableMapping"), dict),
}
# As true or false as what they are given, when that is a text.
_AS_TRUE = frozenset({"builtins.bool", "builtins.str"})


def known_call(machine: Machine, site: CallSite) -> Value:
    """Value of a call with a known meaning; None when this is not one."""
    callee = site.callee
    if isinstance(callee, External):
        special = _SPECIAL.get(callee.dotted) or _SPECIAL.get(_celery_name(callee.dotted))
        if special:
            return special(machine, site)
        function = _FUNCTIONS.get(callee.dotted)
        result = safely(function, site) if function else None
        if callee.dotted in _AS_TRUE and is_word(site.argument(0, "object")):
            return overridable(unwrap(result)[0], unwrap(site.argument(0, "object"))[1], word=True)
        return result
    if isinstance(callee, Method) and callee.name == "get_secret_value":
        held = unwrap(callee.receiver)[0]
        return held.arguments[0] if isinstance(held, Instance) and held.arguments else None
    if isinstance(callee, Method):
        return known_method(machine, callee, site)
    return None


def _environment(machine: Machine, site: CallSite) -> Value:
    name, _ = unwrap(site.argument(0, "key"))
    if not isinstance(name, str):
        return UNKNOWN
    return Overridable(machine.project.variable(name, unwrap(site.argument(1, "default", None))[0]), name, word=True)


def _set_environment(machine: Machine, site: CallSite) -> Value:
    name, value = unwrap(site.argument(0, "key"))[0], unwrap(site.argument(1, "value"))[0]
    if isinstance(name, str) and isinstance(value, str):
        machine.variables.setdefault(name, {}).setdefault(site.frame.module.name, {})[value] = None
    return value


def _duration(_: Machine, site: CallSite) -> Value:
    names = ("days", "seconds", "microseconds", "milliseconds", "minutes", "hours", "weeks")
    given: dict[Value, Value] = {**dict(zip(names, site.arguments, strict=False)), **site.keywords}
    if site.keywords.opaque or not set(given) <= set(names):
        return UNKNOWN
    try:
        return lift(lambda *values: timedelta(**dict(zip(map(str, given), values, strict=True))), *given.values())
    except (TypeError, ValueError, OverflowError):
        return UNKNOWN


def _crontab(_: Machine, site: CallSite) -> Value:
    given = ("minute", "hour", "day_of_week", "day_of_month", "month_of_year")
    written: dict[Value, Value] = {**dict(zip(given, site.arguments, strict=False)), **site.keywords}
    order = ("minute", "hour", "day_of_month", "month_of_year", "day_of_week")
    if site.keywords.opaque:
        return UNKNOWN
    return lift(
        lambda *values: Crontab(" ".join(map(_cron_field, values))), *(written.get(name, "*") for name in order)
    )


def _cron_field(value: Value) -> str:
    if isinstance(value, list | tuple | set):
        return ",".join(map(str, sorted(value, key=str)))
    return str(value).replace(" ", "")


def _interval(_: Machine, site: CallSite) -> Value:
    return site.argument(0, "run_every")


def _table(machine: Machine, site: CallSite) -> Value:
    table = Table()
    for argument in site.arguments:
        given = unwrap(argument)[0]
        pairs = [unwrap(pair)[0] for pair in given] if isinstance(given, list | tuple) else [UNKNOWN]
        known = [pair for pair in pairs if isinstance(pair, list | tuple) and len(pair) == 2]
        if len(known) == len(pairs):
            for key, value in known:
                set_item(machine, table, unwrap(key)[0], value, site.origin)
        else:
            merge_into(machine, table, argument, site.origin)
    merge_into(machine, table, site.keywords, site.origin)
    return table


def _from_keys(machine: Machine, site: CallSite) -> Value:
    keys, table = unwrap(site.argument(0, "iterable"))[0], Table()
    if not isinstance(keys, list | tuple | set | frozenset | dict):
        return UNKNOWN
    for key in keys:
        set_item(machine, table, unwrap(key)[0], site.argument(1, "value", None), site.origin)
    return table


def _mapped(machine: Machine, site: CallSite) -> Value:
    """`map(function, items)`: what it makes of each, as a list."""
    items = unwrap(site.argument(1, "iterable"))[0]
    known = isinstance(items, list | tuple | set | frozenset | dict | range) and len(items) <= _MAX_RANGE
    if len(site.arguments) != 2 or not known or not isinstance(items, Iterable):
        return UNKNOWN
    function, frame = unwrap(site.arguments[0])[0], site.frame
    return [machine.call(CallSite(function, (item,), Table(), frame, site.node)) for item in list(items)]


def _is_instance(_: Machine, site: CallSite) -> Value:
    """Decided only between an instance and classes of the target, or a plain value and types of Python."""
    value, kinds = unwrap(site.argument(0, "object"))[0], unwrap(site.argument(1, "class"))[0]
    kinds = kinds if isinstance(kinds, tuple) else (kinds,)
    types = [_TYPES.get(kind.dotted) for kind in kinds if isinstance(kind, External)]
    if is_plain(value) and len(types) == len(kinds) and None not in types:
        return isinstance(value, tuple(filter(None, types)))
    if not isinstance(value, Instance) or not isinstance(value.cls, ClassValue):
        return UNKNOWN
    if not all(isinstance(kind, ClassValue) for kind in kinds):
        return UNKNOWN
    return any(kind in lineage(value.cls) for kind in kinds)


def _chained(machine: Machine, site: CallSite) -> Value:
    """`ChainMap(first, then)`: what the first holds goes before."""
    table = Table()
    for one in reversed(site.arguments):
        merge_into(machine, table, one, site.origin)
    return table


def _quoted(_: Machine, site: CallSite) -> Value:
    plus = site.callee == External("urllib.parse.quote_plus")
    quoting, text = quote_plus if plus else quote, site.argument(0, "string")
    safe = site.argument(1, "safe", "" if plus else "/")
    return lift(lambda held, kept: _decoder(lambda one: quoting(one, safe=str(kept)))(held), text, safe)


def _is_callable(_: Machine, site: CallSite) -> Value:
    value = unwrap(site.argument(0, "obj"))[0]
    if isinstance(value, FunctionValue | BoundMethod | ClassValue):
        return True
    return False if isinstance(value, str | int | float | list | Table) else UNKNOWN


def _variables(_: Machine, site: CallSite) -> Value:
    """`vars(conf)` is `conf.__dict__`; without an argument, and as `globals()`, the names of the module."""
    if not site.arguments and site.frame.is_module:
        return site.frame.names
    value, __ = unwrap(site.argument(0, "object"))
    return Method(value, "__dict__") if isinstance(value, Conf) else None


def _exit(_: Machine, site: CallSite) -> Value:
    site.frame.ended = "raise"
    return UNKNOWN


def _celery_name(dotted: str) -> str:
    return f"celery.{dotted.rpartition('.')[2]}" if dotted.startswith("celery.") else ""


def _module_of_others(machine: Machine, site: CallSite) -> Value:
    """`import_module("pickle")`, and of the target's own modules one that is there."""
    name, variable = unwrap(site.argument(0, "name"))
    if name in machine.project.modules:
        return overridable(machine.module_value(str(name)), variable)
    if not isinstance(name, str) or not name or name.startswith("."):
        return None
    own = {module.partition(".")[0] for module in machine.project.modules}
    return None if name.partition(".")[0] in own else External(name)


def _attribute_by_name(machine: Machine, site: CallSite) -> Value:
    """`getattr(module, "name")`: of the attributes of a module or of an object of the target, those that are there."""
    owner, name = unwrap(site.argument(0, "object"))[0], unwrap(site.argument(1, "name"))[0]
    if isinstance(name, str) and owner == DJANGO_SETTINGS and len(site.arguments) == 3:
        told = django_setting(machine, name)
        found = site.arguments[2] if told is MISSING else told
        return Overridable(None, "") if found is None else found
    if not isinstance(name, str) or len(site.arguments) != 2:
        return None
    if isinstance(getattr(owner, "cls", owner), ClassValue):
        held = machine.attribute(machine, owner, name)
        return UNKNOWN if isinstance(held, Method) else held
    return machine.attribute(machine, owner, name) if isinstance(owner, External | ModuleValue) else None


def _current_application(_: Machine, site: CallSite) -> Value:
    """The application that is in force, where none is given."""
    return site.arguments[0] if site.arguments and site.arguments[0] is not None else External("celery.current_app")


_SPECIAL: dict[str, Callable[[Machine, CallSite], Value]] = {
    "os.environ.get": _environment,
    "os.getenv": _environment,
    "os.environ.setdefault": _set_environment,
    "datetime.timedelta": _duration,
    "celery.app_or_default": _current_application,
    "celery.get_current_app": _current_application,
    "celery.crontab": _crontab,
    "celery.schedule": _interval,
    "builtins.dict": _table,
    "builtins.dict.fromkeys": _from_keys,
    "collections.ChainMap": _chained,
    "builtins.map": _mapped,
    "builtins.callable": _is_callable,
    "builtins.isinstance": _is_instance,
    "builtins.vars": _variables,
    "builtins.globals": _variables,
    "builtins.locals": _variables,
    "builtins.exec": execute,
    "split_settings.tools.include": include,
    "split_settings.tools.optional": maybe,
    "builtins.getattr": _attribute_by_name,
    "importlib.import_module": _module_of_others,
    "urllib.parse.quote": _quoted,
    "urllib.parse.quote_plus": _quoted,
    "sys.exit": _exit,
    "builtins.exit": _exit,
}
