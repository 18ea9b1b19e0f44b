"""`python -m tests.benchmarks --only canary`: the whole canary by its command on each small project of its tests, start to report."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from tests.benchmarks.figures import Row
from tests.benchmarks.sections import put_section

TITLE = "Le canari, du lancement au rapport"
TARGETS = Path(__file__).parents[1] / "targets"
MOST_SECONDS = 120


def measure(tell: Callable[[str], None], projects: str = "canari-*") -> list[Row]:
    """A row for each project, on a copy of it; raises RuntimeError where the command fails by itself (exit code over 3)."""
    rows = []
    with tempfile.TemporaryDirectory(prefix="audit-canary-") as folder:
        for project in sorted(TARGETS.glob(projects)):
            root = shutil.copytree(project, Path(folder) / project.name)
            command = [sys.executable, "-m", "audit", "run", str(root), "--level", "execution", "--yes", "--out", "out"]
            began = time.monotonic()
            ended = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
            seconds = time.monotonic() - began
            if ended.returncode > 3:
                raise RuntimeError(f"{project.name}: exit {ended.returncode}: {ended.stderr}")
            played = sum(line.startswith("Playing ") for line in ended.stdout.splitlines() + ended.stderr.splitlines())
            fits = seconds <= MOST_SECONDS
            rows.append(Row(f"`{project.name}` (s)", f"{played}", f"{seconds:.0f}", "", f"≤ {MOST_SECONDS}", fits))
            tell(rows[-1].line)
    return rows


def write_section(path: Path, command: str, tell: Callable[[str], None]) -> None:
    """Measure, and put the section in its place."""
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    rows = measure(tell)
    put_section(
        path,
        TITLE,
        f"Écrit par `{command}` le {datetime.now(UTC):%Y-%m-%d à %H:%M} UTC : `audit run PROJET --level execution`, un tour chacun. "
        "Un projet qui ne s'importe pas n'a rien à jouer.\n\n"
        "| projet | scénarios joués | durée | rapport | cible | atteinte |\n|---|---|---|---|---|---|\n"
        + "\n".join(row.line for row in rows)
        + f"\n\n{os.cpu_count()} processeurs, charge au début (1, 5, 15 min) : {load}.\n",
    )
