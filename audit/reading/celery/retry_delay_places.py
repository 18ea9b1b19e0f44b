"""The places of a target that decide a retry's delay, from the call of `retry` back to constants and functions."""

import ast

from audit.model.findings import Excerpt
from audit.reading.python.abstract_values import FunctionValue, Origin
from audit.reading.python.frames import Frame
from audit.reading.python.interpreter import Machine
from audit.target.import_paths import imported_module

_MOST = 8
_LINES = 15


def decision_chain(machine: Machine, frame: Frame, node: ast.Call, function: FunctionValue) -> tuple[Excerpt, ...]:
    """Excerpts: the call, the assignments that feed it, then the constants and functions they name."""
    origins = [frame.origin(node)]
    pending = [k.value for k in node.keywords if k.arg in {"countdown", "max_retries"}]
    names: list[tuple[str, str]] = []
    seen: set[str] = set()
    while pending:
        for name in _names(pending.pop()):
            if name in seen:
                continue
            seen.add(name)
            local = _assignments(function.node, name)
            origins += [frame.origin(statement) for statement in local]
            pending += [s.value for s in local if s.value is not None]
            names += [] if local else [(frame.module.name, name)]
    for module, name in names:
        origins += _definitions(machine, module, name, 3)
    kept = list(dict.fromkeys(origins))[:_MOST]
    return tuple(e for e in (_excerpt(machine, origin) for origin in kept) if e is not None)


def _excerpt(machine: Machine, origin: Origin) -> Excerpt | None:
    source = machine.sources.get(origin.path)
    return source.excerpt(origin.first, min(origin.last, origin.first + _LINES - 1)) if source else None


def _names(node: ast.AST) -> list[str]:
    return [n.id for n in ast.walk(node) if isinstance(n, ast.Name)]


def _assignments(function: ast.AST, name: str) -> list[ast.Assign | ast.AnnAssign]:
    return [
        n
        for n in ast.walk(function)
        if (isinstance(n, ast.Assign) and any(isinstance(t, ast.Name) and t.id == name for t in n.targets))
        or (isinstance(n, ast.AnnAssign) and isinstance(n.target, ast.Name) and n.target.id == name)
    ]


def _definitions(machine: Machine, module: str, name: str, depth: int) -> list[Origin]:
    """Where a global name is defined, imports followed, and the constants its definition names."""
    module, name = _source_of(machine, module, name)
    names = machine.globals.get(module)
    if names is None or name not in names or name not in names.origins or depth == 0:
        return []
    found = [names.origins[name]]
    value = names[name]
    statement: ast.AST | None = value.node if isinstance(value, FunctionValue) else None
    for other in _names(statement) if statement is not None else []:
        if other != name and other.isupper():
            found += _definitions(machine, module, other, depth - 1)
    return found


def _source_of(machine: Machine, module: str, name: str) -> tuple[str, str]:
    """Follow `from … import …` of project modules to the module that binds the name itself."""
    for _ in range(10):
        found = _imported(machine, module, name)
        if found is None or found[0] not in machine.project.modules:
            break
        module, name = found
    return module, name


def _imported(machine: Machine, module: str, name: str) -> tuple[str, str] | None:
    if module not in machine.project.modules:
        return None
    known = machine.project.modules[module]
    for node in known.tree.body:
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                if (alias.asname or alias.name) == name:
                    return imported_module(node, known.package), alias.name
    return None
