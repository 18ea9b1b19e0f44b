"""What the process answers, to a shell and to pytest alike: exit codes, and the gate that chooses one."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any

from audit.journal import journal_file as journal
from audit.journal.gate import THRESHOLDS, failing
from audit.judging.examination import Examination
from audit.judging.verdict import Status
from audit.model.findings import Outcome
from audit.target.target_file import TargetError


class Exit(IntEnum):
    """Exit codes, printed by `--help`."""

    FINE = 0
    NON_COMPLIANT = 1
    USAGE = 2
    COULD_NOT_RUN = 3


@dataclass(frozen=True)
class Gate:
    """What fails: from which severity on, and beyond what a baseline held."""

    fail_on: str
    baseline: Mapping[str, Any] | None

    def reasons(self, document: Mapping[str, Any]) -> list[str]:
        """One line a reason to fail."""
        return failing(document, self.fail_on, self.baseline)

    def answer(self, examination: Examination, reasons: Sequence[str]) -> Exit:
        """The exit code of one audit."""
        return exit_code(examination, reasons)


def gate(fail_on: str, baseline: Path | None) -> Gate:
    """Raises TargetError on an unknown severity, or a baseline that is no journal: it would let anything pass."""
    known_word("--fail-on", fail_on, THRESHOLDS)
    try:
        held = journal.read(baseline) if baseline else None
    except journal.JournalError as error:
        raise TargetError(f"--baseline {error}") from error
    return Gate(fail_on, held)


def known_word(option: str, word: str, known: Iterable[str]) -> None:
    """Raises TargetError on a word that an option does not know."""
    if word not in known:
        raise TargetError(f"{option} {word}: one of {', '.join(known)}")


def worst(codes: Iterable[Exit]) -> Exit:
    """The answer of several audits: a failure of one of them before one that could not be judged."""
    ranks = (Exit.NON_COMPLIANT, Exit.COULD_NOT_RUN, Exit.FINE)
    return min(codes, key=ranks.index, default=Exit.FINE)


def exit_code(examination: Examination, reasons: Sequence[str] | None = None) -> Exit:
    """What the process answers (see `--help`). `reasons` are those to fail; without them, any refused requirement is one."""
    statuses = {v.status for v in examination.verdicts().values()}
    if examination.asks_for_processes and not examination.target.driver and not examination.played:
        return Exit.COULD_NOT_RUN
    if reasons or (reasons is None and Status.NON_COMPLIANT in statuses):
        return Exit.NON_COMPLIANT
    if examination.known.source.failure or examination.nothing_played:
        return Exit.COULD_NOT_RUN
    if examination.nothing_judged or any(f.outcome is Outcome.AUDIT_ERROR for f in examination.every_finding()):
        return Exit.COULD_NOT_RUN
    return Exit.FINE
