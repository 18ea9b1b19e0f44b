"""Loops that nothing ends: a condition that stays true, an iterator without an end, an event that nobody sets."""

import ast
import itertools
from collections.abc import Callable, Iterator, Mapping

from audit.model.observations.waits import EndlessLoop
from audit.reading.behaviour.polling_loops import awaited, forgotten_cursor
from audit.reading.behaviour.scope import Scope, gather, keyword, last
from audit.reading.python.abstract_values import BoundMethod, FunctionValue, unwrap
from audit.reading.python.child_nodes import children, walk
from audit.reading.python.modules import Module

_EVENTS = frozenset({"threading.Event", "multiprocessing.Event"})
_HARMLESS = frozenset({"is_set", "isSet", "wait", "clear"})
_MADE: Mapping[str, Callable[[], object]] = {
    f"builtins.{kind.__name__}": kind for kind in (bool, dict, float, int, list, str)
}
_CALLED_AGAIN = 2
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def endless_loops(scope: Scope) -> Iterator[EndlessLoop]:
    """The EndlessLoop of a function, and of the own statements of a module, which another process may run."""
    if not scope.symbol:
        own = (n for n in scope.all(ast.While) if not any(isinstance(outer, ast.If) for outer in scope.around(n)))
        unended = (n for n in own if _is_literally_true(scope, n.test) and not _ends(n))
        yield from (scope.observed(EndlessLoop, loop, _left_by(scope, loop)) for loop in unended)
        return
    for loop in scope.all(ast.While):
        literal = _is_literally_true(scope, loop.test)
        if not _ends(loop) and (literal or (not _yields(loop) and _stays_true(scope, loop.test))):
            yield scope.observed(EndlessLoop, loop, _left_by(scope, loop))
        elif asked := awaited(scope, loop, None if literal else loop.test):
            yield scope.observed(EndlessLoop, loop, _left_by(scope, loop, stated=True), asked)
        elif literal and (name := forgotten_cursor(scope, loop)):
            doubt = f"vide `{name}` à chaque tour de sa boucle, et relit la même page"
            yield scope.observed(EndlessLoop, loop, doubt=doubt)
    for each in scope.all(ast.For):
        endless = _has_no_end(scope, each.iter)
        condition = None if endless else _repeated(each.iter)
        if endless and not _ends(each) and not _yields(each):
            yield scope.observed(EndlessLoop, each, _left_by(scope, each))
        elif (endless or condition) and (asked := awaited(scope, each, condition)):
            yield scope.observed(EndlessLoop, each, _left_by(scope, each, stated=True), asked)


def _repeated(node: ast.expr) -> ast.expr | None:
    """What `iter(call, last)` asks before each turn, as a comparison."""
    if not (isinstance(node, ast.Call) and last(node.func) == "iter" and len(node.args) == _CALLED_AGAIN):
        return None
    called, sentinel = node.args
    answer = called.body if isinstance(called, ast.Lambda) else ast.Call(called, [], [])
    return ast.Compare(answer, [ast.NotEq()], [sentinel])


def _left_by(scope: Scope, loop: ast.While | ast.For, *, stated: bool = False) -> str:
    """A function of the project that a loop calls and that raises something, which nothing in the loop catches; else empty.

    `stated`: only a call whose answer is not used.
    """
    for call in scope.calls:
        if stated and not isinstance(scope.parents[call], ast.Expr):
            continue
        around = list(itertools.takewhile(lambda n: n is not loop, scope.around(call)))
        if loop not in scope.around(call) or any(isinstance(n, ast.Try) and n.handlers for n in around):
            continue
        if any(isinstance(n, ast.Raise) for function in _called(scope, call) for n in walk(function)):
            return ast.unparse(call.func)
    return ""


def _called(scope: Scope, call: ast.Call) -> list[ast.AST]:
    """The function that a call runs, or the methods that bear its name."""
    callee = scope.evaluated(call.func)
    function = callee.function if isinstance(callee, BoundMethod) else callee
    if isinstance(function, FunctionValue):
        return [function.node]
    methods = scope.machine.graph.methods(call.func.attr) if isinstance(call.func, ast.Attribute) else []
    return [place.node() for _, _, place in methods]


def _is_literally_true(scope: Scope, test: ast.expr) -> bool:
    """`True`, `not False`, `1 == 1`, `True or x`, or a local name that is given nothing else."""
    if isinstance(test, ast.Constant):
        return bool(test.value)
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return isinstance(test.operand, ast.Constant) and not test.operand.value
    if isinstance(test, ast.BoolOp):
        told = [_is_literally_true(scope, value) for value in test.values]
        return any(told) if isinstance(test.op, ast.Or) else all(told)
    if isinstance(test, ast.Compare) and all(isinstance(n, ast.Constant) for n in (test.left, *test.comparators)):
        return scope.value(test) is True
    given = scope.assigned.get(test.id) if isinstance(test, ast.Name) else None
    # A function inside may give it another value.
    return isinstance(given, ast.Constant) and bool(given.value) and "nonlocal " not in scope.module.source.text


def _has_no_end(scope: Scope, node: ast.expr) -> bool:
    """Whether an iterator gives values for ever."""
    node = scope.given(node)
    if not isinstance(node, ast.Call):
        return False
    name = scope.external(node.func)
    if name == "builtins.enumerate" and node.args:
        return _has_no_end(scope, node.args[0])
    if name == "itertools.repeat":
        return len(node.args) == 1 and keyword(node, "times") is None
    if name == "builtins.iter" and len(node.args) == _CALLED_AGAIN:
        return _never_gives(scope, *node.args)
    return name in {"itertools.count", "itertools.cycle"} or _listens(scope, node)


def _never_gives(scope: Scope, called: ast.expr, sentinel: ast.expr) -> bool:
    """Whether `iter(int, 1)`, which calls until it is given the second, never is."""
    if not isinstance(sentinel, ast.Constant):
        return False
    if isinstance(called, ast.Lambda):
        return isinstance(called.body, ast.Constant) and called.body.value != sentinel.value
    made = _MADE.get(scope.external(called))
    return made is not None and made() != sentinel.value


def _listens(scope: Scope, call: ast.Call) -> bool:
    """Whether these are the messages of a subscription of Redis, that nothing here ends."""
    if not isinstance(call.func, ast.Attribute) or call.func.attr != "listen" or call.args:
        return False
    made = scope.given(call.func.value)
    subscribed = isinstance(made, ast.Call) and last(made.func) == "pubsub"
    return subscribed and "unsubscribe" not in scope.module.source.text


def _stays_true(scope: Scope, test: ast.expr) -> bool:
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return _is_never_set(scope, test.operand)
    if isinstance(test, ast.Name):
        return _is_constant(scope, test)
    return isinstance(test, ast.Attribute) and _is_true_property(scope, test)


def _is_constant(scope: Scope, name: ast.Name) -> bool:
    """Whether a name of the module is true, and nothing gives it another value."""
    if name.id in scope.assigned or scope.symbol.count(".<locals>."):
        return False
    texts = [module.source.text for module in _modules(scope)]
    given = any(f"global {name.id}" in text or f".{name.id} =" in text for text in texts)
    return not given and _is_true(scope, name)


def _is_true_property(scope: Scope, node: ast.Attribute) -> bool:
    """Whether the only property of the project that bears this name always returns true."""
    owner = scope.symbol.partition(":")[2].rpartition(".")[0]
    if not (isinstance(node.value, ast.Name) and node.value.id == "self" and owner.isidentifier()):
        return False
    found = [
        (module, f)
        for module in _modules(scope)
        if node.attr in module.source.text
        for f in walk(module.tree)
        if isinstance(f, _FUNCTIONS) and f.name == node.attr
    ]
    replaced = any(f"{node.attr} =" in module.source.text for module in _modules(scope))
    if replaced or len(found) != 1 or found[0][0] is not scope.module:
        return False
    function = found[0][1]
    own = Scope(scope.machine, scope.module, f"{scope.module.name}:{owner}.{node.attr}", function)
    inner = list(gather(own, ""))
    returns = own.all(ast.Return)
    decorated = [last(d) for d in function.decorator_list] == ["property"]
    single = decorated and not inner and len(function.body) == len(returns) == 1
    return single and returns[0].value is not None and _is_true(own, returns[0].value)


def _is_true(scope: Scope, node: ast.expr) -> bool:
    """Whether an expression is `True`, or 1, and no variable of the environment says otherwise."""
    value, variable = unwrap(scope.held(node))
    return not variable and isinstance(value, int) and value == 1


def _is_never_set(scope: Scope, node: ast.expr) -> bool:
    """Whether this asks an event made here, that no code of the project can set."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or node.func.attr not in _HARMLESS:
        return False
    event = node.func.value
    if isinstance(event, ast.Name):
        made = scope.assigned.get(event.id)
        return made is not None and _makes_event(scope, made) and not _is_given(scope.root, event.id)
    if not isinstance(event, ast.Attribute):
        return False
    values = [
        a.value
        for a in walk(scope.module.tree)
        if isinstance(a, ast.Assign)
        and any(isinstance(t, ast.Attribute) and t.attr == event.attr for t in a.targets)
        and len(a.targets) == 1
    ]
    modules = [module for module in _modules(scope) if event.attr in module.source.text]
    return (
        len(values) == 1
        and _makes_event(scope, values[0])
        and not any(_is_given(module.tree, event.attr) for module in modules)
    )


def _makes_event(scope: Scope, node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and scope.external(node.func) in _EVENTS


def _is_given(root: ast.AST, name: str) -> bool:
    """Whether a name, or an attribute, is used for anything but asking it, so that something else may set it."""
    asked = {node.value for node in walk(root) if isinstance(node, ast.Attribute) and node.attr in _HARMLESS}
    return any(_names(node, name) and node not in asked for node in walk(root))


def _names(node: ast.AST, name: str) -> bool:
    if isinstance(node, ast.Constant):
        return bool(node.value == name)
    read = isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Load)
    return read and last(node) == name if isinstance(node, ast.expr) else False


def _modules(scope: Scope) -> list[Module]:
    return list(scope.machine.project.modules.values())


def _yields(loop: ast.stmt) -> bool:
    return any(isinstance(node, ast.Yield | ast.YieldFrom) for node in walk(loop))


def _ends(loop: ast.While | ast.For) -> bool:
    """Whether something may leave a loop: `break`, `return`, `raise`, or an exit."""
    pending: list[tuple[ast.AST, bool]] = [(node, False) for node in loop.body]
    while pending:
        node, nested = pending.pop()
        if isinstance(node, (*_FUNCTIONS, ast.Lambda, ast.ClassDef)):
            continue
        if isinstance(node, ast.Return | ast.Raise) or (isinstance(node, ast.Break) and not nested):
            return True
        if isinstance(node, ast.Call) and last(node.func) in {"exit", "_exit", "retry"}:
            return True
        inner = nested or isinstance(node, ast.For | ast.AsyncFor | ast.While)
        pending += [(child, inner) for child in children(node)]
    return False
