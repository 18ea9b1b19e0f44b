"""Interprets the calls that create or configure a Celery application."""

import ast
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from audit.model.setting_writes import Means
from audit.model.unknown import UNKNOWN
from audit.reading.celery.application_objects import configuration_of, defaults_of
from audit.reading.celery.configuration_keys import (
    agreed,
    published_settings,
    serves_tests,
    value_of_config,
    value_of_file,
    value_of_key,
    with_siblings,
)
from audit.reading.celery.django_configurations import CHOICE, configurations_of
from audit.reading.celery.task_attributes import write_option
from audit.reading.celery.unknown_classes import is_used_as_application
from audit.reading.celery.unprefixed_settings import note_unprefixed
from audit.reading.old_setting_names import in_namespace, modern
from audit.reading.python.abstract_values import (
    Addition,
    ClassValue,
    Conf,
    External,
    FunctionValue,
    Instance,
    Method,
    ModuleValue,
    Namespace,
    Origin,
    Table,
    Value,
    descends_from,
    lift,
    overridable,
    unwrap,
)
from audit.reading.python.assignments import merge_into, names_of_object, origins_of, set_item
from audit.reading.python.classes import class_attribute, lineage
from audit.reading.python.frames import CallSite
from audit.reading.python.interpreter import Machine

_PARAMETERS = ("main", "loader", "backend", "amqp", "events", "log", "control", "set_as_current", "tasks", "broker")
WHEN_CONFIGURED = frozenset({"on_after_configure.connect", "on_after_finalize.connect"})
_LOADS = re.compile(r"\bconfig_from_(?:object|envvar)\b")
_DEFAULT_LOADERS = ("default", "celery.loaders.default:Loader")
_NOT_SETTINGS = frozenset(
    (
        *_PARAMETERS,
        "include",
        "changes",
        "config_source",
        "fixups",
        "task_cls",
        "autofinalize",
        "namespace",
        "strict_typing",
    )
)


def celery_call(machine: Machine, site: CallSite) -> Value:
    """Answer calls that create or configure a Celery application; None for any other call."""
    callee = site.callee
    if isinstance(callee, External) and callee.dotted == "builtins.setattr":
        return _set_attribute(machine, site)
    if not isinstance(callee, Method):
        if is_used_as_application(site):
            return _application_of_unknown_class(machine, site)
        return _new_application(machine, site) if descends_from(callee, "Celery") else None
    app = callee.receiver
    if callee.name == "gen_task_name":
        return lift(lambda name, module: f"{module}.{name}", site.argument(0, "name"), site.argument(1, "module"))
    if signature := _signature(app, callee.name, site):
        return signature
    return _configure(machine, app, site, callee.name.rpartition(".")[2]) if machine.is_celery(app) else None


def delivered_update(machine: Machine, site: CallSite) -> Value:
    """`app.conf.update(conf.celery_config)`, where the default of what is given is read; None for any other call."""
    callee = site.callee
    conf = callee.receiver if isinstance(callee, Method) and callee.name == "update" else None
    if not isinstance(conf, Conf) or len(site.arguments) != 1 or isinstance(unwrap(site.arguments[0])[0], dict):
        return None
    app = next((a for a in machine.celery_instances if a.fields.get("conf") is conf), None)
    node = site.node if isinstance(site.node, ast.Call) else None
    return UNKNOWN if app and node and load_key(machine, app, node, site.origin) else None


def _signature(called: Value, method: str, site: CallSite) -> Instance | None:
    """The signature that a method of a task, or of another signature, gives."""
    if isinstance(called, FunctionValue) and method in {"s", "si", "signature"}:
        given = site.keywords if method == "signature" else Table()
        return Instance(_SIGNATURE, fields=Namespace({"task": called, "options": given}), origin=site.origin)
    if isinstance(called, Instance) and called.cls == _SIGNATURE and method in {"set", "clone"}:
        return _with_options(called, site)
    return None


def _with_options(signature: Instance, site: CallSite) -> Instance:
    """The signature with what `.set(expires=…)` adds to it."""
    before = signature.fields.get("options")
    options = Table({**(before if isinstance(before, Table) else {}), **site.keywords})
    options.opaque = site.keywords.opaque or (before.opaque if isinstance(before, Table) else None)
    return Instance(_SIGNATURE, fields=Namespace({**signature.fields, "options": options}), origin=site.origin)


def _configure(machine: Machine, app: Instance, site: CallSite, name: str) -> Value:
    conf = configuration_of(app)
    if name == "config_from_object":
        _config_from_object(machine, app, site)
    elif name == "config_from_envvar" and (told := _deployed_module(machine, site)) is not None:
        _load(machine, app, told, "", site.origin)
    elif name in {"config_from_envvar", "config_from_cmdline"}:
        with machine.undo_log.by(Means.LOADED, site.origin):
            machine.undo_log.obscure(conf, site.origin)
    elif name == "init_app":
        _from_flask(machine, app, site)
    elif name == "add_defaults":
        _add_defaults(machine, app, site)
    elif name in {"register_task", "register"}:
        task, _ = unwrap(site.argument(0, "task"))
        task = Instance(task, origin=site.origin) if isinstance(task, ClassValue) else task
        known = isinstance(task, Instance) and isinstance(task.cls, ClassValue)
        machine.registered += [task] if isinstance(task, Instance) and known else []
        machine.unknown_tasks += [] if known else [site.origin]
    elif name == "add_periodic_task":
        _add_periodic_task(machine, conf, site)
    elif isinstance(site.callee, Method) and site.callee.name in WHEN_CONFIGURED:
        given = unwrap(site.argument(0, "fun"))[0]
        machine.when_configured += [(given, app)] if isinstance(given, FunctionValue) else []
        return None
    else:
        return None
    return UNKNOWN


def _set_attribute(machine: Machine, site: CallSite) -> Value:
    """`setattr(app.conf, name, value)`; a name that is not known may be any setting's."""
    owner, name = unwrap(site.argument(0, "obj"))[0], unwrap(site.argument(1, "name"))[0]
    if isinstance(owner, ModuleValue) and owner.name in machine.project.modules:
        owner = machine.module_names(owner.name)
    if not isinstance(owner, Conf | Namespace):
        write_option(machine, owner, name if isinstance(name, str) else UNKNOWN, site.argument(2, "value"), site.origin)
        return None
    with machine.undo_log.by(Means.SET_BY_NAME, site.origin):
        set_item(machine, owner, name if isinstance(name, str) else UNKNOWN, site.argument(2, "value"), site.origin)
    return UNKNOWN


def _new_application(machine: Machine, site: CallSite) -> Instance:
    app = machine.remember(Instance(site.callee, site.arguments, site.keywords, origin=site.origin))
    conf, defaults = Conf(machine.reading), Table()
    app.fields.update(conf=conf, defaults=defaults)
    given: dict[Value, Value] = {**dict(zip(_PARAMETERS, site.arguments, strict=False)), **site.keywords}
    with machine.undo_log.by(Means.ARGUMENT, site.origin):
        _set_arguments(machine, conf, site, given)
    if given.get("config_source") is not None:
        namespace = unwrap(given.get("namespace"))[0]
        _load(machine, app, given["config_source"], namespace if isinstance(namespace, str) else "", site.origin)
    elif _loads_otherwise(machine, app, given.get("loader")):
        with machine.undo_log.by(Means.LOADED, site.origin):
            machine.undo_log.obscure(conf, site.origin)
    elif not machine.project.holds(_LOADS):
        # What the loader imports where nothing else configures the application.
        named = unwrap(given.get("loader"))[0] or machine.project.deployed.get("CELERY_LOADER")
        module = machine.project.deployed.get(
            "CELERY_CONFIG_MODULE", "celeryconfig" if named in _DEFAULT_LOADERS else ""
        )
        if module in machine.project.modules:
            _load(machine, app, module, "", site.origin)
    return app


def _loads_otherwise(machine: Machine, app: Instance, loader: Value) -> bool:
    """Whether the project's own loader, or its own class of applications, makes the configuration."""
    named = unwrap(loader)[0] or (class_attribute(app.cls, "loader_cls") if isinstance(app.cls, ClassValue) else None)
    made = unwrap(machine.resolve(named) if isinstance(named, str) else named)[0]
    classes = [cls for one in (made, app.cls) if isinstance(one, ClassValue) for cls in lineage(one)]
    return any(name in cls.names for cls in classes for name in _MAKES_SETTINGS)


def _application_of_unknown_class(machine: Machine, site: CallSite) -> Instance:
    """An application whose class is chosen at run time: what that class sets is not known, what it is given later is."""
    app = _new_application(machine, replace(site, callee=External("celery.Celery")))
    with machine.undo_log.by(Means.ARGUMENT, site.origin):
        machine.undo_log.obscure(configuration_of(app), site.origin)
    return app


def _set_arguments(machine: Machine, conf: Conf, site: CallSite, given: dict[Value, Value]) -> None:
    """The settings that the arguments of `Celery(...)` write."""
    origins = site.keywords.origins
    for parameter, setting in (("broker", "broker_url"), ("backend", "result_backend"), ("include", "include")):
        if given.get(parameter) is not None:
            set_item(machine, conf, setting, given[parameter], origins.get(parameter, site.origin))
    for name, value in given.items():
        if isinstance(name, str) and name not in _NOT_SETTINGS and modern(name):
            set_item(machine, conf, modern(name), value, origins.get(name, site.origin))
    machine.undo_log.obscure(conf, site.keywords.opaque)
    if isinstance(given.get("changes"), Table):
        merge_into(machine, conf, given["changes"], site.origin)


def _config_from_object(machine: Machine, app: Instance, site: CallSite) -> None:
    namespace, _ = unwrap(site.argument(3, "namespace", ""))
    source = site.argument(0, "obj")
    unread = not isinstance(unwrap(source)[0], str) and _names_of(machine, unwrap(source)[0]) is None
    if unread and isinstance(site.node, ast.Call) and load_key(machine, app, site.node, site.origin):
        return
    _load(machine, app, source, namespace if isinstance(namespace, str) else "", site.origin)


def _deployed_module(machine: Machine, site: CallSite) -> Value:
    """The module of the project that the deployment gives to a variable, else the only one that the code does; None for none."""
    variable = unwrap(site.argument(0, "variable_name"))[0]
    told = machine.project.deployed.get(variable, "") if isinstance(variable, str) else ""
    if told in machine.project.modules:
        return told
    written = {text for texts in machine.variables.get(str(variable), {}).values() for text in texts}
    return _by_default(machine, written.pop()) if len(written) == 1 and not told else None


def _by_default(machine: Machine, name: str) -> Value:
    """A module of settings of the project that a variable may put another in the place of."""
    if name not in machine.project.modules:
        return None
    by_classes = configurations_of(machine, machine.module_names(name))
    return machine.resolve(name) if by_classes else with_siblings(machine, name) or machine.resolve(name)


def _from_flask(machine: Machine, app: Instance, site: CallSite) -> None:
    """`celery.init_app(app)` of an extension: what `app.config` holds, read or not, configures Celery."""
    web = unwrap(site.argument(0, "app"))[0]
    held = unwrap(web.fields.get("config", UNKNOWN))[0] if isinstance(web, Instance) else UNKNOWN
    reading = machine.project.modules.get(machine.reading)
    if reading is not None and machine.project.is_test_file(reading.source.path):
        _load(machine, app, held, "", site.origin)
        return
    # No worker runs without this call: neither a test around it, nor the module that makes it here, leaves it in doubt.
    before, machine.reading = machine.reading, configuration_of(app).home
    with machine.undo_log.aside():
        _load(machine, app, held, "", site.origin)
    machine.reading = before


def load_key(machine: Machine, app: Instance, node: ast.Call, origin: Origin) -> bool:
    """Configure an application with what `app.config`, or a key of it, is by default; False where that is unknown."""
    namespaces = {k.arg: k.value.value for k in node.keywords if isinstance(k.value, ast.Constant)}
    namespace = namespaces.pop("namespace", "")
    if len(node.args) != 1 or len(namespaces) + ("namespace" in {k.arg for k in node.keywords}) < len(node.keywords):
        return False
    source, key = value_of_key(machine, node.args[0])
    if source is UNKNOWN:
        source, key = value_of_config(machine, node.args[0])
    if source is UNKNOWN:
        source, key = value_of_file(machine, machine.project.modules.get(machine.reading), node.args[0])
    names = _names_of(machine, source)
    if names is None:
        return False
    _load(machine, app, _by_variable(names, key), namespace if isinstance(namespace, str) else "", origin)
    with _additions(machine, configuration_of(app), app.fields):
        app.fields["configured_by"] = key
    return True


def _load(machine: Machine, app: Instance, source: Value, namespace: str, origin: Origin) -> None:
    """Write the names of a module, a class, an instance or a dict, as `config_from_object` does."""
    conf = configuration_of(app)
    source, variable = unwrap(source)
    told = machine.project.deployed.get(variable)
    if told is not None and (not isinstance(source, str) or told not in source):
        # The default is not what is loaded: a module of the name that is given, or nobody knows what.
        source = told if told in machine.project.modules else UNKNOWN
    elif variable and isinstance(source, str):
        source = _by_default(machine, source) or source
    of_django = source == "django.conf:settings"
    if isinstance(source, str):
        source = _django_settings(machine, app, origin) if of_django else machine.resolve(source)
    chosen = variable if told is None and isinstance(source, ClassValue | Instance | Table) else ""
    names = _names_of(machine, source)
    if names is None:
        with machine.undo_log.by(Means.LOADED, origin):
            machine.undo_log.obscure(conf, origin)
        return
    if chosen:
        # The variable chooses among several: these are what holds by default.
        names = _by_variable(names, chosen)
        with _additions(machine, conf, app.fields):
            app.fields["configured_by"] = chosen
    for key, value in names.items():
        kept = isinstance(key, str) and (key.isupper() or not of_django)  # Django keeps no name in small letters
        name = (in_namespace(key, namespace) if namespace else modern(key)) if kept and isinstance(key, str) else ""
        if name:
            with machine.undo_log.by(Means.LOADED, origin, str(key)):
                set_item(machine, conf, name, value, names.origins.get(key, origin))
        elif isinstance(key, str) and (key.isupper() or of_django):
            note_unprefixed(app, key, namespace, names.origins.get(key, origin))
    # Celery falls back on Django's name, without any prefix, whatever the namespace.
    if "timezone" not in conf and "TIME_ZONE" in names:
        with machine.undo_log.by(Means.LOADED, origin, "TIME_ZONE"):
            set_item(machine, conf, "timezone", names["TIME_ZONE"], names.origins.get("TIME_ZONE", origin))
    with machine.undo_log.by(Means.LOADED, origin):
        machine.undo_log.obscure(conf, names.opaque)


def _by_variable(names: Table, variable: str) -> Table:
    """Names as defaults that a variable, or a key, may replace."""
    found = Table({key: overridable(value, variable) for key, value in names.items()}, names.origins)
    found.opaque = names.opaque
    return found


def _names_of(machine: Machine, source: Value) -> Table | None:
    if isinstance(source, ModuleValue) and source.name in machine.project.modules:
        module = machine.module_names(source.name)
        classes = configurations_of(machine, module)
        return agreed(classes, CHOICE) if classes else module
    return names_of_object(machine, source)


def _django_settings(machine: Machine, app: Instance, origin: Origin) -> Value:
    """The settings that the application's own module chooses, else the only choice made anywhere.

    A module that is not there is made from one that is published beside it: the only one, or nobody knows which.
    """
    chosen = machine.variables.get("DJANGO_SETTINGS_MODULE", {})
    modules = machine.project.modules
    here = [values for module, values in chosen.items() if modules[module].source.path == origin.path]
    named = dict.fromkeys(name for values in here or chosen.values() for name in values)
    told = machine.project.deployed.get("DJANGO_SETTINGS_MODULE", "")
    if told in modules:
        # `os.environ.setdefault` leaves what the process is given.
        return machine.resolve(told)
    names = [name for name in named if not serves_tests(machine, name)] or [*named]
    if len(names) != 1 or names[0] in modules:
        return _by_default(machine, names[0]) or machine.resolve(names[0]) if len(names) == 1 else UNKNOWN
    published = published_settings(machine, names[0])
    app.fields["published"] = [modules[name].source.path for name in published]
    if len(published) > 1:
        with _additions(machine, configuration_of(app), app.fields):
            app.fields["configured_by"] = names[0]
        return agreed([machine.module_names(name) for name in published], names[0])
    return machine.resolve(published[0] if published else names[0])


def _add_defaults(machine: Machine, app: Instance, site: CallSite) -> None:
    source: Value = unwrap(site.argument(0, "fun"))[0]
    if isinstance(source, FunctionValue):
        source = machine.call_function(source, (), Table(), site.frame)
    with _additions(machine, configuration_of(app), defaults_of(app)):
        merge_into(machine, defaults_of(app), source, site.origin)
    with machine.undo_log.by(Means.DEFAULTS, site.origin):
        for key, value in source.items() if isinstance(source, dict) else [(None, UNKNOWN)]:
            machine.undo_log.see(configuration_of(app), key, value, origins_of(source).get(key, site.origin))


@contextmanager
def _additions(machine: Machine, conf: Conf, table: Table) -> Iterator[None]:
    """Note, in the history of a configuration, the keys that the module being read adds to a table beside it."""
    before = set(table)
    yield
    conf.history += [Addition(machine.undo_log.writer(conf), table, key) for key in table if key not in before]


_SIGNATURE = External("celery.Signature")
_MAKES_SETTINGS = ("read_configuration", "conf", "prepare_config", "_load_config")
_OF_AN_ENTRY = frozenset({"schedule", "sig", "args", "kwargs", "name"})


def _add_periodic_task(machine: Machine, conf: Conf, site: CallSite) -> None:
    """Entry added while the program runs: same shape as one of `beat_schedule`."""
    schedule = conf.get("beat_schedule")
    if not isinstance(schedule, Table):
        schedule = Table()
        with machine.undo_log.by(Means.PERIODIC, site.origin):
            set_item(machine, conf, "beat_schedule", schedule, site.origin)
    signature, _ = unwrap(site.argument(1, "sig"))
    task = signature.fields.get("task", UNKNOWN) if isinstance(signature, Instance) else UNKNOWN
    name, _ = unwrap(site.argument(4, "name", None))
    own = signature.fields.get("options") if isinstance(signature, Instance) else None
    options = Table(own if isinstance(own, Table) else {})
    options.update({key: value for key, value in site.keywords.items() if key not in _OF_AN_ENTRY})
    options.opaque = site.keywords.opaque or (own.opaque if isinstance(own, Table) else None)
    if task is UNKNOWN:
        # What a signature that is not followed carries, nobody knows: its own `expires` among it.
        options.setdefault("expires", UNKNOWN)
    entry = Table({"task": task, "schedule": site.argument(0, "schedule"), "options": options}, {"task": site.origin})
    with _additions(machine, conf, schedule):
        set_item(machine, schedule, name if isinstance(name, str) else f"ligne {site.origin.first}", entry, site.origin)
