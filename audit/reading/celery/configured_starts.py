"""Follows what an application, Django or a library calls once a Celery application is configured."""

from audit.reading.celery.configuration_calls import WHEN_CONFIGURED
from audit.reading.python.abstract_values import ClassValue, FunctionValue, Instance, Method, descends_from, unwrap
from audit.reading.python.classes import lineage
from audit.reading.python.interpreter import Machine

_INITIALISER = "init_app"


def follow_connected(machine: Machine) -> None:
    """Follow the functions that an application calls once it is configured: they may add periodic tasks."""
    _follow_installed(machine)
    for function in list(machine.decorated):
        for decoration in function.decorators:
            callee = decoration.callee
            if isinstance(callee, Method) and callee.name in WHEN_CONFIGURED and machine.is_celery(callee.receiver):
                machine.follow(function, (callee.receiver,))
    for function, app in machine.when_configured:
        machine.follow(function, (app,))


def _follow_installed(machine: Machine) -> None:
    """Follow `ready` of the applications that Django installs: no worker runs without it, whatever its module is loaded by."""
    installed = [unwrap(names.get("INSTALLED_APPS"))[0] for names in machine.globals.values()]
    named = tuple(str(name) for held in installed if isinstance(held, list | tuple) for name in held)
    for names in list(machine.globals.values()) if named else ():
        for cls in [one for one in names.values() if isinstance(one, ClassValue) and descends_from(one, "AppConfig")]:
            ready = cls.names.get("ready")
            if isinstance(ready, FunctionValue) and cls.symbol.replace(":", ".").startswith(named):
                with machine.undo_log.by_start():
                    machine.follow(ready, (Instance(cls),))


def follow_initialisers(machine: Machine) -> None:
    """Follow `init_app` of the project's own classes of applications, which code that is not followed calls by that name."""
    for app in machine.celery_instances:
        for one in lineage(app.cls) if isinstance(app.cls, ClassValue) else ():
            method = unwrap(one.names.get(_INITIALISER))[0]
            if isinstance(method, FunctionValue) and method.symbol not in machine.followed and _is_called(machine):
                machine.follow(method, (app,))
                break


def _is_called(machine: Machine) -> bool:
    return bool(machine.project.own(f".{_INITIALISER}("))
