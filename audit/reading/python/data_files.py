"""Follows what code reads in the data files of the project: JSON, TOML and YAML, by paths that its own files tell."""

import json
import posixpath
import re
import tomllib
from collections.abc import Callable
from fnmatch import fnmatch
from typing import Any

from audit.model.unknown import UNKNOWN
from audit.reading.python.abstract_values import External, Instance, Method, Origin, Table, Value, overridable, unwrap
from audit.reading.python.frames import CallSite, Frame
from audit.reading.python.interpreter import FILE, Machine
from audit.reading.source_files import read_text

PATH = External("pathlib.Path")
_JOINING = frozenset({"pathlib.Path", "pathlib.PurePath", "pathlib.PosixPath", "os.path.join"})
_SAME = frozenset({"os.path.abspath", "os.path.realpath", "os.path.normpath", "os.fspath", "builtins.str"})
_OPENING = frozenset({"builtins.open", "io.open"})
_READING = frozenset({"r", "rb", "rt", "utf-8", "utf8"})
_MOST = 200_000
# Files that may put another in its place where it is deployed, and how: mounted, copied, or by the command of a script.
_MOUNTING = re.compile(r"\.(ya?ml|tf|service)$")
_STARTING = re.compile(r"\.(sh|bash)$|(^|/)(Makefile|Dockerfile|Procfile)[^/]*$")
_REPLACING = re.compile(r">|\b(sed -i|envsubst|mv|cp|jq|yq|curl|wget|ln)\b")
_PLACED = re.compile(
    r"(?:mountPath|target): *()[\"']?([\w./-]+)|([\w./${}~-]+):(/[\w./-]+)|(?:COPY|ADD) +(?:--\S+ +)*(\S+) +(\S+)"
)


def data_call(machine: Machine, site: CallSite) -> Value:
    """Answer calls that make paths, open files or parse them; None for any other call."""
    callee = site.callee
    if isinstance(callee, Method):
        return _method(machine, callee, site)
    if not isinstance(callee, External) or not site.arguments:
        return None
    if callee.dotted in _JOINING | _SAME | {"os.path.dirname"}:
        return _path_of(site, callee.dotted)
    held, variable = unwrap(site.arguments[0])
    if callee.dotted in _OPENING:
        told = path_in(held, site.frame) if unwrap(site.argument(1, "mode", "r"))[0] in _READING else ""
        return overridable(Instance(FILE, (told,)), variable) if told else None
    if callee.dotted in _PARSERS and isinstance(held, Instance) and held.cls == FILE:
        return _parsed(machine, str(held.arguments[0]), _PARSERS[callee.dotted], site.origin, variable)
    return _files(machine, callee.dotted, held, site)


def _files(machine: Machine, dotted: str, held: Value, site: CallSite) -> Value:
    """The folder of a package, or paths in their order."""
    if dotted == "importlib.resources.files" and (module := machine.project.modules.get(str(held))):
        return Instance(PATH, (posixpath.dirname(module.source.path) or ".",))
    paths = [path_in(one, site.frame) for one in held] if isinstance(held, list) and len(site.arguments) == 1 else []
    if dotted == "builtins.sorted" and paths and all(paths) and not site.keywords:
        return [Instance(PATH, (path,)) for path in sorted(paths)]
    return None


def path_in(value: Value, frame: Frame) -> str:
    """The path below the root of the project that a value is; empty for what is none."""
    value = unwrap(value)[0]
    if value == External("builtins.__file__"):
        return frame.module.source.path
    if isinstance(value, Instance) and value.cls == PATH and len(value.arguments) == 1:
        value = unwrap(value.arguments[0])[0]
    return value if isinstance(value, str) and value and not value.startswith(("/", "..", "~")) else ""


def below(folder: str, name: Value) -> Instance:
    """The path of a name in a folder."""
    plain, variable = unwrap(name)
    whole = posixpath.normpath(posixpath.join(folder, plain)) if isinstance(plain, str) else UNKNOWN
    return Instance(PATH, (overridable(whole, variable),))


def path_attribute(path: Instance, name: str) -> Value:
    """`path.parent`, `path.parents`; None for any other attribute."""
    told, variable = unwrap(path.arguments[0]) if len(path.arguments) == 1 else (UNKNOWN, "")
    if not isinstance(told, str) or name not in {"parent", "parents"}:
        return None
    above, found = told, list[Value]()
    while above not in {".", ""}:
        above = posixpath.dirname(above) or "."
        found.append(Instance(PATH, (overridable(above, variable),)))
    if name == "parents":
        return found
    return found[0] if found else Instance(PATH, (UNKNOWN,))


def _path_of(site: CallSite, dotted: str) -> Value:
    first = path_in(site.arguments[0], site.frame)
    plain = isinstance(unwrap(site.arguments[0])[0], str)
    if not first or (plain and dotted not in {"pathlib.Path", "pathlib.PosixPath"}):
        return None
    made = Instance(PATH, (overridable(first, unwrap(site.arguments[0])[1]),))
    if dotted == "os.path.dirname":
        return path_attribute(made, "parent")
    for name in site.arguments[1:] if dotted in _JOINING else ():
        made = below(path_in(made, site.frame), name)
    return made


def _method(machine: Machine, callee: Method, site: CallSite) -> Value:
    receiver, name = callee.receiver, callee.name
    if isinstance(receiver, Instance) and receiver.cls == FILE:
        return receiver if name in {"read", "decode"} else None
    told = path_in(receiver, site.frame) if isinstance(receiver, Instance) and receiver.cls == PATH else ""
    if not told or not isinstance(receiver, Instance):
        return None
    variable = unwrap(receiver.arguments[0])[1]
    found: Value = None
    if name in {"resolve", "absolute", "expanduser"}:
        found = receiver
    elif name in {"glob", "rglob", "iterdir"}:
        found = _paths(machine, told, unwrap(site.argument(0, "pattern", "*"))[0], deep=name == "rglob")
    elif name in {"joinpath", "with_name"} and len(site.arguments) == 1:
        found = below(told if name == "joinpath" else posixpath.dirname(told), site.arguments[0])
    elif name in {"read_text", "read_bytes", "open"} and unwrap(site.argument(0, "mode", "r"))[0] in _READING:
        found = overridable(Instance(FILE, (told,)), variable)
    elif name in {"exists", "is_file"} and machine.project.tree and told in machine.project.tree.paths:
        found = overridable(True, variable)
    return found


def _paths(machine: Machine, folder: str, pattern: Value, *, deep: bool) -> Value:
    """The files of a folder that a pattern names; their order is the folder's own, which nobody knows."""
    tree = machine.project.tree
    if tree is None or not isinstance(pattern, str) or "/" in pattern or deep:
        return UNKNOWN
    inside = [path for path in tree.paths if posixpath.dirname(path) == folder.removeprefix(".")]
    return [Instance(PATH, (path,)) for path in inside if fnmatch(posixpath.basename(path), pattern)]


def _parsed(machine: Machine, path: str, parser: Callable[[str], Any], origin: Origin, variable: str) -> Value:
    tree = machine.project.tree
    if tree is None or path not in tree.paths or _may_be_replaced(machine, path):
        return UNKNOWN
    source = read_text(tree, path)
    if source is None or len(source.text) > _MOST:
        return UNKNOWN
    try:
        data = parser(source.text)
    except (ValueError, TypeError, RecursionError):
        return UNKNOWN
    found = _value(data, origin)
    if isinstance(found, Table) and variable:
        found = Table({key: overridable(value, variable) for key, value in found.items()}, found.origins)
    return overridable(found, variable)


def _may_be_replaced(machine: Machine, path: str) -> bool:
    """Whether a deployment may put another file in the place of this one: mounted, written by a script, made of a template."""
    tree = machine.project.tree
    for other in tree.paths if tree else ():
        mounting = bool(_MOUNTING.search(other))
        near = other != path and (mounting or _STARTING.search(other))
        source = read_text(tree, other) if near and tree else None
        if source and any(_replaces(line, path, mounting) for line in source.lines):
            return True
    return False


def _replaces(line: str, path: str, mounting: bool) -> bool:
    if found := _PLACED.search(line):
        origin, place = (part for part in found.groups() if part is not None)
        same = f"{path}/".startswith(posixpath.normpath(origin or "/") + "/") or origin in {".", "./"}
        return not same and posixpath.basename(place.rstrip("/")) in path.split("/")
    return posixpath.basename(path) in line and (mounting or bool(_REPLACING.search(line)))


def _value(data: Any, origin: Origin) -> Value:
    if isinstance(data, dict):
        return Table({k: _value(v, origin) for k, v in data.items()}, dict.fromkeys(data, origin))
    if isinstance(data, list):
        return [_value(item, origin) for item in data]
    return data if data is None or isinstance(data, str | int | float | bool) else UNKNOWN


def _of_yaml(text: str) -> Any:
    import yaml  # noqa: PLC0415  loaded where some is read

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError from error


_PARSERS: dict[str, Callable[[str], Any]] = {
    **dict.fromkeys(("json.load", "json.loads", "orjson.loads", "ujson.load", "ujson.loads"), json.loads),
    **dict.fromkeys(("tomllib.load", "tomllib.loads", "tomli.load", "tomli.loads"), tomllib.loads),
    **dict.fromkeys(("toml.load", "toml.loads", "pytoml.load"), tomllib.loads),
    **dict.fromkeys(("yaml.safe_load", "yaml.load", "yaml.full_load"), _of_yaml),
}
