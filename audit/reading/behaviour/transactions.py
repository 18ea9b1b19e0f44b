"""Tasks published before the transaction they speak of is committed."""

import ast
from collections.abc import Iterator, Sequence

from audit.model.observations.messages import AtomicRequests, DirectPublication, UncommittedPublication
from audit.model.observations.observation import Observation
from audit.model.unknown import UNKNOWN
from audit.reading.behaviour.model_signals import is_signal_receiver
from audit.reading.behaviour.publications import METHODS, published, publishes_its_own_way
from audit.reading.behaviour.row_objects import is_row_class, owner
from audit.reading.behaviour.scope import Scope, last
from audit.reading.behaviour.transaction_reach import is_transaction, publishes_beyond
from audit.reading.python.name_resolution import dotted

_AFTER = frozenset({"delay_on_commit", "apply_async_on_commit"})
_SAVING = frozenset({"save", "asave", "delete", "adelete", "save_base"})
_ATOMIC = "ATOMIC_REQUESTS"
_WRITES = frozenset({"add", "add_all", "merge", "flush", "execute", "executemany", "insert", "bulk_save_objects"})


def published_too_early(scope: Scope) -> Iterator[Observation]:
    """UncommittedPublication: a task published inside a transaction, or between its writes and its commit; else DirectPublication."""
    if not scope.symbol:
        return
    for call in [c for c in scope.calls if _publishes(scope, c)]:
        if any(isinstance(node, ast.Lambda) for node in scope.around(call)) or publishes_its_own_way(scope, call):
            continue
        if _is_inside(scope, call) or _before_commit(scope, call):
            yield scope.observed(UncommittedPublication, call, task=published(scope, call))
        else:
            yield scope.observed(DirectPublication, call, task=published(scope, call), on_save=_is_run_by_a_save(scope))


def transactions_reach(scope: Scope) -> Iterator[Observation]:
    """UncommittedPublication: a call inside a transaction of a function of the project that publishes a task at once."""
    managers = [item.context_expr for block in _blocks(scope) for item in block.items]
    managers += getattr(scope.root, "decorator_list", [])
    if not scope.symbol or not any(is_transaction(scope, manager) for manager in managers):
        return
    for call in scope.calls:
        around = scope.around(call)
        if any(isinstance(node, ast.Lambda) for node in around) or last(call.func) in METHODS:
            continue
        if _is_inside(scope, call) and publishes_beyond(scope, call, _publishes_at_once):
            yield scope.observed(UncommittedPublication, call, task=ast.unparse(call.func))


def _publishes_at_once(scope: Scope, call: ast.Call) -> bool:
    return _publishes(scope, call) and not publishes_its_own_way(scope, call)


def _blocks(scope: Scope) -> list[ast.With | ast.AsyncWith]:
    return [*scope.all(ast.With), *scope.all(ast.AsyncWith)]


def _is_inside(scope: Scope, call: ast.Call) -> bool:
    """Whether a call runs in a transaction: of a block around it, or of a decorator of the function."""
    blocks = [n for n in scope.around(call) if isinstance(n, ast.With | ast.AsyncWith)]
    managers = [item.context_expr for block in blocks for item in block.items if not _holds(item, call)]
    managers += getattr(scope.root, "decorator_list", [])
    return any(is_transaction(scope, manager) for manager in managers)


def _holds(item: ast.withitem, call: ast.Call) -> bool:
    return any(node is call for node in ast.walk(item.context_expr))


def _is_run_by_a_save(scope: Scope) -> bool:
    if getattr(scope.root, "name", "") in _SAVING and is_row_class(scope, owner(scope)):
        return True
    return is_signal_receiver(scope)


def atomic_requests(scope: Scope) -> Iterator[Observation]:
    """AtomicRequests: wherever settings give it a value."""
    for node, value in _given(scope):
        told = scope.value(value)
        if told is UNKNOWN or told:
            yield scope.observed(AtomicRequests, node, on=UNKNOWN if told is UNKNOWN else True)


def _given(scope: Scope) -> Iterator[tuple[ast.AST, ast.expr]]:
    for held in scope.all(ast.Dict):
        pairs = zip(held.keys, held.values, strict=True)
        yield from ((key, value) for key, value in pairs if isinstance(key, ast.Constant) and key.value == _ATOMIC)
    for node in scope.all(ast.Assign):
        for target in node.targets:
            if isinstance(target, ast.Subscript) and getattr(target.slice, "value", None) == _ATOMIC:
                yield node, node.value
    for call in scope.calls:
        yield from ((call, k.value) for k in call.keywords if k.arg == _ATOMIC)


def _publishes(scope: Scope, call: ast.Call) -> bool:
    if not isinstance(call.func, ast.Attribute) or call.func.attr not in METHODS - _AFTER:
        return False
    return call.func.attr == "send_task" or bool(published(scope, call))


def _before_commit(scope: Scope, call: ast.Call) -> bool:
    """Whether a list of statements writes, then publishes, then commits what it wrote."""
    inside: ast.AST = call
    for holder in (*scope.around(call), scope.root):
        for statements in _lists(holder):
            if inside in statements:
                index = statements.index(inside)
                committers = {c for s in statements[index + 1 :] for c in _committers(s)}
                if committers and _writes_since_commit(statements[:index], committers):
                    return True
        inside = holder
    return False


def _lists(holder: ast.AST) -> Iterator[list[ast.stmt]]:
    for name in ("body", "orelse", "finalbody"):
        found = getattr(holder, name, None)
        if isinstance(found, list):
            yield found


def _committers(statement: ast.stmt) -> Iterator[str]:
    """What is committed by a statement that is a commit itself, or holds one."""
    for node in ast.walk(statement):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "commit":
            yield dotted(node.func.value).partition(".")[0]


def _writes_since_commit(statements: Sequence[ast.stmt], committers: set[str]) -> bool:
    wrote = False
    for statement in statements:
        for node in ast.walk(statement):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                if node.func.attr == "commit":
                    wrote = False
                elif node.func.attr in _WRITES and (dotted(node.func.value).partition(".")[0] in committers):
                    wrote = True
    return wrote
