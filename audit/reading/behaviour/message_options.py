"""Options that one publication gives its message: how it is encoded, and whether the broker writes it."""

import ast
import re
from collections.abc import Iterator

from audit.model.observations.messages import MessageOption
from audit.model.plain_value import PlainValue
from audit.model.unknown import UNKNOWN
from audit.reading.behaviour.publications import PLAIN, PLANNED, task_of, tells_a_signature
from audit.reading.behaviour.published_calls import SIGNATURES, whole_calls
from audit.reading.behaviour.scope import Scope, keyword, last
from audit.reading.python.abstract_values import Table, exported

_ENCODED = {
    name: re.compile(rf"[\"']{name}[\"'] *[:\]]|dict\([^)]*\b{name}=") for name in ("serializer", "delivery_mode")
}


def message_options(scope: Scope) -> Iterator[MessageOption]:
    """MessageOption: how a message is encoded, or whether the broker writes it, where its publication says so."""
    for call in whole_calls(scope):
        named = call.func.attr if isinstance(call.func, ast.Attribute) else last(call.func)
        if named in PLAIN or not (named in PLANNED or named in SIGNATURES or named == "publish"):
            continue
        if named == "set" and not tells_a_signature(scope, call) and task_of(scope, call.func) is None:
            continue
        for name in ("serializer", "delivery_mode") if named != "publish" else ("delivery_mode",):
            value = _option(scope, call, name)
            if value is not None:
                yield scope.observed(MessageOption, call, name=name, value=value)


def _option(scope: Scope, call: ast.Call, name: str) -> PlainValue:
    """An option that a call gives, `**options` followed; UNKNOWN where these are not read and the project names it in one."""
    given = keyword(call, name)
    if given is not None:
        return scope.value(given)
    for spread in (k.value for k in call.keywords if k.arg is None):
        held = scope.evaluated(spread)
        options = exported(held)
        if isinstance(options, dict) and name in options:
            return options[name]
        unread = not isinstance(options, dict) or (isinstance(held, Table) and bool(held.opaque))
        if unread and scope.machine.project.holds(_ENCODED[name]):
            return UNKNOWN
    return None
