"""Retries without `retry()`: a task that publishes itself again when it fails, or that an error callback publishes again."""

import ast
from collections.abc import Iterator

from audit.model.observations.messages import Republication
from audit.reading.behaviour.publications import published
from audit.reading.behaviour.published_calls import METHODS
from audit.reading.behaviour.row_objects import owner
from audit.reading.behaviour.scope import Scope, calls_of, keyword, last
from audit.reading.python.abstract_values import ClassValue, FunctionValue
from audit.reading.python.child_nodes import walk
from audit.reading.python.name_resolution import symbol_of
from audit.reading.python.parameters import parameters_of, placed

WORDS = ("delay(", "apply_async(", "send_task(", "on_error(", "self.replace(", "signature_from_request(")
_MADE_AGAIN = frozenset({"replace", "signature_from_request"})
_SIGNED = frozenset({"s", "si", "signature", "subtask"})
_FAILED = frozenset({"on_failure", "on_retry"})
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_LEAVES = (ast.Return, ast.Raise)
_ORDERS = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)


def republications(scope: Scope) -> Iterator[Republication]:
    """Republication: each call that publishes a failed task again, and that no test bounds."""
    for call in scope.calls:
        if _is_republished(scope, call) and not _is_bounded(scope, call):
            yield scope.observed(Republication, call)
        elif (name := _published_parameter(scope, call)) and not _is_bounded(scope, call):
            yield from _asked_by_tasks(scope, name)


def _published_parameter(scope: Scope, call: ast.Call) -> str:
    """The parameter that a function publishes, of which it may be given the task that calls it."""
    methods = isinstance(call.func, ast.Attribute) and call.func.attr in METHODS
    name = _signed(call.func.value) if methods and isinstance(call.func, ast.Attribute) else ""
    return name if name in parameters_of(scope.spec) else ""


def _asked_by_tasks(scope: Scope, name: str) -> Iterator[Republication]:
    """The tasks that hand themselves, when they fail, to a function that publishes them again."""
    for other, call in calls_of(scope, scope.symbol.rpartition(":")[2].rpartition(".")[2]):
        given = keyword(call, name) or dict(zip(placed(scope.spec), call.args, strict=False)).get(name)
        if given is None or _is_bounded(other, call):
            continue
        handled = any(isinstance(n, ast.ExceptHandler) for n in other.around(call))
        own = isinstance(given, ast.Name) and _binds(other) and given.id == _first(other)
        own = own or symbol_of(other.evaluated(given)) == other.symbol
        if (handled and own) or (isinstance(given, ast.Name) and given.id in _failed_ones(other)):
            yield other.observed(Republication, call)


def _is_republished(scope: Scope, call: ast.Call) -> bool:
    if last(call.func) == "on_error":
        return any(_signs_itself(scope, given) for given in call.args)
    handled = any(isinstance(n, ast.ExceptHandler) for n in scope.around(call))
    if handled and last(call.func) in _MADE_AGAIN and isinstance(call.func, ast.Attribute):
        given = any(_signs_itself(scope, node) for told in call.args for node in walk(told))
        return given or call.func.attr == "signature_from_request"
    if not isinstance(call.func, ast.Attribute) or call.func.attr not in METHODS:
        return False
    errors = keyword(call, "link_error")
    if errors is not None and any(_signs_itself(scope, node) for node in walk(errors)):
        return True
    if handled and _is_this_task(scope, call):
        return True
    return isinstance(call.func.value, ast.Name) and call.func.value.id in _failed_ones(scope)


def _is_this_task(scope: Scope, call: ast.Call) -> bool:
    """Whether a call publishes the task whose function it stands in."""
    if not isinstance(call.func, ast.Attribute):
        return False
    if (_binds(scope) or _wraps_a_task(scope)) and _signed(call.func.value) == _first(scope) != "":
        return True
    told = published(scope, call)
    return bool(told) and bool(scope.symbol) and told in {scope.symbol, scope.symbol.replace(":", ".")}


def _binds(scope: Scope) -> bool:
    own = scope.root.decorator_list if isinstance(scope.root, _FUNCTIONS) else []
    return any(k.arg == "bind" for d in own if isinstance(d, ast.Call) for k in d.keywords)


def _wraps_a_task(scope: Scope) -> bool:
    """Whether a function is what a decorator puts in the place of another, or a method: the object that it publishes is the task."""
    return ".<locals>." in scope.symbol or isinstance(owner(scope), ClassValue)


def _signed(node: ast.expr) -> str:
    """The name of which something is a signature, or which stands there itself: `task.si(1).set(countdown=5)`."""
    while isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in {*_SIGNED, "set"}:
        node = node.func.value
    return node.id if isinstance(node, ast.Name) else ""


def _failed_ones(scope: Scope) -> frozenset[str]:
    """The names of the task that failed, in what Celery calls then: `on_failure` of its class, a receiver of `task_failure`."""
    if not isinstance(scope.root, _FUNCTIONS):
        return frozenset()
    if scope.root.name in _FAILED:
        return frozenset({_first(scope)})
    signals = [ast.unparse(d) for d in scope.root.decorator_list]
    return frozenset({"sender"}) if any("task_failure" in text for text in signals) else frozenset()


def _first(scope: Scope) -> str:
    return next((a.arg for a in (*scope.spec.posonlyargs, *scope.spec.args)), "")


def _signs_itself(scope: Scope, node: ast.AST) -> bool:
    """Whether this is a signature of the task whose function it stands in."""
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _SIGNED):
        return False
    value = scope.evaluated(node.func.value)
    return isinstance(value, FunctionValue) and value.symbol == scope.symbol


def _is_bounded(scope: Scope, call: ast.Call) -> bool:
    """Whether a test decides that it is published again, or leaves before: a count, a clock, what the error is."""
    if any(isinstance(n, ast.If | ast.IfExp | ast.While | ast.Match) for n in scope.around(call)):
        return True
    for test in scope.all(ast.If):
        if test.lineno > call.lineno or not isinstance(test.body[-1], _LEAVES):
            continue
        compared = [n for n in walk(test.test) if isinstance(n, ast.Compare)]
        handled = any(isinstance(n, ast.ExceptHandler) for n in scope.around(test))
        if handled or any(isinstance(op, _ORDERS) for n in compared for op in n.ops):
            return True
    return False
