"""Functions to which tasks leave all their work: what these make of a failure, the tasks make of it."""

from collections.abc import Mapping
from dataclasses import dataclass

from audit.model.facts import Call
from audit.model.gaps import Gap
from audit.model.target_facts import TargetFacts


@dataclass(frozen=True)
class DelegatedWork:
    """`sure` and `possible` map functions to the chain that leads to them, a task first, tasks themselves among the sure ones.

    `gaps`: tasks leave all their work to calls that nobody can follow.
    """

    sure: Mapping[str, tuple[str, ...]]
    possible: Mapping[str, tuple[str, ...]]
    gaps: tuple[Gap, ...]


def delegated_work(known: TargetFacts) -> DelegatedWork:
    """Follow, from each task, the call that does all its work."""
    closures = known.closures
    sure = {symbol: (symbol,) for symbol in closures.sure if symbol in known.task_symbols}
    possible: dict[str, tuple[str, ...]] = {}
    pending = list(sure.items())
    while pending:
        symbol, chain = pending.pop()
        call = _whole(known, symbol)
        if call is None:
            continue
        if call.target:
            found, reached = [call.target], possible if symbol in possible else sure
        else:
            name = call.name.rpartition(".")[2]
            found = [s for s, way in closures.possible.items() if way[-2:-1] == (symbol,) and _name(s) == name]
            reached = possible
        for callee in found:
            if callee not in sure and callee not in possible and callee in known.source.functions:
                reached[callee] = (*chain, callee)
                pending.append((callee, reached[callee]))
    left = {symbol for symbol in (*sure, *possible) if _whole(known, symbol)}
    return DelegatedWork(sure, possible, tuple(gap for gap in closures.opaque if gap.function in left))


def _name(symbol: str) -> str:
    return symbol.partition(":")[2].rpartition(".")[2]


def _whole(known: TargetFacts, symbol: str) -> Call | None:
    written = known.source.whole_work.get(symbol, "")
    if not written:
        return None
    text = "".join(written.split()).replace("'", '"')
    calls = known.source.functions[symbol].calls
    return next((call for call in calls if "".join(call.name.split()).replace("'", '"') == text), None)
