"""The strikes of a laboratory session, one row a fault, as reports show them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from audit.french.typography import french_seconds

_NOT_SEEN = "non observée"


@dataclass(frozen=True)
class Row:
    """All strikes of one fault: how often it struck and was tried, sends in flight, what became of them, how long it took."""

    title: str
    struck: int
    tried: int
    in_flight: str
    lost: int
    duplicated: int
    uncertain: int
    wrong: int
    recovery: str
    why: str


def rows(strikes: Sequence[Mapping[str, Any]]) -> tuple[Row, ...]:
    """One row a fault, in the order in which they first came."""
    by_title: dict[str, list[Mapping[str, Any]]] = {}
    for strike in strikes:
        by_title.setdefault(strike["title"], []).append(strike)
    return tuple(_row(title, group) for title, group in by_title.items())


def _row(title: str, group: Sequence[Mapping[str, Any]]) -> Row:
    hits = [s for s in group if s["struck"]]
    flights = [s["in_flight"] for s in hits]
    seen = [s["recovery"] for s in hits if s["recovery"] is not None]
    return Row(
        title=title,
        struck=len(hits),
        tried=len(group),
        in_flight="-"
        if not flights
        else str(flights[0])
        if min(flights) == max(flights)
        else f"{min(flights)} à {max(flights)}",
        **{kind: len({key for s in group for key in s[kind]}) for kind in ("lost", "duplicated", "uncertain", "wrong")},
        recovery=_recovery(seen, len(hits)),
        why=next((s["why"] for s in group if not s["struck"]), ""),
    )


def _recovery(seen: Sequence[float], hits: int) -> str:
    if not seen:
        return _NOT_SEEN if hits else "-"
    mean, most = french_seconds(round(sum(seen) / len(seen), 2)), french_seconds(round(max(seen), 2))
    told = mean if len(seen) == 1 else f"{mean} en moyenne, {most} au plus"
    return told if len(seen) == hits else f"{told} ({_NOT_SEEN} {hits - len(seen)} fois)"
