"""`python -m tests.truth.behaviour [NAME…]`: defects that only running shows, each against the experiment of its criterion.

Each file of `behaviours/` changes the reference stack's behaviour. The table is `reports/measures/comportements.md`; what was
measured is kept, so that a run that was cut goes on: a measurement is taken again when its defect or its experiment has
changed, and `--all` takes every one again. `--minutes 30` begins none after that time.
"""

import argparse
import hashlib
import inspect
import json
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from audit.experiments import every_experiment
from audit.experiments.driver import DriverError
from audit.french.typography import NO_BREAK_SPACE
from audit.model.findings import Outcome
from checks.full_driver import FullDriver
from tests.acceptance.reference_copy import REPOSITORY, Edit, copy_reference
from tests.truth.entries import FOLDER

BEHAVIOURS = FOLDER / "behaviours"
MEASURED = FOLDER / "behaviours.json"
REPORT = REPOSITORY / "reports" / "measures" / "comportements.md"
SORTS = ("états", "temps", "contenus", "limites", "fautes")


@dataclass(frozen=True)
class Behaviour:
    """A defect: what it does (French), the criterion that it breaks, the experiment that must see it, and where it was looked for.

    `blind`: written from the requirement and the stack, by someone who had not read the experiment.
    """

    name: str
    why: str
    breaks: str
    experiment: str
    sort: str
    edits: tuple[Edit, ...]
    blind: bool = False


@dataclass(frozen=True)
class Measured:
    """What the experiment concluded of the criterion: an outcome, and its sentence. `of`: what the measurement depends on."""

    outcome: str
    told: str
    seconds: float
    of: str

    @property
    def seen(self) -> bool:
        return self.outcome == Outcome.DEFECT.value


def read_behaviours(folder: Path = BEHAVIOURS) -> list[Behaviour]:
    """Every file, in the order of the criteria.

    Raises:
        ValueError: for an experiment that does not bear on the criterion, or an unknown sort.

    """
    found = []
    for path in sorted(folder.glob("*.toml")):
        said: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
        edits = tuple(Edit(**edit) for edit in said.pop("edits"))
        found.append(Behaviour(path.stem, edits=edits, **said))
    by_id = {experiment.id: experiment for experiment in every_experiment()}
    for one in found:
        if one.sort not in SORTS or one.breaks not in by_id[one.experiment].requirements:
            raise ValueError(f"{one.name}: {one.experiment} does not bear on {one.breaks}, or {one.sort} is no sort")
    return sorted(found, key=lambda one: (one.breaks, one.name))


def depends_on(one: Behaviour) -> str:
    """A digest of the defect and of the experiment; a change of the stack, or of what drives it, asks for `--all`."""
    experiment = next(e for e in every_experiment() if e.id == one.experiment)
    source = inspect.getsource(sys.modules[experiment.run.__module__])
    return hashlib.sha256(f"{one!r}{source}".encode()).hexdigest()[:16]


def measure(one: Behaviour) -> Measured:
    """Play the experiment on a copy of the stack with the defect."""
    started, of = time.monotonic(), depends_on(one)
    experiment = next(e for e in every_experiment() if e.id == one.experiment)
    with tempfile.TemporaryDirectory(prefix="behaviour-") as folder:
        driver = FullDriver(copy_reference(Path(folder), *one.edits))
        try:
            driver.start()
            findings, _ = experiment.perform(driver)
        except DriverError as error:
            return Measured(Outcome.AUDIT_ERROR.value, str(error), time.monotonic() - started, of)
        finally:
            driver.stop()
    ours = [finding for finding in findings if one.breaks in finding.requirements]
    worst = next((f for f in ours if f.outcome is Outcome.DEFECT), ours[0])
    told = f"{worst.sentence} {worst.missing}".strip()
    return Measured(worst.outcome.value, told, round(time.monotonic() - started, 1), of)


def table(behaviours: Iterable[Behaviour], measured: Mapping[str, Measured]) -> str:
    """The report: recall by criterion, then every mutant (French)."""
    every = list(behaviours)
    lines = ["# Défauts de comportement et expériences", "", _introduction(every, measured), ""]
    lines += ["| Critère | Défauts | Joués | Vus | Rappel |", "|---|---|---|---|---|"]
    for criterion in sorted({one.breaks for one in every}, key=lambda c: [int(part) for part in c.split(".")]):
        own = [one for one in every if one.breaks == criterion]
        played = [measured[one.name] for one in own if one.name in measured]
        seen = sum(found.seen for found in played)
        recall = f"{100 * seen // len(played)}{NO_BREAK_SPACE}%" if played else "non mesuré"
        lines.append(f"| {criterion} | {len(own)} | {len(played)} | {seen} | {recall} |")
    lines += ["", "| Défaut | Critère | Expérience | Sorte | Ce qu'elle conclut |", "|---|---|---|---|---|"]
    for one in every:
        found = measured.get(one.name)
        said = f"{found.outcome}{NO_BREAK_SPACE}: {found.told}" if found else "pas joué"
        row = (one.why, one.breaks, f"`{one.experiment}`", one.sort, said.replace("|", "\\|").replace("\n", " "))
        lines.append(f"| {' | '.join(row)} |")
    return "\n".join(lines) + "\n"


def _introduction(every: list[Behaviour], measured: Mapping[str, Measured]) -> str:
    played = [one for one in every if one.name in measured]
    seen = sum(measured[one.name].seen for one in played)
    return (
        f"{len(every)} défauts semés dans la pile de référence, {len(played)} joués, {seen} vus. {sum(one.blind for one in every)} viennent de "
        "quelqu'un qui n'avait lu que les exigences et la pile, les autres de quelqu'un qui a lu les expériences ; celles-ci ont été corrigées depuis "
        "pour voir ce qu'elles manquaient. "
        "Un défaut est vu quand l'expérience de son critère conclut par un défaut. "
        "`python -m tests.truth.behaviour` refait ce tableau."
    )


def _remembered() -> dict[str, Measured]:
    if not MEASURED.exists():
        return {}
    return {name: Measured(**kept) for name, kept in json.loads(MEASURED.read_text(encoding="utf-8")).items()}


def main(arguments: list[str] | None = None) -> int:
    """Measure what is to be measured; 1 when a mutant that was played was not seen."""
    parser = argparse.ArgumentParser(prog="python -m tests.truth.behaviour", description=__doc__)
    parser.add_argument(
        "names", nargs="*", help="mutants to play, whatever is remembered of them; all the others when none"
    )
    parser.add_argument("--all", action="store_true", help="play those that are remembered too")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="begin no mutant after that time")
    options = parser.parse_args(arguments)
    every, measured, ends_at = read_behaviours(), _remembered(), time.monotonic() + 60 * options.minutes
    for one in every:
        fresh = not options.all and one.name in measured and measured[one.name].of == depends_on(one)
        if one.name not in options.names if options.names else fresh:
            continue
        if time.monotonic() > ends_at:
            break
        measured[one.name] = measure(one)
        sys.stderr.write(
            f"{one.breaks} {one.name}: {measured[one.name].outcome} ({measured[one.name].seconds:.0f} s)\n"
        )
        kept = {name: asdict(measured[name]) for name in sorted(measured) if name in {o.name for o in every}}
        MEASURED.write_text(json.dumps(kept, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        REPORT.write_text(table(every, measured), encoding="utf-8")
    return int(any(not measured[one.name].seen for one in every if one.name in measured))


if __name__ == "__main__":
    sys.exit(main())
