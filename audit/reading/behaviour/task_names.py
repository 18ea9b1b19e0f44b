"""Tasks that are registered more than once under the one name of their function."""

import ast
from collections.abc import Iterator

from audit.model.observations.messages import RepeatedTask
from audit.reading.behaviour.scope import Scope, keyword, last
from audit.reading.python.child_nodes import walk

WORDS = ("task",)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_LOOPS = (ast.For, ast.AsyncFor, ast.While, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_MAKING = frozenset({"task", "shared_task"})


def task_names(scope: Scope) -> Iterator[RepeatedTask]:
    """A task made at each turn of a loop, or at each call of a function."""
    for loop in (n for kind in _LOOPS for n in scope.all(kind)):
        for made in _made_in(scope, loop):
            yield scope.observed(RepeatedTask, made, name=_name(made))
    if isinstance(scope.root, _FUNCTIONS):
        own = [
            made
            for statement in scope.root.body
            if not isinstance(statement, _LOOPS)
            for made in _made_in(scope, statement)
        ]
        if own and _uses(scope, scope.root.name) > 1:
            yield from (scope.observed(RepeatedTask, made, name=_name(made)) for made in own)


def _made_in(scope: Scope, root: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef | ast.Call]:
    """The tasks made here under the name of their function, or another that is always the same."""
    for node in walk(root):
        if isinstance(node, _FUNCTIONS):
            making = [d for d in node.decorator_list if _makes_a_task(scope, d)]
            wrapped = any(last(_callee(d)) == "wraps" for d in node.decorator_list)
            if making and not wrapped and all(_is_the_same(d) for d in making):
                yield node
        elif isinstance(node, ast.Call) and _is_of_a_lambda(scope, node):
            yield node


def _is_of_a_lambda(scope: Scope, call: ast.Call) -> bool:
    given = any(isinstance(a, ast.Lambda) for a in call.args[:1])
    return given and _makes_a_task(scope, call) and _is_the_same(call)


def _makes_a_task(scope: Scope, node: ast.expr) -> bool:
    """Whether this bears the name of Celery's decorators, and is no other library's."""
    made = scope.external(_callee(node)) if last(_callee(node)) in _MAKING else "another"
    return not made or made.startswith("celery.")


def _callee(node: ast.expr) -> ast.expr:
    return node.func if isinstance(node, ast.Call) else node


def _is_the_same(made: ast.expr) -> bool:
    """Whether what makes a task gives it no name, or a literal one."""
    if not isinstance(made, ast.Call):
        return True
    if any(k.arg is None for k in made.keywords):
        return False
    name = keyword(made, "name")
    return name is None or isinstance(name, ast.Constant)


def _name(made: ast.FunctionDef | ast.AsyncFunctionDef | ast.Call) -> str:
    return made.name if isinstance(made, _FUNCTIONS) else "<lambda>"


def _uses(scope: Scope, name: str) -> int:
    """How often one module calls a function by its name, or decorates with it; what a loop calls counts twice.

    What makes an application is called by several modules, each of them the start of another process.
    """
    found = [0]
    for module in scope.machine.project.own(name):
        repeated = {id(n) for loop in walk(module.tree) if isinstance(loop, _LOOPS) for n in walk(loop)}
        count = 0
        for node in walk(module.tree):
            called = [node.func] if isinstance(node, ast.Call) else []
            called += node.decorator_list if isinstance(node, _FUNCTIONS) else []
            count += sum(2 if id(c) in repeated else 1 for c in called if last(c) == name)
        found.append(count)
    return max(found)
