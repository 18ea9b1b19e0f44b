"""What the `try` and `with` statements of a function make of an exception raised inside them."""

import ast
from collections.abc import Callable, Iterator, Sequence

from audit.model.observations.failure_handling import Fate
from audit.model.unknown import UNKNOWN
from audit.reading.behaviour.deployed_branches import Said, decided, deployed_handler
from audit.reading.behaviour.scope import Scope, function_scope, last
from audit.reading.python.abstract_values import (
    BoundMethod,
    ClassValue,
    External,
    FunctionValue,
    Instance,
    Method,
    Value,
    last_name,
    unwrap,
)
from audit.reading.python.child_nodes import children, walk
from audit.reading.python.classes import class_attribute
from audit.reading.python.implementations import says_nothing
from audit.reading.python.syntax_cache import Definition

Raises = Callable[[ast.AST], bool]


BROAD = frozenset({"Exception", "BaseException"})
RETRY = BROAD | {"Retry", "TaskPredicate", "CeleryError"}
NESTED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
# What a stack is given surrounds the rest.
STACKING = frozenset({"enter_context", "enter_async_context"})
_PUSHING = frozenset({"push", "push_async_exit"})
_STACKS = frozenset({"ExitStack", "AsyncExitStack"})
_SOMETIMES = frozenset({"raises", "move_on_after", "timeout", "ignored", "swallow"})
_DEPTH = 4


def scope_of(scope: Scope, function: FunctionValue) -> Scope:
    """The scope of another function of the target."""
    return Scope(scope.machine, scope.machine.project.modules[function.module], function.symbol, function.node)


def worst(scope: Scope, raises: Raises, caught: frozenset[str], depth: int = 0) -> Fate:
    """The worst that statements of a function do of an exception of the classes `caught`, raised where `raises` says."""
    return max((_fate(scope, n, raises, caught, depth) for n in walk(scope.root)), default=Fate.HANDED_ON)


def _fate(scope: Scope, node: ast.AST, raises: Raises, caught: frozenset[str], depth: int) -> Fate:
    if isinstance(node, ast.With | ast.AsyncWith):
        if not any(map(raises, inside(node.body))):
            return Fate.HANDED_ON
        calls = [n for n in inside(node.body) if isinstance(n, ast.Call) and n.args]
        stacked = (call for call in calls if last(call.func) in STACKING)
        managers = [*(item.context_expr for item in node.items), *(call.args[0] for call in stacked)]
        pushed = [pushed_fate(scope, call.args[0], caught) for call in calls if is_pushed(scope, call)]
        return max(*(_context_fate(scope, manager, caught, depth) for manager in managers), *pushed, Fate.HANDED_ON)
    if not isinstance(node, ast.Try | ast.TryStar):
        return Fate.HANDED_ON
    handled = [statement for handler in node.handlers for statement in handler.body]
    if _leaves(node.finalbody) and any(map(raises, inside([*node.body, *handled, *node.orelse]))):
        return Fate.LOST
    return handlers_fate(scope, node.handlers, caught) if any(map(raises, inside(node.body))) else Fate.HANDED_ON


def handlers_fate(scope: Scope, handlers: Sequence[ast.ExceptHandler], caught: frozenset[str]) -> Fate:
    """What the first handler that catches one of these classes does; unclear where what one catches cannot be told."""
    doubt = Fate.HANDED_ON
    for handler in handlers:
        caught_here = catches(scope, handler.type, caught)
        if caught_here:
            return max(doubt, _fate_in(scope, handler))
        if caught_here is None and _fate_in(scope, handler):
            doubt = Fate.UNCLEAR
    return doubt


def catches(scope: Scope, kind: ast.expr | None, caught: frozenset[str]) -> bool | None:
    """Whether an `except` catches one of these classes; None when it cannot be told."""
    if kind is None or last(kind) in caught:
        return True
    if isinstance(kind, ast.Starred):
        return catches(scope, kind.value, caught)
    if isinstance(kind, ast.Tuple):
        return _any(catches(scope, part, caught) for part in kind.elts)
    return _among(scope.evaluated(kind), last(kind), caught)


def _among(value: Value, name: str, caught: frozenset[str]) -> bool | None:
    if isinstance(value, list | tuple):
        return _any(_among(part, last_name(part), caught) for part in value)
    if isinstance(value, External) and last_name(value) in caught:
        return True
    if isinstance(value, ClassValue):
        return False
    # What follows the case of a class is one; a constant may hold several.
    named = last_name(value) or name
    return False if named[:1].isupper() and not named.isupper() else None


def _any(answers: Iterator[bool | None]) -> bool | None:
    told = list(answers)
    return True if True in told else None if None in told else False


def _fate_in(scope: Scope, handler: ast.ExceptHandler) -> Fate:
    """Whether a handler raises again what it caught: as its last statement, nowhere, or only somewhere."""
    handler, differ = deployed_handler(scope, handler, lambda n: _raises_again(n, handler.name))
    if differ:
        return Fate.UNCLEAR
    if _raises_again(handler.body[-1], handler.name):
        leaving = any(isinstance(n, ast.Return | ast.Break | ast.Continue) for n in inside(handler.body))
        return Fate.UNCLEAR if leaving else Fate.HANDED_ON
    return Fate.UNCLEAR if any(_raises_again(n, handler.name) for n in inside(handler.body)) else Fate.LOST


def _raises_again(node: ast.AST, caught: str | None) -> bool:
    if not isinstance(node, ast.Raise):
        return False
    return node.exc is None or (caught is not None and isinstance(node.exc, ast.Name) and node.exc.id == caught)


def _leaves(final: Sequence[ast.stmt]) -> bool:
    """Whether a `finally` returns or breaks, which drops the exception under way."""
    if any(isinstance(node, ast.Return) for node in inside(final)):
        return True
    return any(isinstance(node, ast.Break | ast.Continue) for node in inside(final, (*NESTED, ast.For, ast.While)))


def inside(statements: Sequence[ast.stmt], closed: tuple[type[ast.AST], ...] = NESTED) -> Iterator[ast.AST]:
    """Nodes of these statements, without those that another function, or whatever is `closed`, holds."""
    pending: list[ast.AST] = list(statements)
    while pending:
        node = pending.pop()
        if not isinstance(node, closed):
            yield node
            pending += children(node)


def context_fate(scope: Scope, node: ast.expr, caught: frozenset[str]) -> Fate:
    """What a context manager makes of an exception of one of these classes raised in its block."""
    return _context_fate(scope, node, caught, 0)


def _context_fate(scope: Scope, node: ast.expr, caught: frozenset[str], depth: int) -> Fate:
    """What a context manager makes of an exception raised in its block."""
    if isinstance(node, ast.IfExp):
        fates = [_context_fate(scope, one, caught, depth) for one in (node.body, node.orelse)]
        return fates[0] if len({*fates}) == 1 else Fate.UNCLEAR
    return _manager_fate(scope, node, caught, depth)


def _manager_fate(scope: Scope, node: ast.expr, caught: frozenset[str], depth: int) -> Fate:
    callee = scope.evaluated(node.func if isinstance(node, ast.Call) else node)
    name = last_name(callee) or last(node.func if isinstance(node, ast.Call) else node)
    if isinstance(node, ast.Call) and "suppress" in {name, last(node.func)}:
        suppressed = _any(catches(scope, argument, caught) for argument in node.args)
        return Fate.LOST if suppressed else Fate.UNCLEAR if suppressed is None else Fate.HANDED_ON
    if isinstance(callee, External | Method):
        return Fate.UNCLEAR if name in _SOMETIMES else Fate.HANDED_ON
    function = callee.function if isinstance(callee, BoundMethod) else callee
    if isinstance(function, FunctionValue) and function.decorated_by("contextmanager", "asynccontextmanager"):
        told = (
            worst(scope_of(scope, function), lambda n: isinstance(n, ast.Yield), caught, depth + 1)
            if depth < _DEPTH
            else None
        )
        return Fate.UNCLEAR if told is None else told
    if isinstance(function, FunctionValue) and depth < _DEPTH:
        return _given_fate(function_scope(scope.machine, function), caught, depth + 1)
    if callee is UNKNOWN and isinstance(node, ast.Call) and depth < _DEPTH:
        return _fate_by_its_name(scope, last(node.func), caught, depth + 1)
    made = scope.evaluated(node) if isinstance(function, FunctionValue) else callee
    return _class_fate(scope, made.cls if isinstance(made, Instance) else made, caught)


def _fate_by_its_name(scope: Scope, name: str, caught: frozenset[str], depth: int) -> Fate:
    """What each context manager that bears this name in the project makes of it, those of a protocol apart."""
    machine = scope.machine
    found = [
        unwrap(machine.resolve(f"{module}:{qualified}"))[0] for module, qualified, _ in machine.graph.methods(name)
    ]
    working = [
        f
        for f in found
        if not (isinstance(f, FunctionValue) and isinstance(f.node, Definition) and says_nothing(f.node))
    ]
    managers = [
        f for f in working if isinstance(f, FunctionValue) and f.decorated_by("contextmanager", "asynccontextmanager")
    ]
    if not managers or len(managers) < len(working):
        return Fate.UNCLEAR
    fates = {worst(scope_of(scope, f), lambda n: isinstance(n, ast.Yield), caught, depth) for f in managers}
    return Fate.HANDED_ON if fates == {Fate.HANDED_ON} else Fate.UNCLEAR


def _given_fate(scope: Scope, caught: frozenset[str], depth: int) -> Fate:
    """What the manager that a function answers makes of it: the one it returns, and those that it puts on a stack."""
    stacked = [c for c in scope.calls if last(c.func) in STACKING and c.args]
    branched = {c for c in stacked if any(isinstance(n, ast.If | ast.IfExp) for n in scope.around(c))}
    fates = [
        min(Fate.UNCLEAR, fate) if call in branched else fate
        for call in stacked
        if (fate := _context_fate(scope, call.args[0], caught, depth))
    ]
    returned = [scope.given(n.value) for n in scope.all(ast.Return) if n.value is not None]
    fates += [_context_fate(scope, value, caught, depth) for value in returned if isinstance(value, ast.Call)]
    return max(fates, default=Fate.HANDED_ON)


def _class_fate(scope: Scope, cls: Value, caught: frozenset[str] = BROAD) -> Fate:
    """What the `__exit__` of a class answers."""
    if isinstance(cls, External | Method):
        return Fate.HANDED_ON
    if not isinstance(cls, ClassValue):
        return Fate.UNCLEAR
    own = next((v for n in ("__exit__", "__aexit__") if (v := class_attribute(cls, n)) is not UNKNOWN), UNKNOWN)
    if not isinstance(own, FunctionValue) or isinstance(own.node, ast.Lambda):
        return Fate.HANDED_ON if own is UNKNOWN else Fate.UNCLEAR
    return _exit_fate(scope_of(scope, own), own.node, caught)


def is_pushed(scope: Scope, call: ast.Call) -> bool:
    """Whether an `ExitStack` is given what it calls when its block ends."""
    stack = call.func.value if isinstance(call.func, ast.Attribute) and call.func.attr in _PUSHING else None
    if not isinstance(stack, ast.Name):
        return False
    blocks: list[ast.With | ast.AsyncWith] = [*scope.all(ast.With), *scope.all(ast.AsyncWith)]
    made = [i.context_expr for b in blocks for i in b.items if i.optional_vars and last(i.optional_vars) == stack.id]
    return any(isinstance(m, ast.Call) and last(m.func) in _STACKS for m in (*made, scope.given(stack)))


def pushed_fate(scope: Scope, node: ast.expr, caught: frozenset[str]) -> Fate:
    """What the function, or the manager, that a stack was given makes of an error."""
    value = scope.evaluated(node)
    function = value.function if isinstance(value, BoundMethod) else value
    if isinstance(function, FunctionValue) and not isinstance(function.node, ast.Lambda):
        return _exit_fate(scope_of(scope, function), function.node, caught)
    return _class_fate(scope, value.cls, caught) if isinstance(value, Instance) else Fate.UNCLEAR


def _exit_fate(scope: Scope, node: ast.FunctionDef | ast.AsyncFunctionDef, caught: frozenset[str]) -> Fate:
    """What a function that leaves a block answers: a true value ends the error there."""
    returned = [n.value for n in inside(node.body) if isinstance(n, ast.Return) and n.value is not None]
    fates = [_answer_fate(scope, value, caught) for value in returned]
    if all(fate is Fate.HANDED_ON for fate in fates):
        return Fate.HANDED_ON
    final = node.body[-1]
    return Fate.LOST if isinstance(final, ast.Return) and fates == [Fate.LOST] else Fate.UNCLEAR


def _answer_fate(scope: Scope, value: ast.expr, caught: frozenset[str]) -> Fate:
    if isinstance(value, ast.Constant) and not value.value:
        return Fate.HANDED_ON
    if isinstance(value, ast.Call) and last(value.func) in {"issubclass", "isinstance"} and len(value.args) == 2:
        told = catches(scope, value.args[1], caught)
        return Fate.LOST if told else Fate.UNCLEAR if told is None else Fate.HANDED_ON
    return Fate.LOST if _is_true_of_errors(scope, value) else Fate.UNCLEAR


def _is_true_of_errors(scope: Scope, node: ast.expr) -> bool:
    """`True`, `kind is not None`, `issubclass(kind, Exception)`, `isinstance(error, Exception)`, `not settings.DEBUG`."""
    if isinstance(node, ast.Constant):
        return bool(node.value)
    if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And):
        return all(_is_true_of_errors(scope, value) for value in node.values)
    if isinstance(node, ast.UnaryOp):
        return decided(scope, node) is Said.TRUE
    if isinstance(node, ast.Compare):
        none = isinstance(node.comparators[0], ast.Constant) and node.comparators[0].value is None
        return none and isinstance(node.ops[0], ast.IsNot)
    if isinstance(node, ast.Call) and last(node.func) in {"issubclass", "isinstance"} and len(node.args) == 2:
        return last(node.args[1]) in BROAD
    # `return kind and issubclass(kind, Exception)`.
    return isinstance(node, ast.Name)


def hands_on_sometimes(scope: Scope, manager: ast.expr) -> bool:
    """Whether a context manager of the project hands an error on in some cases only, by its own `except` or its own answer."""
    made = manager_made_by(scope, manager)
    if isinstance(made, ClassValue):
        own = next((v for n in ("__exit__", "__aexit__") if (v := class_attribute(made, n)) is not UNKNOWN), UNKNOWN)
        # What another manager answers is that one's to say.
        left = isinstance(own, FunctionValue) and "exit__(" in "".join(
            ast.unparse(n) for n in walk(own.node) if isinstance(n, ast.Return)
        )
        return not left and _class_fate(scope, made) is Fate.UNCLEAR
    tries = [n for n in walk(made.node) if isinstance(n, ast.Try)] if isinstance(made, FunctionValue) else []
    around = [t for t in tries if any(isinstance(n, ast.Yield) for n in inside(t.body))]
    own_scope = scope_of(scope, made) if isinstance(made, FunctionValue) else scope
    return any(handlers_fate(own_scope, t.handlers, BROAD) is Fate.UNCLEAR for t in around)


def is_unread(scope: Scope, manager: ast.expr) -> bool:
    """Whether a manager is a `suppress`, or is made by a function of the project, that of `contextlib` apart."""
    made = manager_made_by(scope, manager)
    if isinstance(made, FunctionValue):
        return not made.decorated_by("contextmanager", "asynccontextmanager")
    return isinstance(manager, ast.Call) and last(manager.func) == "suppress"


def manager_made_by(scope: Scope, node: ast.expr) -> Value:
    """The function or the class of the target that makes a context manager, or that decorates; UNKNOWN for any other."""
    callee = scope.evaluated(node.func if isinstance(node, ast.Call) else node)
    found = callee.function if isinstance(callee, BoundMethod) else callee
    return found if isinstance(found, FunctionValue | ClassValue) else UNKNOWN
