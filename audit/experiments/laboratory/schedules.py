"""Schedules: which faults, in which order, under how many sends; written on one line, so that any can be played again."""

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from audit.experiments.laboratory.fault_catalogue import CLASSES, CRASH_POINTS, FAULTS

CONTACTS = 12
MOST_CONTACTS = 40


class ScheduleError(ValueError):
    """A schedule that cannot be read; the message is one line for the user."""


@dataclass(frozen=True)
class Step:
    """One fault under that many sends."""

    fault: str
    contacts: int = CONTACTS

    def __str__(self) -> str:
        """As `read` takes it."""
        return f"{self.fault}:{self.contacts}"


def written(steps: Sequence[Step]) -> str:
    """One line that `read` gives back as the same steps."""
    return ",".join(map(str, steps))


def read(text: str) -> tuple[Step, ...]:
    """The steps of `fault[:contacts],…`. Raises ScheduleError on an unknown fault, a wrong number, or no fault at all."""
    steps = tuple(_step(part.strip()) for part in text.split(",") if part.strip())
    if not steps:
        msg = "no fault in this schedule"
        raise ScheduleError(msg)
    return steps


def _step(text: str) -> Step:
    fault, _, contacts = text.partition(":")
    if fault not in FAULTS:
        msg = f"unknown fault {fault!r} (known: {', '.join(FAULTS)})"
        raise ScheduleError(msg)
    if contacts and not (re.fullmatch("[0-9]{1,4}", contacts) and 1 <= int(contacts) <= 1000):
        msg = f"{text}: the number of sends must be between 1 and 1000"
        raise ScheduleError(msg)
    return Step(fault, int(contacts) if contacts else CONTACTS)


def enumerated(points: int, classes: int, seed: int, contacts: int = CONTACTS) -> tuple[Step, ...]:
    """Every crash point `points` times and every class `classes` times, in an order that the seed decides."""
    steps = [Step(f.id, contacts) for f in CRASH_POINTS for _ in range(points)]
    steps += [Step(f.id, contacts) for f in CLASSES for _ in range(classes)]
    random.Random(seed).shuffle(steps)  # noqa: S311  replayed, not secret
    return tuple(steps)


def drawn(seed: int, count: int) -> tuple[Step, ...]:
    """`count` faults drawn at random, each under a number of sends drawn too; the same for the same seed."""
    chance = random.Random(f"drawn-{seed}")  # noqa: S311
    names = sorted(FAULTS)
    return tuple(Step(chance.choice(names), chance.randint(4, MOST_CONTACTS)) for _ in range(count))


def shrunk(steps: Sequence[Step], fails: Callable[[Sequence[Step]], bool], most_runs: int = 30) -> tuple[Step, ...]:
    """A smallest subsequence of a failing schedule that still fails (Zeller's ddmin), within so many runs."""
    current, size, runs = tuple(steps), max(1, len(steps) // 2), 0
    while len(current) > 1 and runs < most_runs:
        for start in range(0, len(current), size):
            candidate = current[:start] + current[start + size :]
            runs += 1
            if candidate and fails(candidate):
                current = candidate
                break
            if runs >= most_runs:
                return current
        else:
            if size == 1:
                return current
            size = max(1, size // 2)
        size = min(size, max(1, len(current) // 2))
    return current
