"""`python -m tests.truth`: every mutant and sound variant against the rules, into `reports/measures/verite.md`."""

import sys
import tempfile
import tomllib
from pathlib import Path

from tests.acceptance.reference_copy import REPOSITORY
from tests.truth.deceptive import deceptions_section, observe_deceptions
from tests.truth.entries import FOLDER, read_entries
from tests.truth.measurement import observe
from tests.truth.report import report

PENDING = REPOSITORY / "tests" / "deceptive" / "pending.toml"
REPORT = REPOSITORY / "reports" / "measures" / "verite.md"


def main() -> int:
    """Write the measurement; 1 when a miss or a false alarm is not one of `gaps.toml`, or one of them is no more."""
    gaps = tomllib.loads((FOLDER / "gaps.toml").read_text(encoding="utf-8"))
    pending = tomllib.loads(PENDING.read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as folder:
        observed = observe([*read_entries("mutants"), *read_entries("variants")], Path(folder))
        deceived = observe_deceptions(Path(folder) / "deceptive")
    REPORT.write_text(report(observed, gaps, deceptions_section(deceived, pending)), encoding="utf-8")
    missed = {one.entry.title for one in observed if one.missed}
    false = {one.entry.title for one in observed if one.false_alarms}
    wrong = (missed ^ set(gaps["missed"])) | (false ^ set(gaps["false_alarms"]))
    for title in sorted(wrong):
        sys.stderr.write(f"{title}: gaps.toml does not say so\n")
    passed_over = {one.deception.identifier for one in deceived if one.passed_over} ^ {*pending["passed_over"]}
    raised = {one.deception.identifier for one in deceived if one.false_alarm} ^ {*pending["false_alarms"]}
    for identifier in sorted(passed_over | raised):
        sys.stderr.write(f"{identifier}: {PENDING.name} does not say so\n")
    return 1 if wrong or passed_over or raised else 0


if __name__ == "__main__":
    sys.exit(main())
