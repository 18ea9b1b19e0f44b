"""What a module takes whole from others, read or not: `from .local import *`, `include("base.py")` of split_settings, `exec`."""

import posixpath
import re
import sys
from fnmatch import fnmatch

from audit.model.unknown import UNKNOWN
from audit.reading.python.abstract_values import External, Instance, Origin, Value, unwrap
from audit.reading.python.assignments import doubt, let_change
from audit.reading.python.frames import CallSite, Frame
from audit.reading.python.interpreter import Machine

_WITHOUT_SETTINGS = sys.stdlib_module_names | {"django", "celery", "kombu", "environ"}
_OF_SETTINGS = re.compile(
    r"(?i)(^|[._])(settings?|conf(ig(s|uration)?)?|local|private|secrets?|defaults?|prod\w*|env)([._]|$)"
)


def import_star(machine: Machine, name: str, frame: Frame, origin: Origin) -> None:
    """Take every public name of a module; of one that is not in the tree, nobody knows which settings it gives."""
    if name in machine.project.modules:
        names = machine.module_names(name)
        frame.names.opaque = frame.names.opaque or names.opaque
        for key, value in list(names.items()):
            if isinstance(key, str) and not key.startswith("_"):
                machine.undo_log.write(frame.names, key, value, names.origins.get(key))
        return
    if name.partition(".")[0] not in _WITHOUT_SETTINGS and (is_own(machine, name) or _OF_SETTINGS.search(name)):
        _take_unread(machine, name, frame, origin)


def is_own(machine: Machine, name: str) -> bool:
    """Whether a module, there or not, is of a package of the project."""
    top = name.partition(".")[0]
    return any(known.partition(".")[0] == top for known in machine.project.modules)


def _take_unread(machine: Machine, name: str, frame: Frame, origin: Origin) -> None:
    """What an installation may have is a default no more; what is always there may hold anything."""
    if frame.guarded or machine.undo_log.is_open:
        let_change(machine, frame.names, name, origin)
    else:
        doubt(machine, frame.names, origin)


def execute(machine: Machine, site: CallSite) -> Value:
    """`exec(open("local.py").read())`, among the statements of a module, may set all of its names."""
    if site.frame.is_module and not isinstance(unwrap(site.argument(0, "source"))[0], str):
        doubt(machine, site.frame.names, site.origin)
    return None


def include(machine: Machine, site: CallSite) -> Value:
    """`include("base.py", optional("local.py"))` of split_settings, by paths from the folder of the module that asks."""
    frame = site.frame
    for given in site.arguments:
        value = unwrap(given)[0]
        optional = isinstance(value, Instance) and value.cls == OPTIONAL
        path = unwrap(value.arguments[0])[0] if isinstance(value, Instance) and value.arguments else value
        beside = posixpath.normpath(posixpath.join(posixpath.dirname(frame.module.source.path), str(path)))
        modules = machine.project.modules.items() if isinstance(path, str) else ()
        found = sorted((m.source.path, name) for name, m in modules if fnmatch(m.source.path, beside))
        for _, name in found:
            import_star(machine, name, frame, site.origin)
        if not found and optional and isinstance(path, str):
            let_change(machine, frame.names, path, site.origin)
        elif not found:
            doubt(machine, frame.names, site.origin)
    return UNKNOWN


def maybe(_: Machine, site: CallSite) -> Value:
    """`optional("local.py")`: a file that an installation may have."""
    return Instance(OPTIONAL, site.arguments, origin=site.origin)


OPTIONAL = External("split_settings.tools.optional")
