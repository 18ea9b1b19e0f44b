"""Confidence bounds of a proportion, exact: C. J. Clopper and E. S. Pearson, Biometrika 26 (1934), p. 404."""

import math
from collections.abc import Sequence

CONFIDENCE = 0.95
_STEPS = 60


def lower_bound(successes: int, trials: int, confidence: float = CONFIDENCE) -> float:
    """One-sided lower bound of the proportion of successes: the value under which so many would be too rare a luck.

    0 without a trial. Raises ValueError when there are more successes than trials.
    """
    if not 0 <= successes <= trials:
        msg = "successes must be between 0 and trials"
        raise ValueError(msg)
    if successes == 0:
        return 0.0
    low, high = 0.0, 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if _at_most(trials - successes, trials, 1 - middle) < 1 - confidence:
            low = middle
        else:
            high = middle
    return low


def upper_bound(successes: int, trials: int, confidence: float = CONFIDENCE) -> float:
    """One-sided upper bound; 1 without a trial."""
    return 1 - lower_bound(trials - successes, trials, confidence)


def _at_most(count: int, trials: int, probability: float) -> float:
    """Probability of at most `count` events in `trials`, each of this probability."""
    if count >= trials or probability <= 0:
        return 1.0
    if probability >= 1:
        return 0.0
    logs = (math.log(probability), math.log1p(-probability))
    whole = math.lgamma(trials + 1)
    terms = (
        whole - math.lgamma(k + 1) - math.lgamma(trials - k + 1) + k * logs[0] + (trials - k) * logs[1]
        for k in range(count + 1)
    )
    return min(1.0, sum(map(math.exp, terms)))


def percentile(values: Sequence[float], share: float) -> float:
    """The nearest-rank percentile. Raises ValueError without a value."""
    if not values:
        msg = "a percentile needs a value"
        raise ValueError(msg)
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]
