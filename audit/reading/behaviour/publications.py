"""Tasks that a function publishes: which, how far in the future, with what arguments."""

import ast
import re
from collections.abc import Iterator

from audit.model.observations.messages import DelayedMessage, ExpiringMessage, PublishedMessage, UselessOption
from audit.model.plain_value import PlainValue
from audit.model.unknown import UNKNOWN, Unknown
from audit.reading.behaviour.call_options import meant_option
from audit.reading.behaviour.chosen_options import each_choice
from audit.reading.behaviour.growing_delays import Growth, growth
from audit.reading.behaviour.published_calls import METHODS, SIGNATURES, may_be_a_task, named_task, whole_calls
from audit.reading.behaviour.scope import Scope, chain, keyword, last, opaque
from audit.reading.behaviour.spelled_options import is_signed
from audit.reading.behaviour.upper_bounds import at_most, entry_at_most
from audit.reading.behaviour.verification_values import arguments_of
from audit.reading.python.abstract_values import ClassValue, FunctionValue, Table, exported, unwrap
from audit.reading.python.child_nodes import walk
from audit.reading.python.classes import class_attribute

# What these are given is the task's own.
PLAIN = frozenset({"delay", "delay_on_commit"})
# Methods of a task that make a signature of it.
SIGNED = frozenset({"s", "si", "signature", "subtask"})
# They give a signature of the task, or what publishes it once for each of several arguments.
_MADE = SIGNED | {"map", "starmap", "chunks"}
PLANNED = METHODS | {"set", "signature", "retry", "subtask"}
# What a dictionary given to them may hold is options, and no argument of the task.
_OPTIONS = frozenset({"apply_async", "send_task", "apply_async_on_commit"})
_EXPIRING = _OPTIONS | {"set"}
_CHOOSING = _EXPIRING | {"signature", "subtask"}


def publications(scope: Scope) -> Iterator[PublishedMessage | DelayedMessage | ExpiringMessage | UselessOption]:
    """Each PublishedMessage, DelayedMessage, ExpiringMessage and UselessOption of a scope."""
    for call in (one for written in whole_calls(scope) for one in _choices_of(scope, written)):
        yield from _referred(scope, call)
        if not isinstance(call.func, ast.Attribute) or call.func.attr not in PLANNED:
            made = last(call.func) in SIGNATURES
            if made and (ahead := _ahead(scope, call)) is not None:
                yield scope.observed(DelayedMessage, call, seconds=ahead, method="signature")
            if made and _tells(scope, call):
                yield _message(scope, call, keyword(call, "queue"), "signature")
            continue
        delegates = _delegates(scope, call)
        ahead = None if delegates and _hands_its_own_on(scope, call) else _ahead(scope, call)
        if ahead is None and call.func.attr in _OPTIONS and _said(scope, call, "expires") is not None:
            ahead = _number_set(scope, call, "countdown")
        if ahead is not None:
            yield _delayed(scope, call, ahead, call.func.attr)
        elif call.func.attr in _EXPIRING and (expires := _said(scope, call, "expires")) is not None:
            for task in _each_published(scope, call):
                yield scope.observed(ExpiringMessage, call, expires=expires, task=task)
        yield from _useless(scope, call, call.func.attr)
        queue = keyword(call, "queue")
        if (call.func.attr in METHODS or _tells(scope, call)) and not delegates:
            yield _message(scope, call, queue, call.func.attr)


def _choices_of(scope: Scope, call: ast.Call) -> list[ast.Call]:
    told = isinstance(call.func, ast.Attribute) and call.func.attr in _CHOOSING
    return each_choice(scope, call) if told and call.keywords else [call]


def _delegates(scope: Scope, call: ast.Call) -> bool:
    """Whether a way of publishing that a class replaces calls the one that it replaces: who calls the former publishes."""
    holder = call.func.value if isinstance(call.func, ast.Attribute) else None
    replaced = getattr(scope.root, "name", "") in METHODS and isinstance(holder, ast.Call)
    return replaced and isinstance(holder, ast.Call) and last(holder.func) == "super"


def _hands_its_own_on(scope: Scope, call: ast.Call) -> bool:
    """Whether the options of a call are those that its function is given, of which it names no delay."""
    own = getattr(getattr(scope.root, "args", None), "kwarg", None)
    spread = [k.value for k in call.keywords if k.arg is None]
    names = {n.value for n in scope.all(ast.Constant)} | {k.arg for c in scope.calls for k in c.keywords}
    handed = own is not None and bool(spread) and all(isinstance(s, ast.Name) and s.id == own.arg for s in spread)
    return handed and not names & {"countdown", "eta"}


def _tells(scope: Scope, call: ast.Call) -> bool:
    """Whether a call that publishes nothing by itself says where a message goes, or its limits."""
    limits = (_said(scope, call, name) for name in ("soft_time_limit", "time_limit"))
    return _queue(scope, call) is not None or any(one is not None for one in limits)


def _useless(scope: Scope, call: ast.Call, method: str) -> Iterator[UselessOption]:
    """Options of a publication that Celery does not read, unless a class of tasks of the project's may."""
    named = [(k.arg, meant_option(k.arg)) for k in call.keywords if k.arg] if method in _OPTIONS else []
    wrong = [(written, meant) for written, meant in named if meant]
    # A class of the project that has a `send_task` need be none of Celery's.
    of_celery = isinstance(call.func, ast.Attribute) and scope.machine.is_celery(scope.evaluated(call.func.value))
    own = method == "send_task" and not of_celery and scope.machine.graph.methods(method)
    if wrong and not own and keyword(call, "stamped_headers") is None and not replaces_every_way(scope):
        yield from (scope.observed(UselessOption, call, written=w, meant=m, method=method) for w, m in wrong)


def _delayed(scope: Scope, call: ast.Call, ahead: float | Unknown, method: str) -> DelayedMessage:
    """What is told of a publication that waits, and of how that grows from one turn of a loop to the next."""
    growing = _growth(scope, call) if ahead is UNKNOWN else None
    if growing and growing.most is not None:
        ahead = growing.most
    told = _said(scope, call, "expires")
    # What a signature is set to, its own task is published with.
    signed = "" if method == "retry" else published(scope, call)
    task = _message(scope, call, None, method).task if method in METHODS else signed
    first, step = (growing.first, growing.step) if growing and growing.most is None else (0.0, 0.0)
    countdown = keyword(call, "countdown")
    spread = [k.value for k in call.keywords if k.arg is None] if countdown is None else []
    bounds = (
        [at_most(scope, countdown)] if countdown is not None else [entry_at_most(scope, n, "countdown") for n in spread]
    )
    most = bounds[0] if ahead is UNKNOWN and len(bounds) == 1 else None
    return scope.observed(
        DelayedMessage, call, seconds=ahead, method=method, first=first, step=step, expires=told, task=task, most=most
    )


def _growth(scope: Scope, call: ast.Call) -> Growth | None:
    countdown, eta = keyword(call, "countdown"), keyword(call, "eta")
    if countdown is not None:
        return growth(scope, call, countdown)
    eta = scope.given(eta) if eta is not None else None
    sides = (eta.right, eta.left) if isinstance(eta, ast.BinOp) and isinstance(eta.op, ast.Add) else ()
    return next((found for side in sides if (found := growth(scope, call, side))), None)


def _from_now(scope: Scope, node: ast.expr) -> float | Unknown | None:
    """The seconds from now that a number, a duration or `now + duration` says; None for None."""
    if isinstance(node, ast.Constant) and node.value is None:
        return None
    node = scope.given(node)
    sides = (node, node.right, node.left) if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add) else (node,)
    values = (scope.value(side) for side in sides)
    return next((v for v in values if isinstance(v, int | float) and not isinstance(v, bool)), UNKNOWN)


def _set_before(scope: Scope, call: ast.Call, name: str) -> ast.expr | None:
    """An option that the signature was given before it is published: `task.s(key).set(expires=60)`."""
    made = scope.given(call.func.value) if isinstance(call.func, ast.Attribute) else call
    earlier = (inner for inner in chain(made) if last(inner.func) in {"set", "signature", "clone"})
    return next((value for inner in earlier if (value := keyword(inner, name)) is not None), None)


def _number_set(scope: Scope, call: ast.Call, name: str) -> float | Unknown | None:
    node = _set_before(scope, call, name)
    value = scope.value(node) if node is not None else None
    return value if value is None or (isinstance(value, int | float) and not isinstance(value, bool)) else UNKNOWN


def _each_published(scope: Scope, call: ast.Call) -> list[str]:
    """The tasks that a call publishes: each one of a group, the first of a chain; an empty name for one that is not known."""
    task = published(scope, call)
    made = scope.given(call.func.value) if isinstance(call.func, ast.Attribute) else None
    if task or made is None:
        return [task]
    if isinstance(made, ast.BinOp) or (isinstance(made, ast.Call) and last(made.func) == "chain"):
        made = next((n for n in walk(made) if isinstance(n, ast.Call) and last(n.func) in SIGNED), made)
    signed = [
        n
        for n in walk(made)
        if isinstance(n, ast.Call) and last(n.func) in SIGNED and isinstance(n.func, ast.Attribute)
    ]
    found = [one.symbol if (one := task_of(scope, n)) else "" for n in signed]
    return found or [""]


def _referred(scope: Scope, call: ast.Call) -> Iterator[PublishedMessage | DelayedMessage]:
    """Publications that a call is given to make later: `on_commit(partial(send_mail.delay, pk))`, `Timer(9, function=send_mail.delay)`."""
    for node in call.args:
        if isinstance(node, ast.Attribute) and is_publication(scope, node):
            made = ast.copy_location(ast.Call(node, call.args[1:], call.keywords), call)
            plain = node.attr in PLAIN or last(call.func) != "partial"
            ahead = None if plain else _ahead(scope, made)
            if ahead is not None:
                yield scope.observed(DelayedMessage, made, seconds=ahead, method=node.attr)
            yield _message(scope, made, None if plain else keyword(made, "queue"), node.attr)
    for node in (k.value for k in call.keywords):
        if isinstance(node, ast.Attribute) and is_publication(scope, node):
            yield _message(scope, ast.copy_location(ast.Call(node, [], []), call), None, node.attr)


def is_publication(scope: Scope, node: ast.expr) -> bool:
    """Whether this names a method that publishes a task, such as `send_mail.delay`, without calling it."""
    if not isinstance(node, ast.Attribute) or node.attr not in METHODS:
        return False
    return node.attr == "send_task" or task_of(scope, node.value) is not None or may_be_a_task(scope, node)


def _message(scope: Scope, call: ast.Call, queue: ast.expr | None, method: str) -> PublishedMessage:
    told = _queue(scope, call) if method not in PLAIN else None
    return scope.observed(
        PublishedMessage,
        call,
        task=published(scope, call),
        queue=told if told is None or isinstance(told, str) else UNKNOWN,
        choices=_choices(scope, queue) if told is UNKNOWN and queue is not None else (),
        method=method,
        gives_limits=_may_limit(call, method),
        dropped=call not in scope.handed and isinstance(scope.parents.get(call), ast.Expr | None),
        through=scope.handed.get(call, ""),
        soft_limit=None if method in PLAIN else _said(scope, call, "soft_time_limit"),
        hard_limit=None if method in PLAIN else _said(scope, call, "time_limit"),
    )


def _said(scope: Scope, call: ast.Call, name: str) -> float | Unknown | None:
    """Seconds of an option that a publication gives, `**options` followed; UNKNOWN when they may give one that is not read."""
    given = keyword(call, name) or (_set_before(scope, call, name) if name == "expires" else None)
    if given is not None:
        return _from_now(scope, given)
    for spread in (k.value for k in call.keywords if k.arg is None and last(call.func) not in PLAIN):
        held = scope.evaluated(spread)
        options = exported(held)
        if _is_set_by_key(scope, spread, name):
            return UNKNOWN
        if isinstance(options, dict) and options.get(name) is not None:
            seconds = options[name]
            return seconds if isinstance(seconds, int | float) and not isinstance(seconds, bool) else UNKNOWN
        unread = not isinstance(options, dict) or (isinstance(held, Table) and bool(held.opaque))
        if unread and scope.machine.project.holds(_ENDS if name == "expires" else _LIMITS):
            return UNKNOWN
    return None


def _is_set_by_key(scope: Scope, held: ast.expr, name: str) -> bool:
    """Whether a statement, under some condition perhaps, writes `held["name"]`."""
    keys = (
        n
        for n in scope.all(ast.Subscript)
        if isinstance(n.ctx, ast.Store) and ast.unparse(n.value) == ast.unparse(held)
    )
    return any(isinstance(n.slice, ast.Constant) and n.slice.value == name for n in keys)


def _queue(scope: Scope, call: ast.Call) -> PlainValue:
    """The queue that a call names, `**options` followed; None for none, UNKNOWN when it cannot be told."""
    queue = keyword(call, "queue")
    if queue is not None:
        return scope.value(queue)
    if keyword(call, "routing_key") is not None or keyword(call, "exchange") is not None:
        return UNKNOWN
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
        held = [n for statement in body for n in walk(statement)]
        returns = [n.value for n in held if isinstance(n, ast.Return)]
        nested = any(isinstance(n, ast.FunctionDef | ast.Lambda | ast.Yield) for n in held)
        ends = bool(body) and isinstance(body[-1], ast.Return) and not nested
        leaves = [leaf for value in returns for leaf in _sides(value)] if ends else []
    found = [leaf.value for leaf in leaves if isinstance(leaf, ast.Constant) and isinstance(leaf.value, str)]
    return tuple(dict.fromkeys(found)) if len(found) == len(leaves) else _by_callers(scope, node)


def _by_callers(scope: Scope, node: ast.expr) -> tuple[str, ...]:
    """The texts that the calls of a function make of its parameter, by itself or as the key of a table; none when unsure."""
    key = node.slice if isinstance(node, ast.Subscript) else node
    root = scope.root
    if not isinstance(key, ast.Name) or not isinstance(root, ast.FunctionDef) or root.decorator_list:
        return ()
    table = scope.evaluated(node.value) if isinstance(node, ast.Subscript) else None
    given = [other.evaluated(one) for other, one in arguments_of(scope, key.id)]
    known = isinstance(table, Table) and not table.opaque and all(isinstance(k, str) and k in table for k in given)
    found = (
        [exported(table[k]) for k in given] if isinstance(table, Table) and known else given if table is None else []
    )
    texts = [one for one in found if isinstance(one, str)]
    return tuple(dict.fromkeys(texts)) if len(texts) == len(given) else ()


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
    task = task_of(scope, call.func.value)
    return task.symbol if task else named_task(scope, call.func.value)


def _may_limit(call: ast.Call, method: str) -> bool:
    """Whether a publication gives the task time limits, or options not written here; those of `delay` are the task's own arguments."""
    if method in {"delay", "delay_on_commit"}:
        return False
    return opaque(call) or any(keyword(call, name) is not None for name in ("time_limit", "soft_time_limit"))


def publishes_its_own_way(scope: Scope, call: ast.Call) -> bool:
    """Whether the base class of the task that a call publishes has an `apply_async` of its own, which may wait for the commit."""
    task = task_of(scope, call.func.value) if isinstance(call.func, ast.Attribute) else None
    bases = [unwrap(d.keywords.get("base"))[0] for d in task.decorators] if task else []
    return any(isinstance(b, ClassValue) and class_attribute(b, "apply_async") is not UNKNOWN for b in bases)


# A limit among options that are not written in the call.
_LIMITS = re.compile(r"[\"'](?:soft_)?time_limit[\"']|dict\([^)]*\btime_limit=")
_ENDS = re.compile(r"[\"']expires[\"']|\bexpires=")
_CLASS_OF_TASKS = re.compile(
    r"(?m)^[ \t]*class \w+\([^)]*Task[^)]*\):(?:\n(?![ \t]*class )[^\n]*)*?\n[ \t]*def apply_async\("
)


def replaces_every_way(scope: Scope) -> bool:
    """Whether the project has a class of tasks with an `apply_async` of its own, which any task may have for a base."""
    return any(_CLASS_OF_TASKS.search(m.source.text) for m in scope.machine.project.own("def apply_async("))


def task_of(scope: Scope, receiver: ast.expr) -> FunctionValue | None:
    given = scope.given(receiver)
    receiver = given if isinstance(given, ast.Call) else receiver
    for inner in chain(receiver):
        if isinstance(inner.func, ast.Attribute) and inner.func.attr in _MADE:
            receiver = inner.func.value
    value = scope.evaluated(receiver)
    return value if isinstance(value, FunctionValue) else None


def _ahead(scope: Scope, call: ast.Call) -> float | Unknown | None:
    """Seconds before the task may run; UNKNOWN when they cannot be told, None when the call says nothing."""
    countdown, eta = keyword(call, "countdown"), keyword(call, "eta")
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


def tells_a_signature(scope: Scope, call: ast.Call) -> bool:
    """Whether a call is the `set` of a signature: of one that is made here, or of what is then published."""
    if not isinstance(call.func, ast.Attribute) or call.func.attr != "set":
        return False
    after = scope.parents.get(call)
    then = isinstance(after, ast.Attribute) and after.attr in METHODS
    return then or call.func not in scope.parents or is_signed(scope, call.func.value)


def _spread(scope: Scope, call: ast.Call) -> float | Unknown | None:
    """Seconds that `**options` give a publication; UNKNOWN when these cannot be read, None when they give none."""
    if last(call.func) not in _OPTIONS | SIGNED | SIGNATURES and not tells_a_signature(scope, call):
        return None
    for given in (k.value for k in call.keywords if k.arg is None):
        held = scope.evaluated(given)
        options = exported(held)
        if not isinstance(options, dict) or (isinstance(held, Table) and held.opaque and "countdown" not in held):
            return UNKNOWN
        if options.get("countdown") is not None:
            seconds = options["countdown"]
            return seconds if isinstance(seconds, int | float) and not isinstance(seconds, bool) else UNKNOWN
        if options.get("eta") is not None:
            return UNKNOWN
    return None
