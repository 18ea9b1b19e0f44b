"""Code that commands workers and brokers as they run: what empties queues, and where it is run from; what sets a rate."""

import ast
from collections.abc import Iterator

from audit.model.observations.messages import QueuePurge, RateGivenLater
from audit.reading.behaviour.scope import Scope, last
from audit.reading.python.abstract_values import External, Instance, unwrap

WORDS = ("purge(", "discard_all(", "queue_delete(", "flushdb(", "flushall(", ".delete(", ".unlink(", ".ltrim(")
RATES = ("rate_limit(", '"rate_limit"', "'rate_limit'")
_PURGES = frozenset({"purge", "discard_all"})
# Of a channel of Kombu, of amqp or of pika.
_OF_A_CHANNEL = frozenset({"queue_purge", "queue_delete"})
_OF_A_LIST = frozenset({"delete", "unlink", "ltrim"})
_OF_A_DATABASE = frozenset({"flushdb", "flushall"})
_CLIENTS = ("redis.", "valkey.")
_AT_START = ("worker_", "celeryd_", "beat_", "on_after_", "setup_logging")


def purges(scope: Scope) -> Iterator[QueuePurge]:
    """Each QueuePurge of a scope, but those of a module that has to be run by its name."""
    for call in scope.calls:
        if not isinstance(call.func, ast.Attribute) or not (how := _purge(scope, call, call.func)):
            continue
        if not _by_hand(scope, call):
            queue, address = how
            start = _at_start(scope.root)
            yield scope.observed(
                QueuePurge, call, module=scope.module.name, at_start=start, queue=queue, address=address
            )


def given_rates(scope: Scope) -> Iterator[RateGivenLater]:
    """RateGivenLater: `control.rate_limit("shop.send", "5/s")`, or its broadcast."""
    for call in scope.calls:
        held = last(call.func.value) if isinstance(call.func, ast.Attribute) else ""
        first = call.args[0] if call.args else None
        told = isinstance(first, ast.Constant) and first.value == "rate_limit" and last(call.func) == "broadcast"
        if held in {"control", "Control"} and (last(call.func) == "rate_limit" or told):
            yield scope.observed(RateGivenLater, call)


def _purge(scope: Scope, call: ast.Call, method: ast.Attribute) -> tuple[str, str] | None:
    """The name of the queue that a call empties, and the address of the database whose whole is; empty for every queue."""
    name, held = method.attr, method.value
    if name in _PURGES:
        return ("", "") if last(held) in {"control", "Control"} else None
    if name in _OF_A_CHANNEL:
        given = scope.value(call.args[0]) if call.args else ""
        return (given if isinstance(given, str) else "", "")
    if name in _OF_A_LIST and call.args:
        given = scope.value(call.args[0])
        return (given, "") if isinstance(given, str) and given else None
    if name not in _OF_A_DATABASE or not _is_a_client(scope, held):
        return None
    return "", _address(scope, held)


def _is_a_client(scope: Scope, held: ast.expr) -> bool:
    value = unwrap(scope.evaluated(held))[0]
    return isinstance(value, Instance) and isinstance(value.cls, External) and value.cls.dotted.startswith(_CLIENTS)


def _address(scope: Scope, held: ast.expr) -> str:
    """The address that a client was made with; a question mark where it cannot be told."""
    value = unwrap(scope.evaluated(held))[0]
    given = unwrap(value.arguments[0])[0] if isinstance(value, Instance) and value.arguments else None
    return given if isinstance(given, str) and "://" in given else "?"


def _by_hand(scope: Scope, call: ast.Call) -> bool:
    """Whether the module has to be run by its name, as a script is."""
    tests = [node.test for node in scope.around(call) if isinstance(node, ast.If)]
    return not scope.symbol and any("__main__" in ast.unparse(test) for test in tests)


def _at_start(root: ast.AST) -> bool:
    decorators = root.decorator_list if isinstance(root, ast.FunctionDef | ast.AsyncFunctionDef) else []
    texts = [ast.unparse(d).split("(")[0].split(".") for d in decorators]
    return any(name.startswith(_AT_START) for parts in texts if parts[-1] == "connect" for name in parts)
