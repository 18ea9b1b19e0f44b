"""Finds the default of a configuration key: `config_from_object(app.config["CELERY"])`."""

import ast
import re
from collections.abc import Iterator

from audit.model.unknown import UNKNOWN
from audit.reading.old_setting_names import modern
from audit.reading.python.abstract_values import MISSING, ClassValue, Table, Value, overridable, unwrap
from audit.reading.python.child_nodes import literal_text, walk
from audit.reading.python.equal_values import same
from audit.reading.python.interpreter import Machine
from audit.reading.python.modules import Module
from audit.reading.python.name_resolution import dotted
from audit.target.import_paths import imported_module

_LOADED = re.compile(r"(?<![\w])(?:\w+\.)*from_object\(\s*[\"']([\w.]+)[\"']")
_OF_CELERY = re.compile(r"(?m)^\s*(CELERY_?\w+|BROKER_URL)\s*(:[^=\n]+)?=")
_GIVING = frozenset({"get", "getenv", "getattr"})
# How many names may stand for one another.
_NAMES = 3
_DJANGO_SETTINGS = re.compile(r"(?m)^INSTALLED_APPS\s*[:+]?")
_PRODUCTION = re.compile(r"(?i)(^|_)(prod(uction)?|live|deploy(ed|ment)?)(_|$)")
_OTHERS = re.compile(r"(?i)(^|_)(tests?|testing|ci|dev\w*|local|debug|docs?|examples?|samples?|template)(_|$)")
_HOLDERS = re.compile(r"(?i)conf(ig)?$|settings$")


def value_of_key(machine: Machine, node: ast.expr) -> tuple[Value, str]:
    """The value of `….config["KEY"]` or `….config.get("KEY")`, and the key; UNKNOWN unless one module defines it.

    A deployment may give the key another value: this one is a default, which the key may change.
    """
    key = _key(node)
    if not key:
        return UNKNOWN, ""
    defined = re.compile(rf"(?m)^[ \t]*{key}\s*(:[^=\n]+)?=")
    modules = [module for module in machine.project.own(key) if defined.search(module.source.text)]
    if len(modules) != 1:
        return UNKNOWN, ""
    names = machine.module_names(modules[0].name)
    held = [names, *(value.names for value in names.values() if isinstance(value, ClassValue))]
    found = [table[key] for table in held if key in table]
    value, changed = unwrap(found[0])[0] if len(found) == 1 else UNKNOWN, set(_changed_entries(machine, node))
    if changed and isinstance(value, Table):
        value = value.copy()
        value.update(dict.fromkeys(changed, UNKNOWN))
    return (UNKNOWN, "") if value is UNKNOWN or "" in changed else (value, key)


def _changed_entries(machine: Machine, node: ast.expr) -> Iterator[str]:
    """The entries of a configuration that the module being read gives other values; an empty text for one that is not written."""
    module, text = machine.project.modules.get(machine.reading), ast.unparse(node)
    for n in walk(module.tree) if module is not None else ():
        if isinstance(n, ast.Subscript) and isinstance(n.ctx, ast.Store | ast.Del) and ast.unparse(n.value) == text:
            yield literal_text(n.slice)
        elif isinstance(n, ast.Call) and ast.unparse(n.func) in {f"{text}.update", f"{text}.setdefault"}:
            given = n.args[0] if n.args else None
            yield from map(literal_text, given.keys) if isinstance(given, ast.Dict) else [literal_text(given)]


def _key(node: ast.expr) -> str:
    """The name of a key read in a configuration; empty for any other expression."""
    if isinstance(node, ast.Subscript):
        holder, key = node.value, node.slice
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get" and node.args:
        holder, key = node.func.value, node.args[0]
    elif isinstance(node, ast.Attribute):
        holder, key = node.value, ast.Constant(node.attr)
    else:
        return ""
    text = literal_text(key)
    text = text.upper() if "celery" in text.lower() else text
    return text if text.isidentifier() and text.isupper() and _HOLDERS.search(dotted(holder)) else ""


def value_of_config(machine: Machine, node: ast.expr) -> tuple[Value, str]:
    """What `app.config` holds by default, and its name: the one module with settings of Celery that a factory loads into one.

    Whoever calls the factory may give it more: this is a default, as that of a key is.
    """
    if not isinstance(node, ast.Attribute) or node.attr != "config" or not dotted(node):
        return UNKNOWN, ""
    named = {name for m in machine.project.own("from_object") for name in _LOADED.findall(m.source.text)}
    found = [name for name in named if _has_settings(machine, name)]
    return (unwrap(machine.resolve(found[0]))[0], dotted(node)) if len(found) == 1 else (UNKNOWN, "")


def value_of_file(machine: Machine, module: Module | None, node: ast.expr) -> tuple[Value, str]:
    """The one module of settings whose name, or the name of whose file, an expression holds, and what may give another in its place.

    `load(config["celery_config"], "celeryconfig")`: what is delivered beside the program is what it reads, until an installation has its own.
    """
    words, keys = list(_words(module, node, _NAMES)), [n.slice for n in walk(node) if isinstance(n, ast.Subscript)]
    keys += [
        n.args[0]
        for n in walk(node)
        if isinstance(n, ast.Call) and dotted(n.func).rpartition(".")[2] in _GIVING and n.args
    ]
    named = dict.fromkeys(name for word in words for name in _modules_named(machine, word))
    told = [key.value for key in keys if isinstance(key, ast.Constant) and isinstance(key.value, str)]
    found = [name for name in named if any(isinstance(n, str) and modern(n) for n in machine.module_names(name))]
    if len(found) != 1:
        return UNKNOWN, ""
    return unwrap(machine.resolve(found[0]))[0], told[0] if told else f"{found[0].rpartition('.')[2]}.py"


def _words(module: Module | None, node: ast.expr, depth: int) -> Iterator[str]:
    """The texts in an expression, and in what the statements of its module give the names in it."""
    for inner in walk(node):
        if isinstance(inner, ast.Constant) and isinstance(inner.value, str):
            yield inner.value
        elif isinstance(inner, ast.Name) and module is not None and depth:
            for statement in walk(module.tree):
                if isinstance(statement, ast.Assign) and any(dotted(t) == inner.id for t in statement.targets):
                    yield from _words(module, statement.value, depth - 1)


def _modules_named(machine: Machine, word: str) -> Iterator[str]:
    stem = word.rpartition("/")[2].removesuffix(".py")
    own = machine.project.own() if stem.isidentifier() else ()
    return (module.name for module in own if module.name.rpartition(".")[2] == stem)


def _has_settings(machine: Machine, name: str) -> bool:
    """Whether a module, or that of a class, has settings of Celery."""
    modules = machine.project.modules
    module = modules.get(name) or modules.get(name.rpartition(".")[0])
    return module is not None and _OF_CELERY.search(module.source.text) is not None


def agreed(published: list[Table], missing: str) -> Table:
    """What all these files say, as defaults of the module `missing` that is made from one of them; else not known."""
    found = Table()
    for key in dict.fromkeys(key for names in published for key in names):
        told = [names.get(key, MISSING) for names in published]
        first = next(value for value in told if value is not MISSING)
        agree = all(value is not MISSING and same(value, first) for value in told)
        found[key] = overridable(first, missing) if agree else UNKNOWN
        origin = next((names.origins[key] for names in published if key in names.origins), None)
        if origin:
            found.origins[key] = origin
    found.opaque = next((names.opaque for names in published if names.opaque), None)
    return found


def published_settings(machine: Machine, missing: str) -> list[str]:
    """Modules of Django settings in the package of one that is not there."""
    package = missing.rpartition(".")[0]
    beside = (module for module in machine.project.own() if module.name.rpartition(".")[0] == package)
    return sorted(module.name for module in beside if _DJANGO_SETTINGS.search(module.source.text))


def with_siblings(machine: Machine, name: str) -> Table | None:
    """What a module of settings and those that a deployment may choose in its place all say; None where it is alone.

    Its siblings take the same names whole as it does, or take its own; they are of no test, and of no developer.
    """
    modules = machine.project.modules
    if _PRODUCTION.search(name.rpartition(".")[2]):
        return None
    bases, package = set(_stars(modules[name])), name.rpartition(".")[0]
    taken = {star for module in modules.values() if module.name.startswith(package) for star in _stars(module)}
    beside = [m for m in machine.project.own() if m.name.rpartition(".")[0] == package and m.name not in {name, *taken}]
    found = [m.name for m in beside if {name, *bases} & {*_stars(m)} and not _OTHERS.search(m.name.rpartition(".")[2])]
    chosen = [one for one in found if _PRODUCTION.search(one.rpartition(".")[2])] or found
    return agreed([machine.module_names(one) for one in (name, *chosen)], "") if chosen else None


def _stars(module: Module) -> list[str]:
    """The modules that the statements of one take whole."""
    nodes = walk(module.tree) if "import *" in module.source.text else ()
    stars = [n for n in nodes if isinstance(n, ast.ImportFrom) and any(alias.name == "*" for alias in n.names)]
    return [imported_module(star, module.package) for star in stars]


def serves_tests(machine: Machine, name: str) -> bool:
    """Whether a module of settings is a test's: `manage.py test` chooses it, and no worker does."""
    module = machine.project.modules.get(name)
    return module is not None and machine.project.is_test_file(module.source.path)
