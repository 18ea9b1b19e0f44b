"""`audit fire` and `audit soak`: the laboratory on the target's own stack, and the journal it leaves."""

import gc
import os
import platform
import random
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from audit.command.audit_run import command_line
from audit.command.help_text import examples
from audit.command.laboratory_record import LaboratoryFiles, save
from audit.command.output_files import OutputError, writable
from audit.command.session_checks import checked
from audit.command.sigterm import stopped_cleanly
from audit.command.terminal import complain, say
from audit.experiments.driver import DriverError, load_driver
from audit.experiments.evidence_files import EvidenceFileError
from audit.experiments.laboratory.fault_driver import FaultDriver
from audit.experiments.laboratory.laboratory_session import FIRE, SOAK, Outcome, Plan, Size, document, planned, run
from audit.experiments.laboratory.schedule_run import Patience
from audit.experiments.laboratory.schedules import ScheduleError, Step, read, shrunk, written
from audit.target.target_file import Target, TargetError, load_target

FINE, WRONG, USAGE, INCONCLUSIVE = 0, 1, 2, 3
# Of two conclusions about one session, the later of these is its exit code.
_ORDER = (FINE, INCONCLUSIVE, WRONG)
EPILOG = (
    "Exit codes: 0 every fault struck and nothing was lost, sent twice or unexpected; 1 something was; 2 bad usage; "
    "3 a fault did not strike, sends stayed open, or the stack could not be driven."
)
_MINUTE = 60.0
_TargetPath = Annotated[Path, typer.Argument(help="A project directory, or its audit.toml or pyproject.toml.")]
_Seed = Annotated[
    int | None, typer.Option(min=0, help="Decides the order and the draws; printed, drawn when not given.")
]
_Out = Annotated[Path, typer.Option(help="Directory of the journal, its summary and its drawing.")]


def fire(  # noqa: PLR0917  typer reads them by name
    target: _TargetPath = Path(),
    seed: _Seed = None,
    schedule: Annotated[str, typer.Option(help="Play these instead: `fault[:sends],…`.")] = "",
    draw: Annotated[int, typer.Option(min=0, max=1000, help="Faults drawn at random besides.")] = 0,
    shrink: Annotated[
        bool, typer.Option(help="When something goes wrong, search the smallest schedule that still does.")
    ] = False,
    out: _Out = Path("reports/measures"),
) -> None:
    """Every crash point and every class of fault once, on the stack that the target's driver starts."""
    with _exits():
        chosen = random.SystemRandom().randrange(10**6) if seed is None else seed
        size = Size(FIRE.name, FIRE.points, FIRE.classes, draw, FIRE.contacts, 0, 0.0)
        plan = Plan(read(schedule)) if schedule else planned(size, chosen)
        session = _Session(load_target(target), size, chosen, out, None)
        code = session.play(plan)
        if code == WRONG and shrink:
            say(f"the smallest schedule that fails: {written(shrunk(plan.steps, session.fails))}")
    raise typer.Exit(code)


def soak(
    target: _TargetPath = Path(),
    seed: _Seed = None,
    minutes: Annotated[float, typer.Option(min=1, max=600, help="No further fault is played after that.")] = 50.0,
    out: _Out = Path("reports/measures"),
) -> None:
    """Every crash point ten times, every class four times, a hundred faults at random, then the service's availability."""
    with _exits():
        chosen = random.SystemRandom().randrange(10**6) if seed is None else seed
        code = _Session(load_target(target), SOAK, chosen, out, minutes).play(planned(SOAK, chosen))
    raise typer.Exit(code)


@contextmanager
def _exits() -> Iterator[None]:
    """The exit codes of what can go wrong outside of the stack, and inside of its driver."""
    try:
        with stopped_cleanly():
            yield
    except (TargetError, OutputError, ScheduleError) as error:
        complain(str(error))
        raise typer.Exit(USAGE) from error
    except (DriverError, KeyboardInterrupt) as error:
        complain(str(error) or "interrupted: no journal is written")
        raise typer.Exit(INCONCLUSIVE) from error


class _Session:
    """One session of the command line."""

    def __init__(self, target: Target, size: Size, seed: int, out: Path, minutes: float | None) -> None:
        self._target, self._size, self._seed, self._out = target, size, seed, out
        self._minutes = minutes

    def play(self, plan: Plan) -> int:
        """Play the plan and write what it left; the exit code."""
        writable(self._out)
        # The command starts without it (`__main__.py`); a session may last an hour.
        gc.enable()
        files = LaboratoryFiles(self._target)
        say(f"seed {self._seed}; {len(plan.steps)} faults")
        with running(self._target) as driver:
            files.add_witnesses(driver.witnesses())
            conditions = tuple(driver.conditions())
            until = None if self._minutes is None else time.time() + self._minutes * _MINUTE
            outcome = run(driver, plan, self._size, lambda step: say(step, dim=True), Patience(until=until))
        about = files.about(command_line(), _host(), conditions)
        journal = document(outcome, plan, self._size, self._seed, about)
        path = save(journal, outcome.history, self._out, self._size.name)
        say(f"Journal: {path}")
        if not files.unchanged:
            complain("the audited tree changed during the session: the journal bears no digest of it")
        if not files.same_judge:
            complain("the harness or a witness changed during the session: the journal bears no digest of it")
        return max(told(outcome, journal), _read_back(path), key=_ORDER.index)

    def fails(self, steps: Sequence[Step]) -> bool:
        """Whether these steps, on a fresh stack, lose or send twice something."""
        say(f"trying {len(steps)} faults: {written(steps)}", dim=True)
        with running(self._target) as driver:
            return bool(run(driver, Plan(tuple(steps)), self._size).result.wrongs)


def _read_back(path: Path) -> int:
    """The exit code of a journal that its own readers take or not: it is written from the ledger that they count again."""
    try:
        soak = checked(path)
    except EvidenceFileError as error:
        complain(str(error))
        return INCONCLUSIVE
    say(f"Counted again from {soak.document['ledger']['file']}: the same")
    return FINE


def _host() -> str:
    return f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPU"


def told(outcome: Outcome, journal: Mapping[str, Any]) -> int:
    """Print the conclusion; the exit code."""
    sends = journal["sends"]
    hits = sum(s["struck"] for s in journal["strikes"])
    say(
        f"{hits} faults struck out of {len(journal['strikes'])}; {sends['accepted']} sends accepted of {sends['expected']} expected"
    )
    wrongs = outcome.result.wrongs
    for name, keys in wrongs.items():
        complain(f"{name}: {len(keys)} ({', '.join(keys[:10])})")
    if wrongs:
        return WRONG
    if outcome.cut_short:
        complain(f"cut short: {outcome.cut_short}")
    unplayed = len(read(journal["schedule"])) - len(journal["strikes"])
    if unplayed:
        complain(f"{unplayed} faults of the schedule were not played to their end: the time was over")
    missed = [s for s in journal["strikes"] if not s["struck"]]
    for strike in missed:
        complain(f"{strike['fault']} did not strike: {strike['why']}")
    if (
        outcome.cut_short
        or unplayed
        or missed
        or not journal["strikes"]
        or not journal["settled"]
        or sends["uncertain"]
    ):
        complain("inconclusive: something was not played, did not strike, or was still open at the end")
        return INCONCLUSIVE
    say("nothing lost, nothing sent twice, nothing unexpected")
    return FINE


def register(app: typer.Typer) -> None:
    """Add the two commands."""
    shown = examples("audit fire . --seed 7", "audit fire . --schedule 'kill-main:12,kill-child' --shrink")
    app.command("fire", short_help="Play every fault once, in minutes.", epilog=shown + EPILOG)(fire)
    shown = examples("audit soak . --seed 7 --minutes 50")
    app.command("soak", short_help="Play faults for an hour, for criterion 8.4.", epilog=shown + EPILOG)(soak)


@contextmanager
def running(target: Target) -> Iterator[FaultDriver]:
    """The stack, started and always stopped.

    Raises TargetError when the target names no fault driver, DriverError when it does not load or start.
    """
    if not target.fault_driver:
        raise TargetError(
            f"{target.name}: the target file names no `target.fault_driver` (audit.experiments.laboratory.fault_driver)"
        )
    driver = load_driver(target.fault_driver, target.root)
    if not isinstance(driver, FaultDriver):
        raise DriverError(f"`{target.fault_driver}` n'a pas toutes les méthodes de `FaultDriver`")
    say(f"Starting the stack with {target.fault_driver}", dim=True)
    try:
        driver.start()
        yield driver
    finally:
        driver.stop()
