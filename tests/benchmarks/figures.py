"""Repeated measurements, and the table they make."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Series:
    """The values of one quantity, a round each, in the order they were measured."""

    values: tuple[float, ...]

    @property
    def median(self) -> float:
        return median(self.values)

    @property
    def steady(self) -> bool:
        """Whether the rounds say the same thing: none of them twice another."""
        return max(self.values) <= 2 * min(self.values)

    def text(self, digits: int = 0) -> str:
        """`median (lowest-highest)`."""
        low, high = min(self.values), max(self.values)
        return f"{self.median:.{digits}f} ({low:.{digits}f}–{high:.{digits}f})"


def series(values: Sequence[float]) -> Series:
    """The same, from any sequence."""
    return Series(tuple(values))


def ratio(ours: Series, bare: Series) -> Series:
    """Ours over the yardstick, round by round: neighbours in time shared the same machine."""
    return Series(tuple(a / b for a, b in zip(ours.values, bare.values, strict=True)))


@dataclass(frozen=True)
class Row:
    """One line of the table; `met` None when there is no target, or when the machine was too busy to tell."""

    what: str
    bare: str
    ours: str
    result: str
    target: str
    met: bool | None

    @property
    def line(self) -> str:
        verdict = {True: "oui", False: "**non**", None: "non mesurée" if self.target else ""}[self.met]
        return f"| {self.what} | {self.bare} | {self.ours} | {self.result} | {self.target} | {verdict} |"


def concluded(met: bool, *, measured: bool) -> bool | None:
    """Whether a target is met; None where it seems so and the machine was too busy to tell. What is missed is missed."""
    return None if met and not measured else met


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` (0 to 1) of the values lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
