"""Workers that Python code of the project starts, by a command written as a list of words."""

import ast
from collections.abc import Iterator

from audit.model.observations.deployment_statements import WorkerStartedByCode
from audit.reading.behaviour.scope import Scope, last

WORDS = ('"worker"', "'worker'")
_STARTERS = frozenset(
    {"execv", "execve", "execvp", "execvpe", "execl", "execlp", "spawnv", "spawnvp", "run", "Popen", "call"}
    | {"check_call", "check_output", "worker_main", "start", "main"}
)


def started_workers(scope: Scope) -> Iterator[WorkerStartedByCode]:
    """One observation for each call that starts `celery … worker`."""
    for call in scope.calls:
        if last(call.func) not in _STARTERS:
            continue
        given = [*call.args, *(k.value for k in call.keywords if k.arg in {"args", "argv"})]
        words = [word for argument in given for word in _words(_given(scope, argument))]
        named = last(call.func) == "worker_main" or any(word.rpartition("/")[2] == "celery" for word in words)
        if "worker" in words and (named or last(call.func) == "start"):
            options = tuple(word.partition("=")[0].lstrip("-") for word in words if word.startswith("--"))
            yield scope.observed(WorkerStartedByCode, call, options)


def _given(scope: Scope, node: ast.expr) -> ast.expr:
    """What a name stands for, in a function or in the module."""
    return (scope.assigned.get(node.id) or node) if isinstance(node, ast.Name) else node


def _words(node: ast.expr) -> Iterator[str]:
    """The words that are written, in order; those that are computed are left out, but for how they begin."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.List | ast.Tuple):
        for item in node.elts:
            yield from _words(item)
    elif isinstance(node, ast.BinOp | ast.JoinedStr):
        parts = [node.left, node.right] if isinstance(node, ast.BinOp) else node.values[:1]
        for part in parts:
            yield from _words(part)
