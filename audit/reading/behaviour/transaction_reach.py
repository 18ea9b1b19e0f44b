"""What a transaction runs beyond its own text: functions of the project that publish a task at once."""

import ast
from collections.abc import Callable, Iterator

from audit.reading.behaviour.scope import Scope, function_scope, last
from audit.reading.python.abstract_values import BoundMethod, ClassValue, FunctionValue, Instance, Value, unwrap
from audit.reading.python.classes import class_attribute

Publishes = Callable[[Scope, ast.Call], bool]
BLOCKS = frozenset({"atomic", "begin", "begin_nested", "transaction"})
_DEPTH = 5
_ENDS = frozenset({"__exit__", "__aexit__"})


def is_transaction(scope: Scope, node: ast.expr) -> bool:
    """Whether what surrounds a block or a function is a transaction: by its name, or a manager of the project that commits."""
    called = node.func if isinstance(node, ast.Call) else node
    if last(called) in BLOCKS:
        return True
    made = scope.evaluated(called)
    cls = made.cls if isinstance(made, Instance) else made
    if isinstance(cls, ClassValue):
        ends = (unwrap(class_attribute(cls, name))[0] for name in _ENDS)
        return any(_commits(scope, end) for end in ends)
    function = made.function if isinstance(made, BoundMethod) else made
    if not isinstance(function, FunctionValue) or isinstance(function.node, ast.Lambda):
        return False
    managed = any("contextmanager" in ast.unparse(d) for d in function.node.decorator_list)
    inner = function_scope(scope.machine, function)
    blocks: list[ast.With | ast.AsyncWith] = [*inner.all(ast.With), *inner.all(ast.AsyncWith)]
    opened = [i.context_expr for b in blocks for i in b.items if any(isinstance(n, ast.Yield) for n in ast.walk(b))]
    named = any(last(m.func if isinstance(m, ast.Call) else m) in BLOCKS for m in opened)
    return managed and (named or _commits(scope, function))


def _commits(scope: Scope, value: Value) -> bool:
    if not isinstance(value, FunctionValue) or isinstance(value.node, ast.Lambda):
        return False
    return any(last(call.func) == "commit" for call in function_scope(scope.machine, value).calls)


def publishes_beyond(scope: Scope, call: ast.Call, publishes: Publishes, seen: frozenset[str] = frozenset()) -> bool:
    """Whether a call runs a function of the project that publishes a task, or one that calls such a function."""
    return any(_publishes(scope, function, publishes, seen) for function in _callees(scope, call))


def _publishes(scope: Scope, function: FunctionValue, publishes: Publishes, seen: frozenset[str]) -> bool:
    if function.symbol in seen or len(seen) >= _DEPTH or isinstance(function.node, ast.Lambda):
        return False
    # What a task does runs in another process, unless it is called as a plain function, which is rare.
    if function.decorated_by("task", "shared_task"):
        return False
    inner = function_scope(scope.machine, function)
    within = seen | {function.symbol}
    direct = [call for call in inner.calls if not any(isinstance(n, ast.Lambda) for n in inner.around(call))]
    return any(publishes(inner, c) or publishes_beyond(inner, c, publishes, within) for c in direct)


def _callees(scope: Scope, call: ast.Call) -> Iterator[FunctionValue]:
    """The function that a call names; of an entry of a table, each function that the table holds."""
    held = scope.evaluated(call.func)
    values: list[Value] = [held]
    if isinstance(call.func, ast.Subscript):
        table = scope.evaluated(call.func.value)
        values += [unwrap(v)[0] for v in table.values()] if isinstance(table, dict) else []
    elif isinstance(call.func, ast.Call) and isinstance(call.func.func, ast.Attribute) and call.func.func.attr == "get":
        table = scope.evaluated(call.func.func.value)
        values += [unwrap(v)[0] for v in table.values()] if isinstance(table, dict) else []
    for value in values:
        function = value.function if isinstance(value, BoundMethod) else value
        if isinstance(function, FunctionValue):
            yield function
