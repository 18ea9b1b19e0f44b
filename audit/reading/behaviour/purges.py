"""Code that commands workers and brokers as they run: what empties queues, and where it is run from; what sets a rate."""

import ast
import re
from collections.abc import Iterator

from audit.model.observations.messages import QueuePurge, RateGivenLater, RunByWorker
from audit.model.unknown import UNKNOWN
from audit.reading.behaviour.scope import Scope, last
from audit.reading.python.abstract_values import External, Instance, descends_from, unwrap
from audit.reading.python.child_nodes import walk

WORDS = (
    "purge",
    "discard_all(",
    "queue_delete(",
    "flushdb(",
    "flushall(",
    ".delete(",
    ".unlink(",
    ".ltrim(",
    ".clear(",
    "api/queues",
    "delete_queue",
)
AT_START = (".connect", "Step")
RATES = ("rate_limit(", '"rate_limit"', "'rate_limit'")
_PURGES = frozenset({"purge", "discard_all"})
# Of a channel of Kombu, of amqp or of pika.
_OF_A_CHANNEL = frozenset({"queue_purge", "queue_delete"})
_OF_A_LIST = frozenset({"delete", "unlink", "ltrim"})
_OF_A_DATABASE = frozenset({"flushdb", "flushall"})
_CLIENTS = ("redis.", "valkey.")
# Of a queue or a consumer of Kombu that a channel was given, and of its simple queues.
_OF_A_QUEUE = {"purge": "", "delete": "Queue", "clear": "Simple"}
_SPEAKS_KOMBU = re.compile(r"kombu|celery|amqp")
_QUEUE = re.compile(r"(?i)queue|task_?consumer")
_SHELLS = ("subprocess.", "os.system", "os.popen")
_COMMANDS = re.compile(
    r"\brabbitmq(ctl|admin)\b.*\b(purge_queue|delete_queue|(purge|delete) queue)\b|\bcelery\b.*\bpurge\b"
)
_AT_START = ("worker_", "celeryd_", "beat_", "on_after_", "setup_logging")
_STEPS = ("Step", "StartStopStep", "ConsumerStep")


def purges(scope: Scope) -> Iterator[QueuePurge]:
    """Each QueuePurge of a scope, but those of a module that has to be run by its name."""
    for call in scope.calls:
        how = ("", "") if _by_another_way(scope, call) else None
        how = how or (_purge(scope, call, call.func) if isinstance(call.func, ast.Attribute) else None)
        if not how:
            continue
        if not _by_hand(scope, call):
            queue, address = how
            yield scope.observed(QueuePurge, call, module=scope.module.name, queue=queue, address=address)


def run_by_workers(scope: Scope) -> Iterator[RunByWorker]:
    """What a worker runs beside tasks: a receiver of its signals, by its symbol or its name, and a method of a bootstep."""
    holder, _, method = scope.symbol.rpartition(".")
    decorators = [ast.unparse(d).split("(")[0] for d in getattr(scope.root, "decorator_list", [])]
    of_a_step = holder and (method == "__init__" or not method.startswith("_")) and "<locals>" not in holder
    if any(map(_connects, decorators)) or (of_a_step and descends_from(scope.machine.resolve(holder), *_STEPS)):
        yield scope.observed(RunByWorker, scope.root)
    for call in scope.calls:
        if call.args and _connects(ast.unparse(call.func)) and (name := last(call.args[0])):
            yield RunByWorker("", None, name)


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
    if name in _OF_A_CHANNEL or (name in _PURGES and last(held) in {"control", "Control"}):
        given = scope.value(call.args[0]) if name in _OF_A_CHANNEL and call.args else ""
        return (given if isinstance(given, str) else "", "")
    if name in _OF_A_QUEUE and not call.args and (address := _of_kombu(scope, name, held)) is not None:
        return "", address
    if name in _OF_A_LIST and call.args:
        given = scope.value(call.args[0])
        return (given, "") if isinstance(given, str) and given else None
    if name not in _OF_A_DATABASE or not _is_a_client(scope, held):
        return None
    return "", _address(scope, held)


def _by_another_way(scope: Scope, call: ast.Call) -> bool:
    """Whether RabbitMQ's own interface, or a command, is asked to empty a queue."""
    texts = [scope.given(a) for a in (*call.args, *(k.value for k in call.keywords))]
    told = [n.value for t in texts for n in walk(t) if isinstance(n, ast.Constant) and isinstance(n.value, str)]
    if last(call.func) in {"delete", "request"}:
        told += [value for a in call.args if isinstance(value := scope.value(a), str)]
        return any("/api/queues" in text for text in told) and (last(call.func) == "delete" or "DELETE" in told)
    words = " ".join(told)
    return scope.external(call.func).startswith(_SHELLS) and _COMMANDS.search(words) is not None


def _is_a_client(scope: Scope, held: ast.expr) -> bool:
    value = unwrap(scope.evaluated(held))[0]
    return isinstance(value, Instance) and isinstance(value.cls, External) and value.cls.dotted.startswith(_CLIENTS)


def _of_kombu(scope: Scope, method: str, held: ast.expr) -> str | None:
    """An empty text for a queue or a consumer of Kombu that this method empties, a question mark where only its name tells."""
    kind, made = _OF_A_QUEUE[method], scope.given(held)
    value = scope.evaluated(made)
    if isinstance(value, Instance) and isinstance(value.cls, External) and value.cls.dotted.startswith("kombu."):
        return "" if kind in value.cls.dotted else None
    if value is not UNKNOWN or not _SPEAKS_KOMBU.search(scope.module.source.text):
        return None
    if isinstance(made, ast.Call) and last(made.func).startswith("Simple"):
        return "" if kind in last(made.func) else None
    # `queue(channel)`, `queue.bind(channel)`, `app.amqp.TaskConsumer(channel)`.
    if isinstance(made, ast.Call) and any("channel" in ast.unparse(a) for a in (*made.args, *made.keywords)):
        return "" if kind != "Simple" else None
    return "?" if method == "purge" and _QUEUE.search(ast.unparse(held)) else None


def _address(scope: Scope, held: ast.expr) -> str:
    """The address that a client was made with; a question mark where it cannot be told."""
    value = unwrap(scope.evaluated(held))[0]
    given = unwrap(value.arguments[0])[0] if isinstance(value, Instance) and value.arguments else None
    return given if isinstance(given, str) and "://" in given else "?"


def _by_hand(scope: Scope, call: ast.Call) -> bool:
    """Whether the module has to be run by its name, as a script is."""
    tests = [node.test for node in scope.around(call) if isinstance(node, ast.If)]
    return not scope.symbol and any("__main__" in ast.unparse(test) for test in tests)


def _connects(text: str) -> bool:
    """Whether this is the `connect` of a signal that a worker or beat sends."""
    parts = text.split(".")
    return parts[-1] == "connect" and any(name.startswith(_AT_START) for name in parts)
