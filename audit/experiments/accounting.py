"""Counting sends: what was asked against what the gateway accepted, by key."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from audit.experiments.driver import Accepted

UNCERTAIN = "unknown"


@dataclass(frozen=True)
class Account:
    """Sorted keys of one experiment. `uncertain` ones are neither accepted nor known not to be, and are never counted as zero."""

    expected: int
    accepted: int
    lost: tuple[str, ...]
    duplicated: tuple[str, ...]
    unexpected: tuple[str, ...]
    uncertain: tuple[str, ...]

    @property
    def sound(self) -> bool:
        """Whether something was expected and each was accepted exactly once, nothing else."""
        return self.expected > 0 and not (self.lost or self.duplicated or self.unexpected or self.uncertain)


def account(
    expected: frozenset[str], ledger: Iterable[Accepted], recorded: Mapping[str, str], before: int = 0
) -> Account:
    """Compare the keys expected with the ledger from its entry number `before` on (Jepsen's accounting of sets).

    A key the gateway never accepted is lost, unless the database itself says it does not know.
    """
    counts = Counter(entry.key for entry in list(ledger)[before:])
    missing = expected - counts.keys()
    uncertain = {key for key in missing if recorded.get(key) == UNCERTAIN}
    return Account(
        expected=len(expected),
        accepted=sum(counts[key] for key in expected),
        lost=tuple(sorted(missing - uncertain)),
        duplicated=tuple(sorted(key for key, count in counts.items() if count > 1 and key in expected)),
        unexpected=tuple(sorted(counts.keys() - expected)),
        uncertain=tuple(sorted(uncertain)),
    )
