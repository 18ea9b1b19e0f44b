"""Functions that look at how often a message was delivered, and queues that give one up after so many times."""

import ast
import re
from collections.abc import Iterator

from audit.model.observations.messages import CountedDelivery, RequeuedMessage
from audit.model.unknown import UNKNOWN
from audit.reading.behaviour.scope import Scope, keyword, last, opaque
from audit.reading.celery.application_objects import configuration_of
from audit.reading.python.abstract_values import Instance, Table, Value, unwrap
from audit.reading.python.parameters import parameters_of

WORDS = ("redeliver", "deliver", "attempt", "tries", "Reject", "quorum", "essai", "livraison", "Queue(", "classic")
_SPEAKS = re.compile(
    r"(?i)redeliver|deliver(y|ies)_?(count|limit)|count_?deliver|^deliveries|attempt|(?<!re)tries|essais?$|livraisons?$"
)
_CAPS = re.compile(r"^x-delivery-limit$|^quorum$")
_QUORUM = re.compile(r"\bquorum\b")
# What a task does before it counts, and that does not kill it: keys, logs, clients, rows that are looked up.
_LIGHT = re.compile(
    r"(?i)^(get|str|int|repr|hash|format|encode|join|debug|info|warning|log|print|expire|setnx?|Redis|from_url|pipeline|loads|"
    r"uuid\w*|md5|sha\w*|hexdigest|first|one|filter|select|bind)$|key|name|client|connect|log"
)
_COUNTS = frozenset({"incr", "incrby", "hincrby", "aincr", "increment", "update", "execute", "get_or_create"})


def counted_deliveries(scope: Scope) -> Iterator[CountedDelivery | RequeuedMessage]:
    """Sure where a count that is kept leads to `Reject`, or where a queue has a limit; else only words that speak of one."""
    yield from (
        scope.observed(CountedDelivery, node, by_the_broker=True, sure=False, unlimited=True)
        for node in _without(scope)
    )
    texts = [n for n in scope.all(ast.Constant) if isinstance(n.value, str) and _CAPS.search(n.value)]
    if any(_is_endless(scope, held) for held in scope.all(ast.Dict)):
        return
    if texts:
        # Only RabbitMQ 4 and later give quorum queues a limit of their own.
        limited = any(n.value == "x-delivery-limit" for n in texts)
        if limited and not scope.machine.project.holds(_QUORUM):
            return
        yield scope.observed(CountedDelivery, texts[0], by_the_broker=True, sure=limited)
        return
    raised = [n for n in scope.all(ast.Raise) if n.exc is not None and "Reject" in ast.unparse(n.exc)]
    tested = [n for n in raised if any(isinstance(around, ast.If) for around in scope.around(n))]
    conditions = [n.test for node in tested for n in scope.around(node) if isinstance(n, ast.If)]
    counts = [call for call in scope.calls if last(call.func) in _COUNTS]
    again = [test for test in conditions if "redelivered" in ast.unparse(test)]
    if tested and (counts or again):
        # A process that dies in its work never reaches a count that comes after it.
        late = not again and _works_before(scope, min(call.lineno for call in counts))
        yield scope.observed(CountedDelivery, tested[0], by_the_broker=False, sure=not late)
        return
    requeued = [n for n in raised if isinstance(n.exc, ast.Call) and _is_put_back(scope, n.exc)]
    if requeued and scope.symbol:
        yield scope.observed(RequeuedMessage, requeued[0])
    named: list[ast.AST] = [n for n in scope.all(ast.Name) if _SPEAKS.search(n.id)]
    named += [n for n in scope.all(ast.Attribute) if _SPEAKS.search(n.attr)]
    named += [n for n in scope.all(ast.Constant) if isinstance(n.value, str) and _SPEAKS.search(n.value)]
    if named and scope.symbol:
        yield scope.observed(CountedDelivery, named[0], by_the_broker=False, sure=False)


def _without(scope: Scope) -> Iterator[ast.AST]:
    """Queues of Kombu that are no quorum queue, or may be none, and what asks for a classic one, which counts nothing."""
    for call in scope.calls:
        if last(call.func) == "Queue" and scope.external(call.func).startswith("kombu"):
            given = keyword(call, "queue_arguments")
            written = UNKNOWN if opaque(call) else scope.evaluated(given) if given is not None else Table()
            # A limit counts in a quorum queue only.
            if any(_kind(told) != "quorum" for told in _declared(scope, call) or [written]):
                yield call
        yield from (k.value for k in call.keywords if k.arg and k.arg.endswith("queue_type") and _is_classic(k.value))
    for held in scope.all(ast.Dict):
        for key, value in zip(held.keys, held.values, strict=True):
            if str(getattr(key, "value", "")).endswith("queue-type") and _is_classic(value):
                yield value


def _declared(scope: Scope, call: ast.Call) -> list[Value]:
    """The arguments of each queue that this call makes of those that an application declares."""
    found: list[Value] = []
    for app in scope.machine.celery_instances:
        settings = configuration_of(app)
        held = next((unwrap(v)[0] for k, v in settings.items() if str(k).lower().endswith("task_queues")), None)
        for queue in (q for q in held if isinstance(q, Instance)) if isinstance(held, list | tuple) else ():
            place = queue.origin
            if place and (place.path, place.first) == (scope.module.source.path, call.lineno):
                found.append(unwrap(queue.keywords.get("queue_arguments", UNKNOWN))[0])
    return found


def _kind(arguments: Value) -> Value:
    return unwrap(arguments.get("x-queue-type"))[0] if isinstance(arguments, Table) else UNKNOWN


def _is_classic(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value == "classic"


def _is_put_back(scope: Scope, reject: ast.Call) -> bool:
    """Whether `Reject` gives its message back to the queue."""
    given = keyword(reject, "requeue") or (reject.args[1] if len(reject.args) > 1 else None)
    return given is not None and scope.value(given) is True


def _works_before(scope: Scope, line: int) -> bool:
    """Whether something is called for what it does, or given what the function was given, before this line."""
    given = {*parameters_of(scope.spec)} - {"self"}
    for call in scope.calls:
        if call.lineno >= line or _LIGHT.search(last(call.func)):
            continue
        alone = isinstance(scope.parents.get(call), ast.Expr)
        if alone or any(isinstance(a, ast.Name) and a.id in given for a in call.args):
            return True
    return False


def _is_endless(scope: Scope, held: ast.Dict) -> bool:
    """Whether a queue is told that it has no limit: `x-delivery-limit: -1`."""
    told = [v for k, v in zip(held.keys, held.values, strict=True) if getattr(k, "value", None) == "x-delivery-limit"]
    return any(isinstance(limit := scope.value(value), int) and limit < 0 for value in told)
