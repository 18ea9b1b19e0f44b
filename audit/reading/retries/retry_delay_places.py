"""The places of a target that decide a retry's delay, from the call of `retry` back to constants and functions."""

import ast

from audit.model.findings import Excerpt
from audit.reading.python.abstract_values import FunctionValue, Origin
from audit.reading.python.child_nodes import walk
from audit.reading.python.interpreter import Machine
from audit.reading.python.modules import Module
from audit.reading.retries.retry_calls import TaskCalls
from audit.target.import_paths import imported_module

_MOST = 8
_LINES = 15


def decision_chain(machine: Machine, module: Module, node: ast.Call, task: TaskCalls) -> tuple[Excerpt, ...]:
    """Excerpts: the call, the assignments that feed it, then the constants and functions they name."""
    origins = [_origin(module, node)]
    pending = [k.value for k in node.keywords if k.arg in {"countdown", "max_retries"}]
    names: list[tuple[str, str]] = []
    seen: set[str] = set()
    while pending:
        for name in _names(pending.pop()):
            if name in seen:
                continue
            seen.add(name)
            local = task.assignments(name)
            origins += [_origin(module, statement) for statement in local]
            pending += [s.value for s in local if s.value is not None]
            names += [] if local else [(module.name, name)]
    for home, name in names:
        origins += _definitions(machine, home, name, 3)
    kept = list(dict.fromkeys(origins))[:_MOST]
    return tuple(e for e in (_excerpt(machine, origin) for origin in kept) if e is not None)


def _origin(module: Module, node: ast.Call | ast.stmt) -> Origin:
    return Origin(module.source.path, node.lineno, node.end_lineno or node.lineno)


def _excerpt(machine: Machine, origin: Origin) -> Excerpt | None:
    source = machine.sources.get(origin.path)
    return source.excerpt(origin.first, min(origin.last, origin.first + _LINES - 1)) if source else None


def _names(node: ast.AST) -> list[str]:
    return [n.id for n in walk(node) if isinstance(n, ast.Name)]


def _definitions(machine: Machine, module: str, name: str, depth: int) -> list[Origin]:
    """Where a global name is defined, imports followed, and the constants its definition names."""
    module, name = _source_of(machine, module, name)
    names = machine.globals.get(module)
    if names is None or name not in names or name not in names.origins or depth == 0:
        return []
    found, value = [names.origins[name]], names[name]
    for other in _names(value.node) if isinstance(value, FunctionValue) else []:
        if other != name and other.isupper():
            found += _definitions(machine, module, other, depth - 1)
    return found


def _source_of(machine: Machine, module: str, name: str) -> tuple[str, str]:
    """Follow `from … import …` of project modules to the module that binds the name itself."""
    for _ in range(10):
        known = machine.project.modules.get(module)
        imports = [n for n in known.tree.body if isinstance(n, ast.ImportFrom)] if known else []
        source = next(((n, a.name) for n in imports for a in n.names if (a.asname or a.name) == name), None)
        home = imported_module(source[0], known.package) if known and source else ""
        if source is None or home not in machine.project.modules:
            break
        module, name = home, source[1]
    return module, name
