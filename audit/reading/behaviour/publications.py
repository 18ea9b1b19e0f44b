"""Tasks that a function publishes: which, how far in the future, with what arguments."""

import ast
from collections.abc import Iterator

from audit.model.observations.messages import DatabaseObjectArgument, DelayedMessage, PublishedMessage
from audit.model.observations.observation import Observation
from audit.model.plain_value import PlainValue
from audit.model.unknown import UNKNOWN, Unknown
from audit.reading.behaviour.scope import Scope, chain, keyword, last, opaque
from audit.reading.python.abstract_values import (
    ClassValue,
    FunctionValue,
    Instance,
    Table,
    descends_from,
    exported,
    unwrap,
)
from audit.reading.python.classes import class_attribute

METHODS = frozenset({"delay", "apply_async", "send_task", "delay_on_commit", "apply_async_on_commit"})
# What these are given is the task's own.
_PLAIN = frozenset({"delay", "delay_on_commit"})
_PLANNED = METHODS | {"set", "signature", "retry", "subtask"}
# Functions of Celery that are called by their own names.
_SIGNATURES = frozenset({"signature", "subtask", "maybe_signature", "Signature"})
# What a dictionary given to them may hold is options, and no argument of the task.
_OPTIONS = frozenset({"apply_async", "send_task", "apply_async_on_commit"})
_ROWS = frozenset({"Model", "SQLModel", "DeclarativeBase", "Document"})
_ONE = frozenset({"get", "create", "first", "last", "one", "scalar_one", "latest", "earliest", "one_or_none"})


def publications(scope: Scope) -> Iterator[Observation]:
    """Each PublishedMessage, DelayedMessage and DatabaseObjectArgument of a scope."""
    for call in scope.calls:
        if not isinstance(call.func, ast.Attribute) or call.func.attr not in _PLANNED:
            if last(call.func) in _SIGNATURES and (ahead := _ahead(scope, call)) is not None:
                yield scope.observed(DelayedMessage, call, seconds=ahead, method="signature")
            continue
        ahead = _ahead(scope, call)
        if ahead is not None:
            yield scope.observed(DelayedMessage, call, seconds=ahead, method=call.func.attr)
        queue = keyword(call, "queue")
        if queue is not None or call.func.attr in METHODS:
            yield _message(scope, call, queue, call.func.attr)
        if call.func.attr in METHODS:
            wrong = next((a for a in _arguments(call) if _is_row(scope, a)), None)
            if wrong is not None:
                yield scope.observed(DatabaseObjectArgument, call, argument=_text(wrong))


def _message(scope: Scope, call: ast.Call, queue: ast.expr | None, method: str) -> PublishedMessage:
    told = _queue(scope, call) if method not in _PLAIN else None
    return scope.observed(
        PublishedMessage,
        call,
        task=published(scope, call),
        queue=told if told is None or isinstance(told, str) else UNKNOWN,
        choices=_choices(scope, queue) if told is UNKNOWN and queue is not None else (),
        method=method,
        gives_limits=_may_limit(call, method),
    )


def _queue(scope: Scope, call: ast.Call) -> PlainValue:
    """The queue that a call names, `**options` followed; None for none, UNKNOWN when it cannot be told."""
    queue = keyword(call, "queue")
    if queue is not None:
        return scope.value(queue)
    found: PlainValue = None
    for options in [scope.evaluated(k.value) for k in call.keywords if k.arg is None]:
        if not isinstance(options, dict) or (isinstance(options, Table) and options.opaque and "queue" not in options):
            return UNKNOWN
        found = exported(options["queue"]) if "queue" in options else found
    return found


def _choices(scope: Scope, node: ast.expr) -> tuple[str, ...]:
    """The texts of which an expression is one: sides of a condition, what a function of the project returns; none when unsure."""
    node = scope.given(node)
    function = scope.evaluated(node.func) if isinstance(node, ast.Call) else None
    leaves = _sides(node)
    if isinstance(function, FunctionValue):
        body = function.node.body if isinstance(function.node, ast.FunctionDef) else []
        held = [n for statement in body for n in ast.walk(statement)]
        returns = [n.value for n in held if isinstance(n, ast.Return)]
        nested = any(isinstance(n, ast.FunctionDef | ast.Lambda | ast.Yield) for n in held)
        ends = bool(body) and isinstance(body[-1], ast.Return) and not nested
        leaves = [leaf for value in returns for leaf in _sides(value)] if ends else []
    found = [leaf.value for leaf in leaves if isinstance(leaf, ast.Constant) and isinstance(leaf.value, str)]
    return tuple(dict.fromkeys(found)) if len(found) == len(leaves) else ()


def _sides(node: ast.expr | None) -> list[ast.expr | None]:
    return [*_sides(node.body), *_sides(node.orelse)] if isinstance(node, ast.IfExp) else [node]


def published(scope: Scope, call: ast.Call) -> str:
    """Symbol of the task that a call publishes, or the name it is given; empty when neither is known."""
    if not isinstance(call.func, ast.Attribute):
        return ""
    if call.func.attr == "send_task":
        name = call.args[0] if call.args else keyword(call, "name")
        value = scope.value(name) if name is not None else UNKNOWN
        return value if isinstance(value, str) else ""
    task = _receiver(scope, call.func.value)
    return task.symbol if task else ""


def _may_limit(call: ast.Call, method: str) -> bool:
    """Whether a publication gives the task time limits, or options not written here; those of `delay` are the task's own arguments."""
    if method in {"delay", "delay_on_commit"}:
        return False
    return opaque(call) or any(keyword(call, name) is not None for name in ("time_limit", "soft_time_limit"))


def publishes_its_own_way(scope: Scope, call: ast.Call) -> bool:
    """Whether the base class of the task that a call publishes has an `apply_async` of its own, which may wait for the commit."""
    task = _receiver(scope, call.func.value) if isinstance(call.func, ast.Attribute) else None
    bases = [unwrap(d.keywords.get("base"))[0] for d in task.decorators] if task else []
    return any(isinstance(b, ClassValue) and class_attribute(b, "apply_async") is not UNKNOWN for b in bases)


def _receiver(scope: Scope, receiver: ast.expr) -> FunctionValue | None:
    for inner in chain(receiver):
        if isinstance(inner.func, ast.Attribute) and inner.func.attr in {"s", "si", "signature"}:
            receiver = inner.func.value
    value = scope.evaluated(receiver)
    return value if isinstance(value, FunctionValue) else None


def _ahead(scope: Scope, call: ast.Call) -> float | Unknown | None:
    """Seconds before the task may run; UNKNOWN when they cannot be told, None when the call says nothing."""
    countdown, eta = keyword(call, "countdown"), keyword(call, "eta")
    if countdown is None and eta is None and last(call.func) in {*_SIGNATURES, "set"}:
        countdown, eta = _in_options(call, "countdown"), _in_options(call, "eta")
    if countdown is not None and not (isinstance(countdown, ast.Constant) and countdown.value is None):
        value = scope.value(countdown)
        return value if isinstance(value, int | float) and not isinstance(value, bool) else UNKNOWN
    if eta is None or (isinstance(eta, ast.Constant) and eta.value is None):
        return _spread(scope, call)
    eta = scope.given(eta)
    if isinstance(eta, ast.BinOp) and isinstance(eta.op, ast.Add):
        for side in (eta.right, eta.left):
            value = scope.value(side)
            if isinstance(value, int | float):
                return value
    return UNKNOWN


def _in_options(call: ast.Call, name: str) -> ast.expr | None:
    """What `options={…}`, written in the call, gives under this name."""
    held = keyword(call, "options")
    if not isinstance(held, ast.Dict):
        return None
    pairs = zip(held.keys, held.values, strict=True)
    return next((v for k, v in pairs if isinstance(k, ast.Constant) and k.value == name), None)


def _spread(scope: Scope, call: ast.Call) -> float | Unknown | None:
    """Seconds that `**options` give a publication; UNKNOWN when these cannot be read, None when they give none."""
    if last(call.func) not in _OPTIONS | _SIGNATURES:
        return None
    for given in (k.value for k in call.keywords if k.arg is None):
        options = scope.value(given)
        if not isinstance(options, dict):
            return UNKNOWN
        if options.get("countdown") is not None:
            seconds = options["countdown"]
            return seconds if isinstance(seconds, int | float) and not isinstance(seconds, bool) else UNKNOWN
        if options.get("eta") is not None:
            return UNKNOWN
    return None


def _arguments(call: ast.Call) -> list[ast.expr]:
    """Arguments of the task itself."""
    if isinstance(call.func, ast.Attribute) and call.func.attr in {"delay", "delay_on_commit"}:
        return [*call.args, *(k.value for k in call.keywords if k.arg)]
    rest = call.args[1:] if last(call.func) == "send_task" else call.args
    held = [*rest[:2], keyword(call, "args"), keyword(call, "kwargs")]
    found: list[ast.expr] = []
    for container in held:
        if isinstance(container, ast.List | ast.Tuple):
            found += container.elts
        elif isinstance(container, ast.Dict):
            found += container.values
    return found


def _is_row(scope: Scope, node: ast.expr) -> bool:
    """Whether an argument is an object of the database rather than its identifier."""
    if isinstance(node, ast.Name):
        for loop in scope.all(ast.For):
            if isinstance(loop.target, ast.Name) and loop.target.id == node.id:
                return _names_manager(scope.given(loop.iter))
    given = scope.given(node)
    if not isinstance(given, ast.Call):
        return False
    if last(given.func) in {"get_object_or_404", "aget_object_or_404"}:
        return True
    if isinstance(given.func, ast.Attribute) and given.func.attr in _ONE and _names_manager(given):
        return True
    value = scope.evaluated(given)
    return isinstance(value, Instance) and isinstance(value.cls, ClassValue) and descends_from(value.cls, *_ROWS)


def _names_manager(node: ast.expr) -> bool:
    """Whether a chain of calls starts from a Django manager, or a SQLAlchemy query."""
    for call in chain(node):
        if last(call.func) == "query" and call.args:
            return True
        holder = call.func.value if isinstance(call.func, ast.Attribute) else None
        if isinstance(holder, ast.Attribute) and holder.attr == "objects":
            return True
    return isinstance(node, ast.Call) and last(node.func) == "get" and _is_session_get(node)


def _is_session_get(call: ast.Call) -> bool:
    holder = call.func.value if isinstance(call.func, ast.Attribute) else None
    named = holder is not None and last(holder) in {"session", "db_session", "Session"}
    return named and len(call.args) == 2 and isinstance(call.args[0], ast.Name) and call.args[0].id[:1].isupper()


def _text(node: ast.expr) -> str:
    return ast.unparse(node)[:60]
