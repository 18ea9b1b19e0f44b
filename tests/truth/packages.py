"""`python -m tests.truth.packages CELERY_AUDIT FOLDER NAME[=CONFIG[=NAMESPACE]]…`: a Markdown table, both audits side by side.

FOLDER holds unpacked packages of PyPI; CELERY_AUDIT is the peer's executable, which has to be told where the settings are.
"""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

from audit.command.run_setup import prepare
from tests.truth.measurement import ALARMS


def ours(root: Path) -> Counter[str]:
    """Findings that are alarms, by rule; a finding may name several places."""
    examination = prepare(root, "strict", "source")
    found = [finding for findings in examination.rule_findings.values() for finding in findings]
    return Counter(finding.rule for finding in found if finding.outcome in ALARMS)


def theirs(executable: str, root: Path, config: str, namespace: str) -> Counter[str]:
    """Findings of the peer by rule, suggestions included."""
    named = ("--settings-namespace", namespace) if namespace else ()
    command = (executable, str(root), "--config", str(root / config), *named, "--format", "json")
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    return Counter(finding["rule_id"] for finding in json.loads(run.stdout)["findings"])


def main(executable: str, folder: str, *packages: str) -> None:
    """Print the table."""
    rows = ["| paquet | cet audit | `celery-audit` 0.1.0 |", "|---|---|---|"]
    for package in packages:
        name, config, namespace = (*package.split("="), "", "")[:3]
        root = Path(folder) / name
        peer = _told(theirs(executable, root, config, namespace)) if config else "refuse : aucun module de réglages"
        rows.append(f"| {name} | {_told(ours(root))} | {peer} |")
    sys.stdout.write("\n".join(rows) + "\n")


def _told(counts: Counter[str]) -> str:
    return ", ".join(f"`{rule}` {count}" for rule, count in sorted(counts.items())) or "rien"


if __name__ == "__main__":
    main(*sys.argv[1:])
