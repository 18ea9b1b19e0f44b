"""Globals that are only given constants: flags rather than counts, and branches that no such constant takes."""

import ast
import re
from collections.abc import Iterator

from audit.reading.behaviour.scope import Scope, keyword, last
from audit.reading.python.abstract_values import Table
from audit.reading.python.child_nodes import walk


def is_given_constants(scope: Scope, parameter: str) -> bool:
    """Whether each call of this function, in the whole project, gives a constant to this parameter, and nothing else names it.

    What a decorator makes of a function may be called by anything, as a task is by its messages.
    """
    calls = only_calls(scope)
    spec = scope.spec
    names = [a.arg for a in (*spec.posonlyargs, *spec.args)]
    place = names.index(parameter) if parameter in names else None
    return bool(calls) and all(isinstance(_argument(call, parameter, place), ast.Constant) for call in calls)


def only_calls(scope: Scope) -> list[ast.Call]:
    """Each call of this function, in the whole project; none where it is decorated, or where something else names it."""
    function = scope.root
    if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef) or function.decorator_list:
        return []
    calls: list[ast.Call] = []
    for tree in _naming(scope, function.name):
        called = [n for n in walk(tree) if isinstance(n, ast.Call) and last(n.func) == function.name]
        if _is_named_elsewhere(tree, function.name, called):
            return []
        calls += called
    return calls


def never_runs(scope: Scope, node: ast.AST) -> bool:
    """Whether a node stands on the side of an `if` that no constant takes: `if not CHECKED[profile]`, where all of CHECKED is true."""
    inner = node
    for around in scope.around(node):
        if isinstance(around, ast.If) and inner is not around.test:
            said = _said(scope, around.test)
            if said is not None and said is not (inner in around.body):
                return True
        inner = around
    return False


def _said(scope: Scope, test: ast.expr) -> bool | None:
    """What every entry of a constant table says of a test, None where they differ or where it is no such test."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        said = _said(scope, test.operand)
        return said if said is None else not said
    asked = test.func if isinstance(test, ast.Call) and len(test.args) == 2 else None
    others: list[object] = []
    if isinstance(test, ast.Call) and isinstance(asked, ast.Attribute) and asked.attr == "get":
        held, others = asked.value, [scope.value(test.args[1])]
    elif isinstance(test, ast.Subscript):
        held = test.value
    else:
        return None
    table = scope.evaluated(held)
    if not isinstance(table, Table) or table.opaque or not table or _is_changed(scope, last(held)):
        return None
    told = {one if isinstance(one, bool) else None for one in (*table.values(), *others)}
    return told.pop() if len(told) == 1 else None


def _is_changed(scope: Scope, name: str) -> bool:
    """Whether the project writes into a table of this name, or takes it under another."""
    changes = rf"\b{re.escape(name)}\b *(?:\[[^\]]*\] *=(?!=)|\.(?:update|setdefault|pop|clear|popitem)\b|\|=|as )|\bglobal {re.escape(name)}\b"
    return not name or scope.machine.project.holds(re.compile(changes))


def is_read(scope: Scope, name: str) -> bool:
    """Whether anything in the project that bears the name of a global is read, imported, or asked for by a text."""
    return any(_reads(node, name) for tree in _naming(scope, name) for node in walk(tree))


def _naming(scope: Scope, name: str) -> Iterator[ast.Module]:
    return (module.tree for module in scope.machine.project.naming(re.compile(rf"\b{re.escape(name)}\b")))


def _reads(node: ast.AST, name: str) -> bool:
    if isinstance(node, ast.Name | ast.Attribute):
        return last(node) == name and not isinstance(node.ctx, ast.Store)
    if isinstance(node, ast.alias):
        return node.name.rpartition(".")[2] == name
    return isinstance(node, ast.Constant) and node.value == name


def _is_named_elsewhere(tree: ast.AST, name: str, calls: list[ast.Call]) -> bool:
    """Whether a function is given to something, kept under another name, or asked for by a text."""
    called = [call.func for call in calls]
    for node in walk(tree):
        if isinstance(node, ast.alias):
            if node.name == name and node.asname not in {None, name}:
                return True
        elif _reads(node, name) and node not in called:
            return True
    return False


def _argument(call: ast.Call, parameter: str, place: int | None) -> ast.expr | None:
    if place is not None and place < len(call.args):
        before = call.args[: place + 1]
        return None if any(isinstance(a, ast.Starred) for a in before) else call.args[place]
    return keyword(call, parameter)
