"""Tasks published before the transaction they speak of is committed."""

import ast
import re
from collections.abc import Iterator

from audit.model.observations.messages import AtomicRequests, DirectPublication, KeptPublication, UncommittedPublication
from audit.model.unknown import UNKNOWN
from audit.reading.behaviour.model_signals import is_signal_receiver
from audit.reading.behaviour.open_transactions import commit_follows, committed_before, is_inside
from audit.reading.behaviour.publications import is_publication, published, publishes_its_own_way
from audit.reading.behaviour.published_calls import METHODS, is_canvas, may_be_a_task, stands_for_tasks, whole_calls
from audit.reading.behaviour.row_objects import is_row_class, owner
from audit.reading.behaviour.scope import Scope, last
from audit.reading.behaviour.transaction_reach import is_of_another_database

_AFTER = frozenset({"delay_on_commit", "apply_async_on_commit"})
_PUBLISHED = re.compile(r"\b(?:delay|apply_async|send_task|(?:delay|apply_async)_on_commit)\b")
# They call what they are given.
_RUNNING = frozenset({"map", "starmap", "submit", "to_thread", "run_in_executor"})
_SAVING = frozenset({"save", "asave", "delete", "adelete", "save_base"})
_ATOMIC = "ATOMIC_REQUESTS"


def published_too_early(scope: Scope) -> Iterator[UncommittedPublication | DirectPublication | KeptPublication]:
    """UncommittedPublication: a task published inside a transaction, or between its writes and its commit; else DirectPublication.

    KeptPublication: what publishes one, kept for whoever calls it.
    """
    # A task's own way of publishing itself is no publication.
    if not scope.symbol or getattr(scope.root, "name", "") in METHODS:
        return
    for node in scope.all(ast.Attribute):
        if node.attr in METHODS - _AFTER and not _is_called(scope, node) and is_publication(scope, node):
            yield scope.observed(KeptPublication, node)
    for call in scope.calls if "atomic" in scope.module.source.text else ():
        if is_of_another_database(scope, call) and _PUBLISHED.search(ast.unparse(call)):
            yield scope.observed(UncommittedPublication, call, task=ast.unparse(call)[:60])
    for call in [c for c in whole_calls(scope) if _publishes(scope, c) or _maps(scope, c)]:
        left = call in scope.handed or any(isinstance(node, ast.Lambda) for node in scope.around(call))
        if left or publishes_its_own_way(scope, call):
            continue
        holder = call.func.value if isinstance(call.func, ast.Attribute) else call.func
        task = published(scope, call) or ast.unparse(holder)[:60]
        committed = committed_before(scope, call)
        if (is_inside(scope, call) and not committed) or commit_follows(scope, call):
            yield scope.observed(UncommittedPublication, call, task=task)
        else:
            yield scope.observed(
                DirectPublication, call, task=task, on_save=_is_run_by_a_save(scope), committed=committed
            )


def _is_called(scope: Scope, method: ast.Attribute) -> bool:
    """Whether a method is called where it is named, or left for after the commit."""
    around = [node for node in scope.around(method) if isinstance(node, ast.Call)]
    return any(call.func is method or last(call.func).endswith("on_commit") for call in around)


def _maps(scope: Scope, call: ast.Call) -> bool:
    """`map(notify.delay, keys)`, `pool.submit(notify.delay, key)`."""
    return last(call.func) in _RUNNING and any(is_publication(scope, a) for a in call.args)


def _is_run_by_a_save(scope: Scope) -> bool:
    if getattr(scope.root, "name", "") in _SAVING and is_row_class(scope, owner(scope)):
        return True
    return is_signal_receiver(scope)


def atomic_requests(scope: Scope) -> Iterator[AtomicRequests]:
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
        yield from ((call, k.value) for k in call.keywords if k.arg and k.arg.upper() == _ATOMIC)
        if len(call.args) == 2 and getattr(call.args[0], "value", None) == _ATOMIC:
            yield call, call.args[1]


def _publishes(scope: Scope, call: ast.Call) -> bool:
    if not isinstance(call.func, ast.Attribute):
        return is_canvas(scope, call.func)
    if call.func.attr not in METHODS - _AFTER:
        return False
    if call.func.attr == "send_task" or published(scope, call):
        return True
    held = last(call.func.value)
    if call.func.attr == "apply_async":
        # A pool of processes has one too.
        return (
            not scope.external(call.func).startswith(("multiprocessing", "concurrent", "billiard"))
            and "pool" not in held
        )
    if is_canvas(scope, call.func.value) or stands_for_tasks(scope, call.func.value):
        return True
    unknown = may_be_a_task(scope, call.func) and not _waits_so_long(call)
    return unknown or held in {"task", *(task.symbol.rpartition(":")[2] for task in scope.machine.decorated)}


def _waits_so_long(call: ast.Call) -> bool:
    """`timer.delay(3)`: only a number is given, by which something unknown is told how long to wait."""
    numbers = [isinstance(a, ast.Constant) and isinstance(a.value, int | float) for a in call.args]
    return bool(numbers) and all(numbers) and not call.keywords
