"""`python -m tests.benchmarks --only source`: an audit at level source as a whole process, beside `celery-audit`, and how it grows."""

import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tests.benchmarks import first_finding
from tests.benchmarks.cost import Cost, cost
from tests.benchmarks.figures import Row, ratio, series
from tests.benchmarks.sections import put_section
from tests.benchmarks.trees import write_files, write_tree

REPOSITORY = Path(__file__).parents[2]
TITLE = "Audit au niveau source"
PEER = "celery-audit==0.1.0"
MOST_MEGABYTES = 300
MOST_GROWTH = 1.2
MOST_PARSINGS = 5
# Smaller trees are dominated by what starting takes.
LARGE = 100_000


@dataclass(frozen=True)
class Scale:
    """Lines of three trees, the smallest first, files of a tree of small ones, and how often each is measured."""

    lines: tuple[int, int, int]
    files: int
    rounds: int
    large_rounds: int


FULL = Scale((12_000, 75_000, 300_000), 10_000, 5, 3)
QUICK = Scale((1_000, 2_000, 3_000), 100, 1, 1)


def _installed(folder: Path, *what: str) -> Path:
    """The programs of an environment where pip installed this, and compiled it, as it does for whoever installs it."""
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    subprocess.run([str(folder / "bin" / "pip"), "install", "--quiet", *what], check=True)
    return folder / "bin"


def _ours(programs: Path, out: Path) -> list[str]:
    return [str(programs / "audit"), "run", ".", "--level", "source", "--quiet", "--out", str(out)]


def _side_by_side(tree: Path, lines: int, peer: Sequence[str], ours: Sequence[str], rounds: int) -> list[Row]:
    theirs, own = [], []
    for _ in range(rounds):
        theirs.append(cost(peer, tree))
        own.append(cost(ours, tree))
    what = f"audit d'un arbre de {lines} lignes, processus entier"
    return [
        _compared(f"{what}, durée (s)", theirs, own, lambda c: c.seconds, 2, 1.0),
        _compared(f"{what}, processeur (s)", theirs, own, lambda c: c.processor, 2, None),
        _compared(f"{what}, mémoire (Mo)", theirs, own, lambda c: c.megabytes, 0, None),
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


def growth(costs: Sequence[Sequence[Cost]], lines: Sequence[int]) -> list[Row]:
    """What a further line takes in the largest of three trees over what it takes in the middle one, and the memory.

    `costs` has a series for each tree, the smallest first: differences leave out what starting takes.
    """
    small, middle, large = (series([c.processor for c in of_tree]) for of_tree in costs)
    first, second = lines[1] - lines[0], lines[2] - lines[1]
    before = series([(b - a) / first * 1e6 for a, b in zip(small.values, middle.values, strict=True)])
    after = series([(b - a) / second * 1e6 for a, b in zip(middle.values, large.values, strict=True)])
    slope, memory = ratio(after, before), series([c.megabytes for c in costs[-1]])
    rows = [_size(f"{n} lignes", of_tree) for n, of_tree in zip(lines, costs, strict=True)]
    what = f"processeur par ligne de plus (µs), de {lines[1]} à {lines[2]} lignes contre de {lines[0]} à {lines[1]}"
    within = slope.median <= MOST_GROWTH
    rows.append(Row(what, before.text(0), after.text(0), slope.text(2), f"≤ {MOST_GROWTH}", within))
    fits = memory.median < MOST_MEGABYTES
    rows.append(Row(f"mémoire à {lines[2]} lignes (Mo)", "", memory.text(0), "", f"< {MOST_MEGABYTES}", fits))
    return rows


def work_growth(calls: Sequence[int], characters: Sequence[int], lines: Sequence[int]) -> list[Row]:
    """Function calls and characters parsed for a further line, in the same two steps of size; exact, whatever the machine does."""
    where = f"par ligne de plus, de {lines[1]} à {lines[2]} lignes contre de {lines[0]} à {lines[1]}"
    rows = []
    for what, counts in (("appels de fonctions", calls), ("caractères analysés", characters)):
        before, after = ((counts[at + 1] - counts[at]) / (lines[at + 1] - lines[at]) for at in (0, 1))
        rows.append(Row(f"{what} {where}", f"{before:.1f}", f"{after:.1f}", f"{after / before:.2f}", "", None))
    return rows


def beside_parsing(what: str, lines: int, parsed: Sequence[Cost], audited: Sequence[Cost]) -> list[Row]:
    """The audit of a tree over what `ast.parse` takes of the whole of it, in processor, round by round; and the memory."""
    bare, ours = (series([c.processor for c in costs]) for costs in (parsed, audited))
    quotient, memory, judged = ratio(ours, bare), series([c.megabytes for c in audited]), lines > LARGE
    ratio_met = quotient.median <= MOST_PARSINGS if judged else None
    target = f"≤ {MOST_PARSINGS}" if judged else ""
    told = f"audit / `ast.parse` de tout l'arbre, {what} ({lines} lignes), processeur (s)"
    fits = memory.median < MOST_MEGABYTES if judged else None
    size = Row(f"mémoire, {what} (Mo)", "", memory.text(0), "", f"< {MOST_MEGABYTES}" if judged else "", fits)
    return [Row(told, bare.text(2), ours.text(1), quotient.text(1), target, ratio_met), size]


def _beside_parsing(what: str, tree: Path, programs: Path, ours: Sequence[str], rounds: int) -> list[Row]:
    """Both processes in turn, so that neighbours share the same machine."""
    parser = [str(programs / "python"), "-I", str(Path(__file__).with_name("parsing.py")), "."]
    lines = int(subprocess.run(parser, cwd=tree, capture_output=True, text=True, check=True).stdout)
    costs = [(cost(parser, tree), cost(ours, tree)) for _ in range(rounds)]
    parsed, audited = zip(*costs, strict=True)
    return beside_parsing(what, lines, parsed, audited)


def _worked(programs: Path, tree: Path, out: Path) -> tuple[int, int]:
    """Function calls and characters parsed by one audit."""
    counted = [str(programs / "python"), "-P", str(Path(__file__).with_name("work.py")), *_ours(programs, out)[1:]]
    told = subprocess.run(counted, cwd=tree, capture_output=True, text=True, check=True).stdout.split()
    return int(told[-2]), int(told[-1])


def _size(what: str, costs: Sequence[Cost]) -> Row:
    megabytes = series([c.megabytes for c in costs]).text(0)
    return Row(f"{what}, processeur (s)", "", series([c.processor for c in costs]).text(1), f"{megabytes} Mo", "", None)


def measure(scale: Scale, tell: Callable[[str], None]) -> list[Row]:
    """Every row, on trees made for the occasion; progress goes to `tell`."""
    with tempfile.TemporaryDirectory(prefix="audit-bench-") as folder:
        base = Path(folder)
        trees = [base / f"tree-{at}" for at in range(len(scale.lines))]
        lines = [write_tree(tree, size) for tree, size in zip(trees, scale.lines, strict=True)]
        write_files(base / "files", scale.files)
        tell("installing both programs …")
        peer = [str(_installed(base / "peer", PEER) / "celery-audit"), "--config", "shop/celeryconfig.py", "."]
        programs = _installed(base / "ours", "-c", str(REPOSITORY / "requirements.lock"), str(REPOSITORY))
        ours = _ours(programs, base / "out")
        # Before any other run: nothing has warmed what was just installed.
        rows = list(first_finding.measure(programs, base))
        rows += _side_by_side(trees[0], lines[0], peer, ours, scale.rounds)
        tell("side by side: done")
        rows += _beside_parsing("arbre écrit pour l'occasion", trees[-1], programs, ours, scale.large_rounds)
        for stranger, tree in first_finding.trees(base):
            rows += _beside_parsing(f"`{stranger.requirement}`", tree, programs, ours, scale.large_rounds)
        tell("beside ast.parse: done")
        costs = [[cost(ours, tree) for tree in trees] for _ in range(scale.large_rounds)]
        rows += growth(list(zip(*costs, strict=True)), lines)
        calls, characters = zip(*[_worked(programs, tree, base / "out") for tree in trees], strict=True)
        rows += work_growth(calls, characters, lines)
        rows.append(_size(f"{scale.files} fichiers", [cost(ours, base / "files") for _ in range(scale.large_rounds)]))
    return rows


def write_section(path: Path, command: str, tell: Callable[[str], None], *, quick: bool) -> None:
    """Measure, and put the section in its place."""
    rows = measure(QUICK if quick else FULL, tell)
    put_section(path, TITLE, _section(rows, command))
    for row in rows:
        tell(row.line)


def _section(rows: Sequence[Row], command: str) -> str:
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    return (
        f"Écrit par `{command}` le {datetime.now(UTC):%Y-%m-%d à %H:%M} UTC. Le témoin est `{PEER}`. Chacun est seul dans un "
        "environnement où `pip install` l'a mis et compilé ; ils lisent le même arbre (`tests/benchmarks/trees.py`), avec le même "
        "fichier de réglages. Les deux processus alternent, et le rapport est celui de tours voisins. Notre processus écrit aussi "
        "le rapport et le journal. Les appels de fonctions et les caractères que `ast` analyse sont comptés, non mesurés : ils disent "
        "si le travail par ligne croît, quand le temps de processeur dépend aussi de ce que la machine fait d'autre.\n\n"
        "| mesure | témoin | audit | rapport | cible | atteinte |\n|---|---|---|---|---|---|\n"
        + "\n".join(row.line for row in rows)
        + f"\n\n{os.cpu_count()} processeurs ({platform.machine()}), Python {platform.python_version()}, charge à la fin "
        f"(1, 5, 15 min) : {load}.\n"
    )
