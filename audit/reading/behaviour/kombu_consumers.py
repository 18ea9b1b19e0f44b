"""Consumers that speak to the broker by kombu, beside Celery: each restores messages by its own visibility timeout."""

import ast
import re
from collections.abc import Iterator

from audit.model.observations.messages import KombuConsumer
from audit.model.plain_value import PlainValue
from audit.model.unknown import UNKNOWN
from audit.reading.behaviour.scope import Scope, keyword, last
from audit.reading.behaviour.verification_options import spread_entry

WORDS = ("kombu", "transport_options")
_CONNECTIONS = frozenset(
    {"kombu.Connection", "kombu.connection.Connection", "kombu.BrokerConnection", "kombu.connection.BrokerConnection"}
)
_OF_CELERY = frozenset({"connection", "connection_for_read", "connection_for_write", "broker_connection"})
# A connection that only publishes restores nothing.
_CONSUMES = re.compile(r"\bConsumer(?:Mixin|ProducerMixin)?\b|SimpleQueue|SimpleBuffer|drain_events|get_consumers")
_OPTION, _DEFAULT = "visibility_timeout", 3600


def kombu_consumers(scope: Scope) -> Iterator[KombuConsumer]:
    """Each connection made in a project that consumes by kombu, with its visibility timeout; those of other servers apart."""
    for call in scope.calls:
        own = scope.external(call.func) in _CONNECTIONS
        options = keyword(call, "transport_options") or spread_entry(scope, call, "transport_options")
        if not own and not (options is not None and last(call.func) in _OF_CELERY):
            continue
        address = call.args[0] if call.args else keyword(call, "hostname")
        url = scope.value(address) if own and address is not None else UNKNOWN
        if (isinstance(url, str) and not url.startswith("redis")) or not scope.machine.project.holds(_CONSUMES):
            continue
        spread = any(k.arg is None for k in call.keywords)
        seconds = _seconds(scope, options) if options is not None or not spread else UNKNOWN
        here = _CONSUMES.search(scope.module.source.text) is not None
        yield scope.observed(KombuConsumer, call, seconds=seconds, sure=here and (isinstance(url, str) or not own))


def _seconds(scope: Scope, options: ast.expr | None) -> PlainValue:
    held = scope.value(options) if options is not None else {}
    return held.get(_OPTION, _DEFAULT) if isinstance(held, dict) else UNKNOWN
