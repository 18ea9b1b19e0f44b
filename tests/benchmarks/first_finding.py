"""From one install and one command to the first true finding on projects of PyPI that nobody here wrote."""

import json
import subprocess
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.cost import cost
from tests.benchmarks.figures import Row, series

MOST_SECONDS = 10


@dataclass(frozen=True)
class Stranger:
    """A package at one release, and a rule whose finding there was judged true (`tests/truth/judgements/10-paquets.md`)."""

    requirement: str
    rule: str


STRANGERS = (
    Stranger("django-celery-beat==2.9.0", "deprecations"),
    Stranger("pretix==2026.8.0", "reject-on-worker-lost"),
)


def measure(programs: Path, base: Path) -> Iterator[Row]:
    """The first run on each, by the `audit` of `programs`, that no run has warmed; it ends with the report written."""
    for stranger, tree in trees(base):
        out = tree.with_name(f"{tree.name}-out")
        _unpack(programs, stranger.requirement, tree)
        taken = cost([str(programs / "audit"), "run", ".", "--level", "source", "--out", str(out)], tree)
        what = f"première commande après l'installation, sur `{stranger.requirement}` : durée (s) jusqu'au rapport, où `{stranger.rule}` est un constat vrai"
        found = stranger.rule in _defects(out)
        met = found and taken.seconds < MOST_SECONDS
        result = series([taken.seconds]).text(1) if found else "constat absent"
        yield Row(what, "", result, "", f"< {MOST_SECONDS}", met)


def trees(base: Path) -> Iterator[tuple[Stranger, Path]]:
    """Where each is unpacked."""
    return ((stranger, base / f"stranger-{number}") for number, stranger in enumerate(STRANGERS))


def _unpack(programs: Path, requirement: str, tree: Path) -> None:
    wheels = tree.with_name(f"{tree.name}-wheel")
    pip = [str(programs / "pip"), "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    subprocess.run([*pip, "--dest", str(wheels), requirement], check=True)
    (wheel,) = wheels.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tree)


def _defects(out: Path) -> set[str]:
    """Rules to which the report gives a problem."""
    (path,) = out.glob("*.json")
    return {problem["rule"] for problem in json.loads(path.read_text(encoding="utf-8"))["problems"]}
