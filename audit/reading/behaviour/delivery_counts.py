"""Functions that look at how often a message was delivered, and queues that give one up after so many times."""

import ast
import re
from collections.abc import Iterator

from audit.model.observations.messages import CountedDelivery
from audit.reading.behaviour.scope import Scope, last

WORDS = ("redeliver", "deliver", "attempt", "tries", "Reject", "quorum", "essai", "livraison")
_SPEAKS = re.compile(
    r"(?i)redeliver|deliver(y|ies)_?(count|limit)|count_?deliver|^deliveries|attempt|(?<!re)tries|essais?$|livraisons?$"
)
_CAPS = re.compile(r"^x-delivery-limit$|^quorum$")
_COUNTS = frozenset({"incr", "incrby", "hincrby", "aincr", "increment", "update", "execute", "get_or_create"})


def counted_deliveries(scope: Scope) -> Iterator[CountedDelivery]:
    """Sure where a count that is kept leads to `Reject`, or where a queue has a limit; else only words that speak of one."""
    texts = [n for n in scope.all(ast.Constant) if isinstance(n.value, str) and _CAPS.search(n.value)]
    if texts:
        # Only RabbitMQ 4 and later give quorum queues a limit of their own.
        limited = any(n.value == "x-delivery-limit" for n in texts)
        yield scope.observed(CountedDelivery, texts[0], by_the_broker=True, sure=limited)
        return
    raised = [n for n in scope.all(ast.Raise) if n.exc is not None and "Reject" in ast.unparse(n.exc)]
    tested = [n for n in raised if any(isinstance(around, ast.If) for around in scope.around(n))]
    conditions = [n.test for node in tested for n in scope.around(node) if isinstance(n, ast.If)]
    counted = any(last(call.func) in _COUNTS for call in scope.calls)
    if tested and (counted or any("redelivered" in ast.unparse(test) for test in conditions)):
        yield scope.observed(CountedDelivery, tested[0], by_the_broker=False, sure=True)
        return
    named: list[ast.AST] = [n for n in scope.all(ast.Name) if _SPEAKS.search(n.id)]
    named += [n for n in scope.all(ast.Attribute) if _SPEAKS.search(n.attr)]
    named += [n for n in scope.all(ast.Constant) if isinstance(n.value, str) and _SPEAKS.search(n.value)]
    if named and scope.symbol:
        yield scope.observed(CountedDelivery, named[0], by_the_broker=False, sure=False)
