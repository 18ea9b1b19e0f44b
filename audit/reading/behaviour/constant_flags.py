"""Globals that are only given constants, by whoever calls the function that sets them: flags rather than counts."""

import ast
import re
from collections.abc import Iterator

from audit.reading.behaviour.scope import Scope, keyword, last
from audit.reading.python.child_nodes import walk


def is_given_constants(scope: Scope, parameter: str) -> bool:
    """Whether each call of this function, in the whole project, gives a constant to this parameter, and nothing else names it.

    What a decorator makes of a function may be called by anything, as a task is by its messages.
    """
    function = scope.root
    if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef) or function.decorator_list:
        return False
    names = [a.arg for a in (*function.args.posonlyargs, *function.args.args)]
    calls = 0
    for tree in _naming(scope, function.name):
        called = [n for n in walk(tree) if isinstance(n, ast.Call) and last(n.func) == function.name]
        if _is_named_elsewhere(tree, function.name, called):
            return False
        place = names.index(parameter) if parameter in names else None
        given = [_argument(call, parameter, place) for call in called]
        if not all(isinstance(value, ast.Constant) for value in given):
            return False
        calls += len(given)
    return calls > 0


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
