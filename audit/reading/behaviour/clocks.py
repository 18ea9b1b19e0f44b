"""Dates without a time zone."""

import ast
from collections.abc import Iterator

from audit.model.observations.observation import Observation
from audit.model.observations.shared_data import NaiveDatetime
from audit.reading.behaviour.scope import Scope, keyword, last

_NAIVE = {"now": 0, "utcnow": 0, "today": 0, "fromtimestamp": 1, "utcfromtimestamp": 1}
# What makes a date aware again, or only shows it.
_HARMLESS = frozenset({"astimezone", "replace", "timestamp", "strftime", "date", "time", "year", "month", "day"})


def naive_clocks(scope: Scope) -> Iterator[Observation]:
    """NaiveDatetime: `datetime.now()` and the like, without a time zone."""
    if not scope.symbol:
        return
    for call in scope.calls:
        name = last(call.func)
        if name not in _NAIVE or len(call.args) > _NAIVE[name] or keyword(call, "tz") is not None:
            continue
        parent = scope.parents.get(call)
        if isinstance(parent, ast.Attribute) and parent.attr in _HARMLESS:
            continue
        if isinstance(parent, ast.Call) and last(parent.func) in {"make_aware", "localize"}:
            continue
        if scope.external(call.func) == f"datetime.datetime.{name}":
            yield scope.observed(NaiveDatetime, call, constructor=f"datetime.{name}()")
