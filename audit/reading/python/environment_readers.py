"""Evaluates what libraries read in the environment: django-environ, environs, decouple, Starlette, and texts that are parsed.

The value is the default that the source writes, marked with the variable that replaces it. `word` marks a text that nobody
converts: any text is true. Sources: the documentation of django-environ 0.12, environs 14, python-decouple 3.8, Starlette 0.45.
"""

import ast
import json
from collections.abc import Callable
from typing import Any

from audit.model.unknown import UNKNOWN
from audit.model.word_tables import word_set
from audit.reading.python.abstract_values import (
    MISSING,
    ClassValue,
    External,
    Instance,
    Method,
    Missing,
    Overridable,
    Value,
    lift,
    overridable,
    unwrap,
)
from audit.reading.python.classes import lineage
from audit.reading.python.frames import CallSite
from audit.reading.python.interpreter import Machine

# Readers that convert to the type of the default, and those that do so only when they are told to.
_BY_DEFAULT = frozenset({"environ.Env", "environ.FileAwareEnv", "environ.environ.Env"})
_BY_CAST = word_set("""
    decouple.AutoConfig decouple.Config environs.Env environs.FileAwareEnv starlette.config.Config
    starlette.config.Environ
""")
_FUNCTIONS = frozenset({"decouple.config"})
_METHODS = frozenset({"str", "bool", "int", "float", "list", "tuple", "json", "get_value", "decimal"})
_KINDS = {kind.__name__: kind for kind in (str, bool, int, float, list, tuple)}
_TRUE = frozenset({"true", "on", "ok", "y", "yes", "1", "t"})
_FALSE = frozenset({"false", "off", "n", "no", "0", "f", ""})
_MAX_TEXT = 2_000
_CHOICE = "DJANGO_SETTINGS_MODULE"
DJANGO_SETTINGS = External("django.conf.settings")


def environment_call(machine: Machine, site: CallSite) -> Value:
    """Value of a call that reads the environment, or the text of a variable; None when this is not one."""
    callee = site.callee
    if isinstance(callee, External):
        if parser := _PARSERS.get(callee.dotted):
            return _parsed(parser, site)
        return _read(machine, site, "", converts=False) if callee.dotted in _FUNCTIONS else None
    if isinstance(callee, Instance) and (kind := _kind(callee)):
        return _read(machine, site, "", converts=kind in _BY_DEFAULT, scheme=callee)
    if isinstance(callee, Method) and callee.name in _METHODS:
        receiver = unwrap(callee.receiver)[0]
        if isinstance(receiver, Instance) and (kind := _kind(receiver)):
            return _read(machine, site, callee.name, converts=kind in _BY_DEFAULT, scheme=receiver)
    return None


def django_setting(machine: Machine, name: str) -> Value | Missing:
    """What the one module of settings that Django is told gives this name; MISSING where it has none, UNKNOWN without such a module."""
    modules, chosen = machine.project.modules, machine.variables.get(_CHOICE, {})
    for module in [] if chosen else [one for one, held in modules.items() if _CHOICE in held.source.text]:
        machine.module_names(module)
    named = {text for texts in machine.variables.get(_CHOICE, {}).values() for text in texts}
    of_tests = {one for one in named & modules.keys() if machine.project.is_test_file(modules[one].source.path)}
    told = machine.project.deployed.get(_CHOICE, "") or next(iter(named - of_tests), "")
    if told not in modules or len(named - of_tests) > 1:
        return UNKNOWN
    names = machine.module_names(told)
    return names.get(name, MISSING if names.opaque is None else UNKNOWN)


def _kind(instance: Instance) -> str:
    classes = lineage(instance.cls) if isinstance(instance.cls, ClassValue) else (instance.cls,)
    dotted = (
        base.dotted for cls in classes for base in (*getattr(cls, "bases", ()), cls) if isinstance(base, External)
    )
    return next((name for name in dotted if name in _BY_DEFAULT | _BY_CAST), "")


def _read(machine: Machine, site: CallSite, method: str, *, converts: bool, scheme: Instance | None = None) -> Value:
    name = unwrap(site.argument(0, "var"))[0]
    if not isinstance(name, str):
        return UNKNOWN
    cast, default = _declared(scheme, name)
    told = [site.keywords.get("cast", UNKNOWN), *site.arguments[1:]]
    kinds = [kind for kind in map(_name_of, told) if kind]
    given = (site.keywords.get("default", UNKNOWN), *site.arguments[1:])
    written = [value for value in given if not isinstance(value, External | ClassValue)]
    default = next((value for value in written if value is not UNKNOWN), default)
    cast = method if method in _KINDS else next(iter(kinds), cast)
    value = unwrap(default)[0]
    if not cast and converts and isinstance(value, bool | int | float | list | tuple):
        cast = type(value).__name__
    value = machine.project.variable(name, value)
    if method and not cast:
        return Overridable(value if isinstance(value, list | tuple) else UNKNOWN, name)
    return overridable(_converted(value, cast), name, word=cast in {"", "str"})


def _declared(scheme: Instance | None, name: str) -> tuple[str, Value]:
    """What `Env(DEBUG=(bool, False))` says of a variable: its type, and its default."""
    entry = unwrap(scheme.keywords.get(name, UNKNOWN))[0] if scheme else UNKNOWN
    if isinstance(entry, tuple) and entry:
        return _name_of(entry[0]), entry[1] if len(entry) > 1 else UNKNOWN
    return _name_of(entry), UNKNOWN


def _name_of(value: Value) -> str:
    name = value.dotted.removeprefix("builtins.") if isinstance(value, External) else ""
    return name if name in _KINDS else ""


def _converted(value: Value, cast: str) -> Value:
    if not isinstance(value, str) or cast in {"", "str"}:
        return value
    if cast == "bool":
        return True if value.lower() in _TRUE else False if value.lower() in _FALSE else UNKNOWN
    try:
        return _KINDS[cast](value) if cast in {"int", "float"} else UNKNOWN
    except ValueError:
        return UNKNOWN


def _parsed(parser: Callable[[str], Any], site: CallSite) -> Value:
    """The value that a text stands for, where it is one word or a list of them; the variable stays the text's."""
    text, variable = unwrap(site.argument(0, "node_or_string"))
    if not isinstance(text, str) or len(text) > _MAX_TEXT:
        return UNKNOWN if not variable else overridable(UNKNOWN, variable)
    try:
        value = lift(parser, text)
    except (SyntaxError, TypeError, ValueError, RecursionError):
        value = UNKNOWN
    flat = value if isinstance(value, list | tuple) else [value]
    plain = all(isinstance(item, str | int | float | None) for item in flat)
    return overridable(value if plain else UNKNOWN, variable)


def _strtobool(text: str) -> Any:
    return True if text.lower() in _TRUE else False if text.lower() in _FALSE else UNKNOWN


_PARSERS: dict[str, Callable[[str], Any]] = {
    "ast.literal_eval": ast.literal_eval,
    "json.loads": json.loads,
    "distutils.util.strtobool": _strtobool,
    "setuptools.distutils.util.strtobool": _strtobool,
    "str2bool.str2bool": _strtobool,
}
