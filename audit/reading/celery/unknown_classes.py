"""An application whose class the reading does not know: what is done with it tells that it is one."""

import ast

from audit.model.unknown import UNKNOWN
from audit.reading.python.abstract_values import External, Instance
from audit.reading.python.frames import CallSite

# Methods that only an application of Celery has.
_OWN = frozenset({"config_from_object", "config_from_envvar", "autodiscover_tasks", "add_periodic_task"})


def is_used_as_application(site: CallSite) -> bool:
    """Whether a module names the result of this call of something unknown, and configures it as an application of Celery."""
    unknown = site.callee is UNKNOWN or (isinstance(site.callee, Instance) and isinstance(site.callee.cls, External))
    module = site.frame.module
    if not unknown or site.frame.qualifier or not any(name in module.source.text for name in _OWN):
        return False
    names = {
        target.id
        for statement in module.tree.body
        if isinstance(statement, ast.Assign) and statement.value is site.node
        for target in statement.targets
        if isinstance(target, ast.Name)
    }
    return bool(names) and any(_configures(statement, names) for statement in module.tree.body)


def _configures(statement: ast.stmt, names: set[str]) -> bool:
    call = statement.value if isinstance(statement, ast.Expr) else None
    method = call.func if isinstance(call, ast.Call) else None
    return (
        isinstance(method, ast.Attribute)
        and method.attr in _OWN
        and isinstance(method.value, ast.Name)
        and method.value.id in names
    )
