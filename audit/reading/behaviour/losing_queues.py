"""Queues of RabbitMQ that are declared without being kept, or with what drops messages."""

import ast
from collections.abc import Iterator

from audit.model.observations.messages import TRANSIENT, LosingQueue
from audit.reading.behaviour.scope import Scope, keyword, last

WORDS = (
    "durable",
    "x-message-ttl",
    "x-max-length",
    "x-expires",
    "message_ttl",
    "max_length",
    "auto_delete",
    "delivery_mode",
)
_ARGUMENTS = {
    "x-message-ttl": "une durée qui en jette les messages",
    "x-max-length": "une longueur au-delà de laquelle des messages sont jetés",
    "x-max-length-bytes": "une taille au-delà de laquelle des messages sont jetés",
    "x-expires": "une durée après laquelle elle disparaît",
}
_KEYWORDS = {
    "message_ttl": _ARGUMENTS["x-message-ttl"],
    "max_length": _ARGUMENTS["x-max-length"],
    "max_length_bytes": _ARGUMENTS["x-max-length-bytes"],
    "expires": _ARGUMENTS["x-expires"],
}


def losing_queues(scope: Scope) -> Iterator[LosingQueue]:
    """LosingQueue: each queue of Kombu that is declared so; one that rejects what is over its length loses nothing of what it took."""
    for call in scope.calls:
        if last(call.func) == "Exchange" and scope.external(call.func).startswith("kombu."):
            mode = keyword(call, "delivery_mode")
            if mode is not None and scope.value(mode) in TRANSIENT:
                how = "un échangeur demande `delivery_mode=1` : ses messages ne sont pas écrits sur disque"
                yield scope.observed(LosingQueue, call, how=how)
        if last(call.func) != "Queue" or not scope.external(call.func).startswith("kombu."):
            continue
        name = scope.value(call.args[0]) if call.args else None
        told = f"la file `{name}` a" if isinstance(name, str) and not name.startswith("builtins.") else "une file a"
        for how in _faults(scope, call):
            yield scope.observed(LosingQueue, call, how=f"{told} {how}")


def _faults(scope: Scope, call: ast.Call) -> Iterator[str]:
    spread = [scope.value(k.value) for k in call.keywords if k.arg is None]
    told = {str(name): value for held in spread if isinstance(held, dict) for name, value in held.items()}
    told |= {k.arg: scope.value(k.value) for k in call.keywords if k.arg}
    if told.get("durable") is False:
        yield "`durable=False`, et disparaît quand RabbitMQ redémarre"
    if told.get("auto_delete", "delivery_mode") is True and not _is_for_answers(scope, call):
        yield "`auto_delete=True`, et disparaît avec son dernier worker"
    value = told.get("queue_arguments", {})
    if isinstance(value, dict) and value.get("x-overflow") != "reject-publish":
        yield from (how for argument, how in _ARGUMENTS.items() if argument in value)
    yield from (how for name, how in _KEYWORDS.items() if told.get(name) is not None)


def _is_for_answers(scope: Scope, call: ast.Call) -> bool:
    """Whether only who declares this queue reads it: it is exclusive, or bears a name made for it."""
    alone = keyword(call, "exclusive")
    name = call.args[0] if call.args else keyword(call, "name")
    made = name is not None and "uuid" in ast.unparse(name)
    return made or (alone is not None and scope.value(alone) is True)
