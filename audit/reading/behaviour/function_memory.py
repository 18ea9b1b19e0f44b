"""State that a function keeps from one call to the next in its process: a default that changes, its own attributes, a library's limiter."""

import ast
from collections.abc import Iterator

from audit.model.observations.shared_data import GlobalCounter
from audit.model.word_tables import word_set
from audit.reading.behaviour.scope import Scope, last
from audit.reading.python.abstract_values import FunctionValue
from audit.reading.python.parameters import defaults_of

WORDS = (
    "=[]",
    "={}",
    "= []",
    "= {}",
    "=set()",
    "=dict()",
    "=list()",
    "defaultdict",
    "getattr(",
    "ratelimit",
    ".calls ",
    ".count ",
    "+=",
)
_MADE = frozenset({"list", "dict", "set", "defaultdict", "Counter", "deque", "OrderedDict"})
_CHANGES = word_set("append add update extend setdefault insert pop popleft appendleft remove discard clear")
# They count in the memory of their process.
_LIMITERS = frozenset({"ratelimit.limits", "ratelimit.decorators.limits", "ratelimit.RateLimitDecorator"})


def function_memory(scope: Scope) -> Iterator[GlobalCounter]:
    """GlobalCounter: each change of what outlives the call of a function."""
    if not scope.symbol:
        return
    kept = _mutable_defaults(scope)
    for call in scope.calls:
        holder = call.func.value if isinstance(call.func, ast.Attribute) else None
        if isinstance(holder, ast.Name) and holder.id in kept and last(call.func) in _CHANGES:
            yield scope.observed(GlobalCounter, call, name=holder.id)
    written: list[tuple[ast.stmt, ast.expr]] = [(n, t) for n in scope.all(ast.Assign) for t in n.targets]
    written += [(n, n.target) for n in scope.all(ast.AugAssign)]
    for node, target in written:
        if isinstance(target, ast.Subscript) and isinstance(target.value, ast.Name) and target.value.id in kept:
            yield scope.observed(GlobalCounter, node, name=target.value.id)
        elif (
            isinstance(target, ast.Attribute)
            and _is_of_a_function(scope, target.value)
            and _depends_on_itself(node, target)
        ):
            yield scope.observed(GlobalCounter, node, name=ast.unparse(target))
    for decorator in getattr(scope.root, "decorator_list", []):
        made = decorator.func if isinstance(decorator, ast.Call) else decorator
        if scope.external(made) in _LIMITERS:
            yield scope.observed(GlobalCounter, decorator, name=last(made))


def _mutable_defaults(scope: Scope) -> frozenset[str]:
    """Parameters whose default is a list, a dictionary or a set, made once for all calls, and that are given nothing else."""
    given = {t.id for n in scope.all(ast.Assign) for t in n.targets if isinstance(t, ast.Name)}
    return frozenset(n for n, default in defaults_of(scope.spec).items() if _is_mutable(default) and n not in given)


def _is_mutable(default: ast.expr) -> bool:
    called = isinstance(default, ast.Call) and last(default.func) in _MADE
    return called or isinstance(default, ast.List | ast.Dict | ast.Set)


def _is_of_a_function(scope: Scope, holder: ast.expr) -> bool:
    """Whether this names a function of a module: one that is made anew at each call is nobody's memory."""
    if not isinstance(holder, ast.Name) or holder.id in scope.assigned:
        return False
    value = scope.evaluated(holder)
    return isinstance(value, FunctionValue) and "<locals>" not in value.symbol


def _depends_on_itself(node: ast.stmt, target: ast.Attribute) -> bool:
    """Whether what is written counts: it adds to what was there, which the statement reads by the attribute or by its name."""
    if isinstance(node, ast.AugAssign):
        return True
    value = node.value if isinstance(node, ast.Assign) else target
    read = ast.unparse(value)
    return ast.unparse(target) in read or f"'{target.attr}'" in read
