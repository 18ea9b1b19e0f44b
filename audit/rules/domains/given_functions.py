"""The functions that the callers of a function give one of its parameters."""

import builtins
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property

from audit.model.facts import Call, Function, Unresolved
from audit.model.target_facts import TargetFacts
from audit.rules.domains.called_values import argument

# To look for the callers of one, all are read.
_MOST = 3000
_DEPTH = 4
_DOTTED = re.compile(r"[A-Za-z_][\w.]*")
_PUBLISHES = re.compile(r"(?:^|\.)(?:delay|apply_async|send_task|si?|signature|apply)(?:$|\()")
_OPAQUE = frozenset({Unresolved.CALLABLE, Unresolved.COMPUTED, Unresolved.METHOD})


class GivenFunctions:
    """Looks through the calls of all the functions of a program, `own`."""

    def __init__(self, known: TargetFacts, own: Sequence[str]) -> None:
        self._functions, self._own, self._tasks = known.source.functions, own, known.task_symbols

    def may_publish(self, symbol: str) -> bool:
        """Whether a caller gives this function what publishes a task."""
        calls = self._calls.get(symbol, []) if len(self._own) <= _MOST else []
        return any(_PUBLISHES.search(text) for _, call in calls for text in (*call.arguments, *call.keywords.values()))

    def by_callers(self, symbol: str, name: str, depth: int = _DEPTH) -> list[str] | None:
        """The functions of the project that a parameter may be; None where what one caller gives is not known."""
        function = self._functions.get(symbol)
        parameters = [p for p in function.parameters if p.name not in {"self", "cls"}] if function else []
        place = next((i for i, p in enumerate(parameters) if p.name == name), -1)
        calls = self._calls.get(symbol.removesuffix(".__init__"), []) if len(self._own) <= _MOST and depth else []
        if place < 0 or not calls:
            return None
        found: dict[str, None] = {}
        for caller, call in calls:
            given = self._named(caller, call, argument(call, parameters[place], place), depth)
            # A task among them may be published rather than called.
            if given is None or not self._tasks.isdisjoint(given):
                return None
            found |= dict.fromkeys(given)
        return list(found)

    def _named(self, caller: Function, call: Call, text: str, depth: int) -> list[str] | None:
        """The functions that an argument, as written, stands for; a library's are none."""
        if text.startswith("lambda"):
            return self._run_inside(caller, text)
        if not _DOTTED.fullmatch(text) or _PUBLISHES.search(text):
            return None
        last = text.rpartition(".")[2]
        if given := [c for c in call.callbacks if c.rpartition(":")[2].rpartition(".")[2] == last]:
            return given
        if any(parameter.name == text for parameter in caller.parameters):
            return self.by_callers(caller.symbol, text, depth - 1)
        if borne := self._by_name.get(last):
            return borne
        return [] if "." in text or hasattr(builtins, text) else None

    @staticmethod
    def _run_inside(caller: Function, text: str) -> list[str] | None:
        """What a lambda calls, of the calls of the function that writes it."""
        inner = [call for call in caller.calls if call.name and f"{call.name}(" in text]
        if any(call.unresolved in _OPAQUE or _PUBLISHES.search(call.name) for call in inner):
            return None
        return [call.target for call in inner if call.target]

    @cached_property
    def _calls(self) -> Mapping[str, list[tuple[Function, Call]]]:
        found: dict[str, list[tuple[Function, Call]]] = defaultdict(list)
        for symbol in self._own:
            function = self._functions[symbol]
            for call in map(_unfolded, function.calls):
                if call.target:
                    found[call.target.removesuffix(".__init__")].append((function, call))
        return found

    @cached_property
    def _by_name(self) -> Mapping[str, list[str]]:
        found: dict[str, list[str]] = defaultdict(list)
        for symbol in self._own:
            found[symbol.rpartition(":")[2].rpartition(".")[2]].append(symbol)
        return found


def _unfolded(call: Call) -> Call:
    """`partial(settle, zone)` as a call of `settle`."""
    if call.name.rpartition(".")[2] != "partial" or not call.arguments:
        return call
    last = call.arguments[0].rpartition(".")[2]
    target = next((c for c in call.callbacks if c.rpartition(":")[2].rpartition(".")[2] == last), "")
    return replace(call, target=target, arguments=call.arguments[1:])
