"""Statements kept for older versions of Python or of a library, which newer ones never run."""

import ast
from collections.abc import Iterator

from audit.reading.python.abstract_values import External, ModuleValue
from audit.reading.python.child_nodes import literal_text, walk
from audit.reading.python.interpreter import Machine
from audit.reading.python.modules import Module
from audit.reading.python.name_resolution import dotted

_VERSIONS = ("version_info", "VERSION", "PY2", "PY3")
_NOT_FOUND = ("ImportError", "ModuleNotFoundError")


def for_older_versions(machine: Machine, module: Module, tree: ast.Module) -> frozenset[ast.AST]:
    """Every node of such a branch: the `else` of `if hasattr(datetime, "UTC")`, either side of `except ImportError`."""
    return frozenset(
        inner
        for node in walk(tree)
        if isinstance(node, ast.If | ast.IfExp | ast.Try | ast.BoolOp)
        for branch in _branches(machine, module, node)
        for inner in walk(branch)
    )


def _branches(machine: Machine, module: Module, node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.If | ast.IfExp | ast.BoolOp):
        yield from _asked_for(node.values[0] if isinstance(node, ast.BoolOp) else node.test, node)
    if isinstance(node, ast.If | ast.IfExp):
        older_first = _older_first(machine, module, node.test)
        if older_first is not None:
            branch = node.body if older_first else node.orelse
            yield from branch if isinstance(branch, list) else [branch]
    elif isinstance(node, ast.Try) and any(_is_not_found(handler) for handler in node.handlers):
        yield from node.body
        yield from (s for handler in node.handlers if _is_not_found(handler) for s in handler.body)
    elif isinstance(node, ast.Try) and any("AttributeError" in ast.unparse(h.type) for h in node.handlers if h.type):
        # A constant, or a setting, that only some versions have.
        inner = (n for statement in node.body for n in walk(statement))
        yield from (n for n in inner if isinstance(n, ast.Attribute) and n.attr.isupper())


def _asked_for(test: ast.expr, node: ast.AST) -> Iterator[ast.AST]:
    """The reads of an attribute that a test asks for: `hasattr(settings, "NAME") and settings.NAME`."""
    calls = [n for n in walk(test) if isinstance(n, ast.Call) and dotted(n.func) == "hasattr" and len(n.args) == 2]
    asked = {(ast.dump(call.args[0]), literal_text(call.args[1])) for call in calls}
    if asked:
        yield from (n for n in walk(node) if isinstance(n, ast.Attribute) and (ast.dump(n.value), n.attr) in asked)


def _older_first(machine: Machine, module: Module, test: ast.expr) -> bool | None:
    """Whether the first branch is that of the older versions; None for a test of something else."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        inner = _older_first(machine, module, test.operand)
        return None if inner is None else not inner
    if isinstance(test, ast.Compare):
        versions = any(name in ast.unparse(test.left) for name in _VERSIONS)
        return isinstance(test.ops[0], ast.Lt | ast.LtE) if versions else None
    if not isinstance(test, ast.Call) or dotted(test.func) != "hasattr" or not test.args:
        return None
    holder = dotted(test.args[0])
    value = machine.resolve(f"{module.name}:{holder}") if holder else None
    # What a library has or lacks depends on its version, unlike what an object of the project has.
    return False if isinstance(value, External | ModuleValue) else None


def _is_not_found(handler: ast.ExceptHandler) -> bool:
    return handler.type is not None and any(name in ast.unparse(handler.type) for name in _NOT_FOUND)
