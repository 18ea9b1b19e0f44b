"""What `app.config` of a Flask application takes from classes, modules and files, and gives by a prefix."""

import json
import posixpath

from audit.model.unknown import UNKNOWN
from audit.reading.python.abstract_values import Table, Value, overridable, unwrap
from audit.reading.python.assignments import let_change, merge_into, names_of_object
from audit.reading.python.frames import CallSite
from audit.reading.python.interpreter import Machine

# By what loads it, the name of the parameter that says what.
_LOADS = {
    "from_object": "obj",
    "from_pyfile": "filename",
    "from_envvar": "variable_name",
    "from_prefixed_env": "prefix",
    "from_file": "filename",
    "from_json": "filename",
}


def flask_method(machine: Machine, table: Table, name: str, site: CallSite) -> Value:
    """Value of a call of a method that only the configuration of a Flask application has; None for any other."""
    if name == "get_namespace":
        return _namespace(table, site)
    if name not in _LOADS:
        return None
    _load(machine, table, name, site)
    return UNKNOWN


def _load(machine: Machine, table: Table, name: str, site: CallSite) -> None:
    """What `app.config` of Flask takes from a module or a class: their names in capitals."""
    source, variable = unwrap(site.argument(0, _LOADS[name]))
    text = source if isinstance(source, str) else ""
    if name == "from_object" and text:
        source = unwrap(machine.resolve(text))[0]
    elif name == "from_pyfile" and text:
        beside = posixpath.normpath(posixpath.join(posixpath.dirname(site.frame.module.source.path), text))
        named = (key for key, module in machine.project.modules.items() if module.source.path == beside)
        source = unwrap(next((machine.module_value(key) for key in named), UNKNOWN))[0]
    names = names_of_object(machine, source) if name in {"from_object", "from_pyfile"} else None
    if names is None and name != "from_object":
        let_change(machine, table, variable or text or name, site.origin)
        prefix = unwrap(site.argument(0, "prefix", "FLASK"))[0]
        if name == "from_prefixed_env" and isinstance(prefix, str):
            _let_variables_change(machine, table, prefix, site)
        return
    kept = Table()
    if names is None:
        kept.opaque = site.origin
    else:
        held = {key: value for key, value in names.items() if isinstance(key, str) and key.isupper()}
        kept = Table({key: overridable(value, variable) for key, value in held.items()}, names.origins)
        kept.opaque = names.opaque
    merge_into(machine, table, kept, site.origin)


def _namespace(table: Table, site: CallSite) -> Value:
    """`app.config.get_namespace("CELERY_")`: the entries that begin so, in small letters and without it unless told otherwise."""
    prefix = unwrap(site.argument(0, "namespace"))[0]
    lower = unwrap(site.argument(1, "lowercase", True))[0]
    trim = unwrap(site.argument(2, "trim_namespace", True))[0]
    if not isinstance(prefix, str) or UNKNOWN in (lower, trim):
        return UNKNOWN
    found = Table()
    for key, value in table.items():
        if isinstance(key, str) and key.startswith(prefix):
            short = key[len(prefix) :] if trim else key
            name = short.lower() if lower else short
            found[name] = value
            found.origins.update({name: table.origins[key]} if key in table.origins else {})
    found.opaque = table.opaque
    return found


def _let_variables_change(machine: Machine, table: Table, prefix: str, site: CallSite) -> None:
    """Each entry may be a variable's, `FLASK_KEY`; so may those of a dictionary, `FLASK_KEY__entry`, and more than it holds."""
    with machine.undo_log.aside():
        for key, value in list(table.items()):
            held = unwrap(value)[0]
            variable = f"{prefix}_{key}"
            if not isinstance(held, Table):
                _write(machine, table, key, held, variable)
                continue
            begins = f"{variable}__"
            added = [name.removeprefix(begins) for name in machine.project.deployed if name.startswith(begins)]
            for inner in dict.fromkeys((*held, *added)):
                _write(machine, held, inner, unwrap(held.get(inner, UNKNOWN))[0], f"{begins}{inner}")
            machine.undo_log.obscure(held, site.origin)


def _write(machine: Machine, table: Table, key: Value, value: Value, variable: str) -> None:
    """The value of an entry that a variable may give, as Flask reads it: JSON where it is some, else the text."""
    told = machine.project.deployed.get(variable)
    if told is not None:
        try:
            value = json.loads(told)
        except ValueError:
            value = told
    machine.undo_log.write(table, key, overridable(value, variable), table.origins.get(key))
