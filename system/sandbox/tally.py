"""Counts what was asked against what the gateway accepted."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from system.sandbox.gateway_protocol import LedgerEntry


@dataclass(frozen=True)
class Tally:
    """Contacts asked, sends accepted for them, and the contacts that got more or less than one."""

    asked: int
    accepted: int
    distinct: int
    twice: tuple[str, ...]
    missing: tuple[str, ...]

    @property
    def exactly_once(self) -> bool:
        return not self.twice and not self.missing


def tally(phones: Collection[str], entries: Iterable[LedgerEntry]) -> Tally:
    """Compares the contacts asked with the ledger's entries; entries for other phones are left out."""
    asked = set(phones)
    accepted = Counter(entry.phone for entry in entries if entry.phone in asked)
    return Tally(
        asked=len(asked),
        accepted=accepted.total(),
        distinct=len(accepted),
        twice=tuple(sorted(phone for phone, times in accepted.items() if times > 1)),
        missing=tuple(sorted(asked - accepted.keys())),
    )


def longest_silence(entries: Sequence[LedgerEntry]) -> float:
    """Seconds of the longest time between two acceptances in a row; 0 when there are fewer than two."""
    gaps = ((later.accepted_at - sooner.accepted_at).total_seconds() for sooner, later in pairwise(entries))
    return max(gaps, default=0.0)
