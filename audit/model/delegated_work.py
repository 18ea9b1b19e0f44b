"""Functions to which tasks leave all their work: what these make of a failure, the tasks make of it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from audit.model.call_closures import Closures
from audit.model.facts import Call, Facts
from audit.model.gaps import Gap


@dataclass(frozen=True)
class DelegatedWork:
    """`sure` and `possible` map functions to the chain that leads to them, a task first, tasks themselves among the sure ones.

    `gaps`: tasks leave all their work to calls that nobody can follow.
    """

    sure: Mapping[str, tuple[str, ...]]
    possible: Mapping[str, tuple[str, ...]]
    gaps: tuple[Gap, ...]


def delegated_work(source: Facts, closures: Closures, tasks: Collection[str]) -> DelegatedWork:
    """Follow, from each task, the call that does all its work."""
    sure: dict[str, tuple[str, ...]] = {symbol: (symbol,) for symbol in closures.sure if symbol in tasks}
    possible: dict[str, tuple[str, ...]] = {}
    pending = list(sure.items())
    left = {}
    while pending:
        symbol, chain = pending.pop()
        call = _whole(source, symbol)
        if call is None:
            continue
        left[symbol] = f"{call.name}("
        if call.target:
            found, reached = [call.target], possible if symbol in possible else sure
        else:
            name = call.name.rpartition(".")[2]
            chosen = {c for other in source.functions[symbol].calls if other.name == call.name for c in other.choices}
            found = [
                s
                for s, way in closures.possible.items()
                if way[-2:-1] == (symbol,) and (_name(s) == name or s in chosen)
            ]
            reached = possible
        for callee in found:
            if callee not in sure and callee not in possible and callee in source.functions:
                reached[callee] = (*chain, callee)
                pending.append((callee, reached[callee]))
    return DelegatedWork(
        sure, possible, tuple(gap for gap in closures.opaque if gap.text.startswith(left.get(gap.function, " ")))
    )


def _name(symbol: str) -> str:
    return symbol.partition(":")[2].rpartition(".")[2]


def _whole(source: Facts, symbol: str) -> Call | None:
    written = source.whole_work.get(symbol, "")
    calls = source.functions[symbol].calls if written else ()
    return next((call for call in calls if _squeezed(call.name) == _squeezed(written)), None)


def _squeezed(text: str) -> str:
    return "".join(text.split()).replace("'", '"')
