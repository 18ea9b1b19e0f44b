"""`python -m tests.benchmarks.source_level`: an audit at level source as a whole process, beside `celery-audit`, and how it grows."""

import os
import platform
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from tests.benchmarks.figures import Row, Series, ratio, series
from tests.benchmarks.sections import put_section
from tests.benchmarks.trees import write_tree

REPORT = Path("reports/measures/benchmarks.md")
TITLE = "Audit au niveau source"
PEER = "celery-audit==0.1.0"
MOST_MEGABYTES = 300


@dataclass(frozen=True)
class Cost:
    """What one process took, from its start to its end: seconds by the clock, seconds of processor, megabytes at most."""

    seconds: float
    processor: float
    megabytes: float


def cost(command: Sequence[str], cwd: Path) -> Cost:
    """Run a command to its end. Its exit code says what it found, not whether it ran: 2 and above is an error."""
    started = time.perf_counter()
    with subprocess.Popen(command, cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in {0, 1}:
        msg = f"{command}: exit {process.returncode}"
        raise RuntimeError(msg)
    return Cost(time.perf_counter() - started, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def _peer(folder: Path) -> Path:
    """The peer, alone in an environment of its own."""
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    subprocess.run([str(folder / "bin" / "pip"), "install", "--quiet", PEER], check=True)
    return folder / "bin" / "celery-audit"


def _ours(out: Path) -> list[str]:
    program = Path(sys.executable).with_name("audit")
    return [str(program), "run", ".", "--level", "source", "--quiet", "--out", str(out)]


def _side_by_side(tree: Path, lines: int, peer: Path, out: Path, rounds: int) -> list[Row]:
    theirs, ours = [], []
    for _ in range(rounds):
        theirs.append(cost([str(peer), "--config", "shop/celeryconfig.py", "."], tree))
        ours.append(cost(_ours(out), tree))
    what = f"audit d'un arbre de {lines} lignes, processus entier"
    return [
        _compared(f"{what}, durée (s)", theirs, ours, lambda c: c.seconds, 2, 1.0),
        _compared(f"{what}, processeur (s)", theirs, ours, lambda c: c.processor, 2, None),
        _compared(f"{what}, mémoire (Mo)", theirs, ours, lambda c: c.megabytes, 0, None),
    ]


def _compared(
    what: str,
    theirs: Sequence[Cost],
    ours: Sequence[Cost],
    of: Callable[[Cost], float],
    digits: int,
    most: float | None,
) -> Row:
    one, other = series([of(c) for c in theirs]), series([of(c) for c in ours])
    quotient = ratio(other, one)
    met = None if most is None else quotient.median <= most
    target = "" if most is None else f"≤ {most:g}"
    return Row(what, one.text(digits), other.text(digits), quotient.text(2), target, met)


def _growth(trees: Sequence[tuple[Path, int]], out: Path, rounds: int) -> list[Row]:
    """Processor time for each line of the largest tree over that of the tree before it, and the memory of the largest."""
    costs = [[cost(_ours(out), tree) for tree, _ in trees] for _ in range(rounds)]
    per_line = [series([done[at].processor / lines * 1e6 for done in costs]) for at, (_, lines) in enumerate(trees)]
    memory: Series = series([done[-1].megabytes for done in costs])
    small, large = trees[-2][1], trees[-1][1]
    slope = ratio(per_line[-1], per_line[-2])
    what = f"processeur par ligne (µs), {large} lignes contre {small}"
    return [
        Row(what, per_line[-2].text(0), per_line[-1].text(0), slope.text(2), "≤ 1.2", slope.median <= 1.2),
        Row(
            f"mémoire à {large} lignes (Mo)",
            "",
            memory.text(0),
            "",
            f"< {MOST_MEGABYTES}",
            memory.median < MOST_MEGABYTES,
        ),
    ]


def _section(rows: Sequence[Row]) -> str:
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    return (
        f"Écrit par `{shlex.join(['python', '-m', 'tests.benchmarks.source_level', *sys.argv[1:]])}` le {datetime.now(UTC):%Y-%m-%d à %H:%M} UTC. Le témoin est "
        f"`{PEER}`, seul dans son environnement, sur le même arbre (`tests/benchmarks/trees.py`) et avec le même fichier de "
        "réglages ; les deux processus alternent, et le rapport est celui de tours voisins. Notre processus écrit aussi le "
        "rapport et le journal.\n\n"
        "| mesure | témoin | audit | rapport | cible | atteinte |\n|---|---|---|---|---|---|\n"
        + "\n".join(row.line for row in rows)
        + f"\n\n{os.cpu_count()} processeurs ({platform.machine()}), Python {platform.python_version()}, charge à la fin "
        f"(1, 5, 15 min) : {load}.\n"
    )


def main(
    quick: Annotated[bool, typer.Option("--quick", help="Small trees and one round: shows that it runs.")] = False,
    largest: Annotated[int, typer.Option(help="Lines of the largest tree; the one before it has a fifth.")] = 300_000,
    out: Annotated[Path, typer.Option(help="The Markdown file that holds the section.")] = REPORT,
) -> None:
    """Measure, and put the section in its place."""
    sizes = (1_000, 2_000, 3_000) if quick else (12_000, largest // 5, largest)
    with tempfile.TemporaryDirectory(prefix="audit-bench-") as folder:
        base = Path(folder)
        trees = [(base / f"tree-{at}", write_tree(base / f"tree-{at}", size)) for at, size in enumerate(sizes)]
        peer = _peer(base / "peer")
        rows = _side_by_side(*trees[0], peer, base / "out", 1 if quick else 3)
        rows += _growth(trees[1:], base / "out", 1)
    put_section(out, TITLE, _section(rows))
    for row in rows:
        typer.echo(row.line)


if __name__ == "__main__":
    typer.run(main)
