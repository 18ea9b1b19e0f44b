"""Failures that a collector keeps among its answers: `gather(return_exceptions=True)`, `wait`, the futures of a pool."""

import ast
from collections.abc import Iterable, Iterator

from audit.reading.behaviour.called_functions import called_function
from audit.reading.behaviour.exception_handlers import scope_of
from audit.reading.behaviour.scope import Scope, calls_of, last
from audit.reading.behaviour.told_failures import LOGGING, hands_on
from audit.reading.python.child_nodes import walk

_DEPTH = 3
_ASKS = frozenset({"result", "exception", "add_done_callback", "delay", "apply_async", "send_task"})
_KEEPS = frozenset({"append", "extend", "add", "insert", "setdefault", "update"})
_OF_LISTS = _KEEPS | {"items", "values", "keys", "index", "count", "pop", "shutdown", "submit", "cancel", "done"}
# What makes an answer of answers, and raises nothing of them.
_SHAPES = frozenset(
    {"len", "str", "repr", "list", "dict", "tuple", "set", "zip", "enumerate", "sum", "sorted", "isinstance", "type", "any"}
    | {"all", "range", "format", "join", "filter", "map", "int", "bool", "Counter"}
)  # fmt: skip


def is_raised(scope: Scope, call: ast.Call, depth: int = 0) -> bool:
    """Whether a failure among the answers of a call is raised, retried or acted on: here, by what is handed them, or by a caller."""
    statement = next((n for n in scope.around(call) if isinstance(n, ast.stmt)), None)
    if statement is None or depth > _DEPTH:
        return True
    own = set(walk(call))
    later = [n for n in walk(scope.root) if getattr(n, "lineno", 0) >= statement.lineno and n not in own]
    held = _holding(later, call)
    if _acts(later) or _is_used(later, held):
        return True
    for other in (n for n in later if isinstance(n, ast.Call)):
        given = [*other.args, *(k.value for k in other.keywords)]
        if any(_mentions(part, held, call) for part in given) and _hands_on(scope, other, depth):
            return True
    leaving = [n for n in later if isinstance(n, ast.Return | ast.Yield | ast.YieldFrom)]
    returned = [n.value for n in leaving if n.value is not None]
    if not any(_mentions(value, held, call) for value in returned):
        return False
    callers = calls_of(scope, getattr(scope.root, "name", ""))
    return any(is_raised(other, asked, depth + 1) for other, asked in callers if other.root is not scope.root)


def _holding(nodes: Iterable[ast.AST], call: ast.Call) -> set[str]:
    """The names that hold the answers of a call, some of them, or what was made of them."""
    held: set[str] = set()
    pairs = [pair for node in nodes for pair in _given(node)]
    for _ in range(_DEPTH):
        for targets, value in pairs:
            if _mentions(value, held, call):
                held |= {n.id for n in walk(targets) if isinstance(n, ast.Name)}
    return held


def _given(node: ast.AST) -> Iterator[tuple[ast.expr, ast.expr]]:
    """What a node gives a value, and the value."""
    if isinstance(node, ast.Assign):
        yield from ((target, node.value) for target in node.targets)
    elif isinstance(node, ast.AnnAssign | ast.AugAssign | ast.NamedExpr) and node.value is not None:
        yield node.target, node.value
    elif isinstance(node, ast.For | ast.AsyncFor | ast.comprehension):
        yield node.target, node.iter
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _KEEPS:
        yield from ((node.func.value, given) for given in node.args)


def _mentions(node: ast.AST, held: set[str], call: ast.Call) -> bool:
    return any(n is call or (isinstance(n, ast.Name) and n.id in held) for n in walk(node))


def _acts(nodes: Iterable[ast.AST]) -> bool:
    """Whether something raises, asks a future for its outcome, or does more than log where an answer is an exception."""
    return any(
        hands_on(n)
        or (isinstance(n, ast.Call) and last(n.func) in _ASKS)
        or (isinstance(n, ast.If) and _asks_of_one(n.test) and any(map(_does, (m for s in n.body for m in walk(s)))))
        for n in nodes
    )


def _asks_of_one(test: ast.expr) -> bool:
    return any(isinstance(n, ast.Call) and last(n.func) in {"isinstance", "type"} for n in walk(test))


def _does(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and last(node.func) not in LOGGING | _SHAPES | _KEEPS


def _is_used(nodes: Iterable[ast.AST], held: set[str]) -> bool:
    """Whether an answer is used as what it should be, untested: an exception has no such attribute, which raises."""
    nodes = list(nodes)
    if any(isinstance(n, ast.Call) and last(n.func) in {"isinstance", "type"} for n in nodes):
        return False
    attributes = [n for n in nodes if isinstance(n, ast.Attribute) and n.attr not in _OF_LISTS]
    return any(isinstance(n.value, ast.Name | ast.Subscript) and _root(n.value) in held for n in attributes)


def _root(node: ast.expr) -> str:
    return _root(node.value) if isinstance(node, ast.Subscript) else last(node)


def _hands_on(scope: Scope, call: ast.Call, depth: int) -> bool:
    """Whether a function that is handed answers may raise a failure; one that is not read does where its name says so."""
    function = called_function(scope, call)
    if function is None:
        return any(word in last(call.func).lower() for word in ("raise", "check", "ensure", "fail", "verify", "assert"))
    nodes = list(walk(function.node))
    inner = scope_of(scope, function)
    called = [n for n in nodes if isinstance(n, ast.Call) and n is not call]
    return _acts(nodes) or (depth < _DEPTH and any(_hands_on(inner, n, depth + 1) for n in called))
