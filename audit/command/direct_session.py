"""The engine of questions that facts answer: the same findings as under pytest, in its words, without its cost."""

import sys
import time
from collections import Counter

from audit.command.terminal import shown
from audit.judging.examination import Examination
from audit.model.findings import Outcome

_WORDS = {
    Outcome.ESTABLISHED: "PASSED",
    Outcome.RESERVATION: "PASSED",
    Outcome.DEFECT: "FAILED",
    Outcome.UNDETERMINED: "SKIPPED",
    Outcome.NOT_APPLICABLE: "SKIPPED",
    Outcome.AUDIT_ERROR: "ERROR",
}
_TOTALS = (
    ("failed", "FAILED"),
    ("passed", "PASSED"),
    ("skipped", "SKIPPED"),
    ("warning", "WARNING"),
    ("error", "ERROR"),
)


class InterruptedAuditError(Exception):
    """The tests did not all run, so that nothing may be concluded; the message is one line for the user."""


def play(examination: Examination, *, quiet: bool) -> str:
    """Put every question of the profile, one printed line each; the answer is the line of totals.

    Raises InterruptedAuditError when the profile asks nothing.
    """
    started = time.perf_counter()
    counts: Counter[str] = Counter()
    for category, identifier in examination.tests():
        outcome = examination.outcome(identifier)
        counts[_WORDS[outcome]] += 1
        counts["WARNING"] += outcome is Outcome.RESERVATION
        if not quiet:
            _print(examination, category, identifier, outcome)
    if not counts:
        raise InterruptedAuditError("the profile asks nothing at this level: no report is written")
    parts = [_counted(counts[word], name) for name, word in _TOTALS if counts[word]]
    return f"{', '.join(parts)} in {time.perf_counter() - started:.2f}s"


def _counted(count: int, name: str) -> str:
    return f"{count} {name}{'s' if count > 1 and name in {'warning', 'error'} else ''}"


def _print(examination: Examination, category: str, identifier: str, outcome: Outcome) -> None:
    lines = [f"{category}::{identifier} {_WORDS[outcome]}"]
    if outcome is not Outcome.ESTABLISHED:
        lines += [f"  {line}" for line in examination.explanation(identifier).splitlines()]
    sys.stdout.write("".join(f"{shown(line)}\n" for line in lines))
