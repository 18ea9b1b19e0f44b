"""Marks as unknown the settings assigned in functions not interpreted, or through `current_app`."""

import ast
import re
from collections.abc import Callable, Iterator, Mapping

from audit.model.setting_writes import Means
from audit.model.unknown import UNKNOWN
from audit.reading.celery.application_objects import configuration_of, defaults_of
from audit.reading.celery.configuration_calls import load_key
from audit.reading.old_setting_names import modern
from audit.reading.python.abstract_values import External, Instance, Namespace, Origin, Table, Value, unwrap
from audit.reading.python.assignments import obscure, set_item
from audit.reading.python.child_nodes import literal_text, walk
from audit.reading.python.frames import Frame
from audit.reading.python.interpreter import Machine
from audit.reading.python.modules import Module
from audit.reading.python.name_resolution import dotted
from audit.target.import_paths import imported_module

_WORTH_READING = re.compile(r"\bconfig_from_(object|envvar)\b|\bconf\b")
_FROM = re.compile(r"\bfrom\b([\s\w.\\]+?)\bimport\b")
_LOADS = frozenset({"config_from_object", "config_from_envvar"})
_CHANGES = frozenset({"update", "setdefault", "pop"})
_HANDED, _HANDING = "conf", re.compile(r"\bceleryd_(?:init|after_setup)\b")
_CURRENT = "current_app"
_CURRENT_APPS = frozenset({"celery.current_app", "celery._state.current_app"})
_Meant = Callable[[Machine, Module, ast.expr], list[Instance]]


def obscure_late_settings(machine: Machine) -> None:
    """Mark as unknown, on every application concerned, the settings written by functions that were not followed."""
    apps = {
        name for name, held in machine.globals.items() if any(machine.is_celery(unwrap(v)[0]) for v in held.values())
    }
    holders = {"", *(name.rpartition(".")[2] for name in apps)}
    for name in sorted(machine.graph.definitions):
        module = machine.project.modules[name]
        text = module.source.text
        if machine.project.is_test_file(module.source.path) or not _WORTH_READING.search(text):
            continue
        if not _speaks_of_celery(machine, module, holders):
            continue
        machine.reading = name
        for place in machine.graph.definitions_not_in(machine.followed, name):
            if _WORTH_READING.search(place.text):
                _obscure_writes(machine, Frame(module, Namespace()), place.node(), _applications)
        if _CURRENT in text:
            _obscure_writes(machine, Frame(module, Namespace()), module.tree, _current)
    machine.reading = ""
    _obscure_filled(machine)


def _obscure_filled(machine: Machine) -> None:
    """Doubt the dictionaries that are settings of an application, and that functions not followed fill by a name of theirs."""
    settings = [
        v for app in machine.celery_instances for v in (*configuration_of(app).values(), *defaults_of(app).values())
    ]
    tables = {id(table): table for value in settings if isinstance(table := unwrap(value)[0], Table)}
    for name, held in machine.globals.items() if tables else ():
        module = machine.project.modules[name]
        own = {str(key): tables[id(v)] for key, value in held.items() if id(v := unwrap(value)[0]) in tables}
        if not own or machine.project.is_test_file(module.source.path):
            continue
        for place in machine.graph.definitions_not_in(machine.followed, name):
            for node in walk(place.node()):
                filled = own.get(_filled(node))
                if filled is not None:
                    obscure(machine, filled, Frame(module, Namespace()).origin(node))


def _filled(node: ast.AST) -> str:
    """The name of what a statement, or a call, puts something into."""
    if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store):
        return dotted(node.value)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _CHANGES:
        return dotted(node.func.value)
    return dotted(node.target) if isinstance(node, ast.AugAssign) else ""


def _speaks_of_celery(machine: Machine, module: Module, holders: set[str]) -> bool:
    """Whether a module names Celery, or imports, even within a function, an application of the project: `from shop import app`.

    `holders`: the last names of the modules that hold one, and an empty one, for `from . import app`.
    """
    if "elery" in module.source.text:
        return True
    # The text tells that most modules import none of those.
    if holders.isdisjoint(re.split(r"[\s.\\]+", said.strip())[-1] for said in _FROM.findall(module.source.text)):
        return False
    imports = (node for node in walk(module.tree) if isinstance(node, ast.ImportFrom))
    names = (f"{imported_module(node, module.package)}:{alias.name}" for node in imports for alias in node.names)
    return any(machine.is_celery(unwrap(machine.resolve(name))[0]) for name in names)


def _obscure_writes(machine: Machine, frame: Frame, block: ast.AST, meant: _Meant) -> None:
    aliases = _aliases(block, handed=machine.project.holds(_HANDING))
    for node in walk(block):
        for owner, key in _writes(node, aliases):
            origin = frame.origin(node)
            for app in meant(machine, frame.module, owner):
                if not (isinstance(node, ast.Call) and not key and load_key(machine, app, node, origin)):
                    with machine.undo_log.by(_MEANS[meant], origin, key):
                        _forget(machine, app, key, origin)


def _forget(machine: Machine, app: Instance, key: str, origin: Origin) -> None:
    conf = configuration_of(app)
    if key:
        set_item(machine, conf, modern(key) or key, UNKNOWN, origin)
    else:
        obscure(machine, conf, origin)


def _aliases(block: ast.AST, *, handed: bool) -> dict[str, ast.expr]:
    """Names that stand for the configuration of an application, `conf = app.conf`, by that application."""
    given = [(n.targets[0], n.value) for n in walk(block) if isinstance(n, ast.Assign)]
    named = {
        t.id: v.value for t, v in given if isinstance(t, ast.Name) and isinstance(v, ast.Attribute) and v.attr == "conf"
    }
    functions = (n for n in (walk(block) if handed else ()) if isinstance(n, ast.FunctionDef))
    parameters = (a for f in functions for a in (*f.args.args, *f.args.kwonlyargs) if a.arg == _HANDED)
    # Celery hands it to what listens to `celeryd_init` and `celeryd_after_setup`: whose it is, is not said.
    return {a.arg: ast.Name(a.arg) for a in parameters} | named


def _configured(node: ast.expr, aliases: Mapping[str, ast.expr]) -> ast.expr | None:
    """The application whose configuration this is; None for anything else."""
    if isinstance(node, ast.Name):
        return aliases.get(node.id)
    return node.value if isinstance(node, ast.Attribute) and node.attr == "conf" else None


def _entry(node: ast.expr, aliases: Mapping[str, ast.expr]) -> tuple[ast.expr, str] | None:
    """The application, and the name of the setting that this reads in its configuration; an empty name stands for any."""
    if not isinstance(node, ast.Attribute | ast.Subscript) or (app := _configured(node.value, aliases)) is None:
        return None
    return app, node.attr if isinstance(node, ast.Attribute) else literal_text(node.slice)


def _writes(node: ast.AST, aliases: Mapping[str, ast.expr]) -> Iterator[tuple[ast.expr, str]]:
    """What a statement configures, and the setting it writes; an empty name stands for any setting."""
    if isinstance(node, ast.Call) and dotted(node.func) == "setattr" and len(node.args) == 3:
        owner, name, _ = node.args
        app = _configured(owner, aliases)
        if app is not None:
            yield app, literal_text(name)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        owner = node.func.value
        app = _configured(owner, aliases)
        if node.func.attr in _LOADS:
            yield owner, ""
        elif node.func.attr in _CHANGES and app is not None:
            named = [k.arg for k in node.keywords if k.arg] if not node.args else []
            yield from ((app, name) for name in named or [""])
        elif node.func.attr in _CHANGES and (entry := _entry(owner, aliases)):
            yield entry
    elif isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign):
        for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
            inner = target.value if isinstance(target, ast.Subscript) else target
            if entry := _entry(target, aliases) or _entry(inner, aliases):
                yield entry


def _current(machine: Machine, module: Module, owner: ast.expr) -> list[Instance]:
    """All the applications, when an expression is Celery's `current_app`: it may be any of them."""
    return machine.celery_instances if _is_current(_named(machine, module, owner)) else []


def _applications(machine: Machine, module: Module, owner: ast.expr) -> list[Instance]:
    """The applications that an expression may stand for: the one it names, all of them when it names a parameter."""
    apps = machine.celery_instances
    named = _named(machine, module, owner)
    if machine.is_celery(named):
        return [app for app in apps if app is named]
    return apps if named is UNKNOWN or _is_current(named) else []


def _named(machine: Machine, module: Module, owner: ast.expr) -> Value:
    name = dotted(owner)
    return unwrap(machine.resolve(f"{module.name}:{name}"))[0] if name else UNKNOWN


def _is_current(value: Value) -> bool:
    return isinstance(value, External) and value.dotted in _CURRENT_APPS


_MEANS: dict[_Meant, Means] = {_applications: Means.UNCALLED, _current: Means.CURRENT_APPLICATION}
