"""Publications that run in a transaction which somebody else opened: a caller, a signal, the framework, the request."""

import re
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from audit.model.call_closures import COMMON
from audit.model.facts import Call, Function, Unresolved
from audit.model.gaps import Gap, OpaqueCall
from audit.model.observations.messages import (
    AtomicRequests,
    DirectPublication,
    KeptPublication,
    Opening,
    SignalReceiver,
    TransactionCalls,
)
from audit.model.target_facts import TargetFacts
from audit.rules.domains.given_functions import GivenFunctions
from audit.rules.effective_settings import short

_SPECIAL = ("__init__", "__enter__", "__exit__", "__call__")
# Django sends them inside a transaction of its own, or before the row is written.
_INSIDE = frozenset({"pre_delete", "post_delete", "m2m_changed", "pre_save"})
# Celery's processes send them, on their own account: no transaction of the program is open then.
_APART = re.compile(
    r"^(?:worker|beat|celeryd|heartbeat|eventlet|after_setup|setup|import|user|task_(?!publish))\w*$|^(?:request_started|request_finished)$"
)
# What the method of a framework calls of the same object.
_HOOKS: Mapping[str, tuple[str, ...]] = {
    "dispatch": ("get", "post", "put", "patch", "delete", "list", "retrieve", "create", "update", "destroy"),
    "post": ("form_valid", "form_invalid", "create"),
    "create": ("perform_create", "save"),
    "update": ("perform_update",),
    "partial_update": ("update", "perform_update"),
    "destroy": ("perform_destroy", "delete"),
    "get_or_create": ("save",),
    "update_or_create": ("save",),
}


@dataclass(frozen=True)
class Early:
    """A publication in a transaction; `sure` when no receiver is guessed. `why`: where it is opened, in French."""

    publication: DirectPublication
    sure: bool
    why: str


class Transactions:
    """What transactions of the program run."""

    def __init__(self, known: TargetFacts) -> None:
        self._known = known
        tests = known.source.test_modules
        self._own = [s for s in known.source.functions if s.partition(":")[0] not in tests]
        self._direct: dict[str, list[DirectPublication]] = defaultdict(list)
        for one in known.source.observations_of(DirectPublication):
            self._direct[one.symbol].append(one)
        self._found: dict[int, Early] = {}
        self._opaque: dict[OpaqueCall, None] = {}
        self._seen: dict[str, bool] = {}
        self._given = GivenFunctions(known, self._own)

    def early(self) -> tuple[tuple[Early, ...], tuple[Gap, ...]]:
        """The publications that run in one, and the calls in one that nobody can follow."""
        kept = self._known.source.observations_of(KeptPublication)
        if not kept and all(one.committed for held in self._direct.values() for one in held):
            return (), tuple(self._handed())
        starts = list(self._starts())
        for certain in (True, False):
            self._walk(deque((symbol, sure, why) for symbol, sure, why in starts if sure is certain))
        return tuple(self._found.values()), tuple(self._opaque)

    def _handed(self) -> Iterator[Gap]:
        """The calls in a transaction of what a caller may have given to publish a task: `place(order, send.delay)`."""
        for opened in self._known.source.observations_of(TransactionCalls):
            function = self._known.source.functions.get(opened.symbol)
            for call in _at_once(function) if function else ():
                place = call.excerpt
                if place is None or (place.first_line, call.name.rpartition(".")[2]) not in opened.calls:
                    continue
                if call.unresolved is Unresolved.CALLABLE and self._given.may_publish(opened.symbol):
                    yield OpaqueCall(place.path, place.first_line, f"{call.name}(…)")

    def _starts(self) -> Iterator[tuple[str, bool, str]]:
        """The functions that run in a transaction, whether they surely do, and what opens it."""
        opened = self._known.source.observations_of(TransactionCalls)
        settings = self._known.source.observations_of(AtomicRequests)
        atomic = any(o.opening is Opening.BLOCK for o in opened)
        for one in opened:
            where = f"`{short(one.symbol)}` (`{one.excerpt.path if one.excerpt else '?'}`)"
            if one.opening in {Opening.BLOCK, Opening.COMMIT}:
                yield from self._called(one, f"la transaction de {where}")
            elif one.opening is Opening.YIELD:
                depending = [r.endpoint for r in self._known.source.routes if one.symbol in r.dependencies]
                yield from ((endpoint, True, f"la transaction que {where} valide ensuite") for endpoint in depending)
            elif one.opening is Opening.REQUEST:
                every = [r.endpoint for r in self._known.source.routes]
                yield from (
                    (endpoint, False, f"la transaction que {where} valide après la réponse") for endpoint in every
                )
            elif any(o.on is True for o in settings):
                yield one.symbol, True, "la transaction de la requête (`ATOMIC_REQUESTS`)"
        for receiver in self._known.source.observations_of(SignalReceiver):
            if all(map(_APART.match, receiver.signals)):
                continue
            inside = sorted(_INSIDE.intersection(receiver.signals))
            why = f"une transaction qui entoure le signal `{(inside or receiver.signals)[0]}`"
            for symbol in [receiver.symbol] if receiver.symbol else self._named.get(receiver.name, ()):
                if inside or atomic:
                    yield symbol, bool(inside) and len(self._named.get(receiver.name, ())) <= 1, why

    def _called(self, opened: TransactionCalls, why: str) -> Iterator[tuple[str, bool, str]]:
        """What these calls run; a publication among them is found at once."""
        lines = {line for line, _ in opened.calls}
        sure = opened.opening is Opening.BLOCK
        for one in self._direct.get(opened.symbol, ()):
            if one.excerpt and one.excerpt.first_line in lines:
                self._note(one, sure, why)
        function = self._known.source.functions.get(opened.symbol)
        for call in _at_once(function) if function else ():
            if call.excerpt and (call.excerpt.first_line, call.name.rpartition(".")[2]) in opened.calls:
                yield from ((symbol, certain and sure, why) for symbol, certain in self._run_by(opened.symbol, call))
                if call.unresolved in {Unresolved.CALLABLE, Unresolved.COMPUTED} and ".<locals>." not in opened.symbol:
                    given = self._given.by_callers(opened.symbol, call.name)
                    if given is None:
                        self._opaque[OpaqueCall(call.excerpt.path, call.excerpt.first_line, f"{call.name}(…)")] = None
                        continue
                    yield from ((symbol, sure and len(given) == 1, why) for symbol in given)

    def _walk(self, queue: deque[tuple[str, bool, str]]) -> None:
        while queue:
            symbol, sure, why = queue.popleft()
            if symbol not in self._known.source.functions or (symbol in self._seen and self._seen[symbol] >= sure):
                continue
            function, self._seen[symbol] = self._known.source.functions[symbol], sure
            for one in self._direct.get(symbol, ()):
                self._note(one, sure, why)
            for wrapper in function.wrappers:
                queue.append((wrapper, sure, why))
                self._note_inner(wrapper, sure, why)
            own = {parameter.name.lstrip("*") for parameter in function.parameters}
            for call in _at_once(function):
                if sure and call.excerpt and call.unresolved is Unresolved.CALLABLE and call.name not in own:
                    # What a parameter is given, the caller tells; what a table holds, nobody does.
                    self._opaque[OpaqueCall(call.excerpt.path, call.excerpt.first_line, f"{call.name}(…)")] = None
                queue.extend((callee, sure and certain, why) for callee, certain in self._run_by(symbol, call))
                self._note_inner(f"{symbol}.<locals>.{call.name}", sure, why, exact=True)

    def _note_inner(self, symbol: str, sure: bool, why: str, *, exact: bool = False) -> None:
        """What a decorator defines runs around what it decorates; what a function defines, where it calls it."""
        for inner, held in self._direct.items():
            if inner == symbol if exact else inner.startswith(f"{symbol}.<locals>."):
                for one in held:
                    self._note(one, sure, why)

    def _note(self, publication: DirectPublication, sure: bool, why: str) -> None:
        already = self._found.get(id(publication))
        if not publication.committed and (already is None or (sure and not already.sure)):
            self._found[id(publication)] = Early(publication, sure, why)

    def _run_by(self, symbol: str, call: Call) -> Iterator[tuple[str, bool]]:
        """What a call runs here, and whether it surely does; a task that is published runs elsewhere."""
        tasks, last = self._known.task_symbols, call.name.rpartition(".")[2]
        for target in (call.target, *call.callbacks, *call.choices):
            if target and (target not in tasks or last == short(target).rpartition(".")[2]):
                # What no text writes, and a signal or an event may run, is not sure.
                certain = call.excerpt is not None or target == call.target
                yield target, certain
                yield from ((f"{target}.{special}", certain) for special in _SPECIAL)
        inherited = call.name.replace(" ", "").startswith("super(")
        if call.name.startswith(("self.", "cls.")) or inherited:
            own = symbol.rpartition(".")[0]
            yield from ((f"{own}.{hook}", True) for hook in _HOOKS.get(last, ()) if inherited)
            if call.target:
                yield from ((other, False) for other in self._methods(last) if other != call.target and not inherited)
        if call.unresolved in {Unresolved.METHOD, Unresolved.NAME}:
            for name in (last, *_HOOKS.get(last, ())):
                yield from ((other, False) for other in self._methods(name))

    def _methods(self, name: str) -> tuple[str, ...]:
        tasks = self._known.task_symbols
        return () if name in COMMON else tuple(s for s in self._named.get(name, ()) if s not in tasks)

    @cached_property
    def _named(self) -> Mapping[str, tuple[str, ...]]:
        found: dict[str, list[str]] = defaultdict(list)
        for symbol in self._own:
            found[symbol.partition(":")[2].rpartition(".")[2]].append(symbol)
        return {name: tuple(symbols) for name, symbols in found.items()}


def _at_once(function: Function) -> Iterator[Call]:
    """The calls of a function, without those that it leaves for after the commit."""
    later = [c.excerpt for c in function.calls if c.excerpt and c.name.rpartition(".")[2].endswith("on_commit")]
    for call in function.calls:
        place = call.excerpt
        if place is None or not any(o.first_line <= place.first_line <= o.last_line for o in later):
            yield call
