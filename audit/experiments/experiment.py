"""An experiment: a scenario on a running stack that ends in findings, with the record they rest on."""

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from audit.experiments.driver import Driver, DriverError
from audit.experiments.evidence_files import Dossier
from audit.model.findings import Evidence, Finding, Level, Outcome
from audit.requirements.question import Question


@dataclass(frozen=True)
class Blow:
    """One fault of an experiment: French title, sends or webhooks in flight (None: not counted), seconds until work resumed (None: not timed)."""

    title: str
    in_flight: int | None
    recovery: float | None = None


class WorkerGoneError(Exception):
    """The worker that an experiment killed is not back: nothing more can be seen of it. `finding` says so, of 8.5."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.sentence)
        self.finding = finding


@dataclass
class Record:
    """What happened, as it happens: figures for the report and a timeline (seconds since the start, French sentence).

    `worker_gone`: the worker that was killed is not back, and later experiments would blame something else for it.
    `losses` counts what the whole experiment lost, did twice, and left uncertain, under all its `blows`; None where it does
    not count.
    """

    started: float = field(default_factory=time.monotonic)
    figures: list[tuple[str, str]] = field(default_factory=list)
    timeline: list[tuple[float, str]] = field(default_factory=list)
    blows: list[Blow] = field(default_factory=list)
    losses: tuple[int, int, int | None] | None = None
    worker_gone: bool = False

    def note(self, event: str) -> None:
        """Add an event to the timeline."""
        self.timeline.append((round(time.monotonic() - self.started, 3), event))

    def figure(self, label: str, value: object) -> None:
        """Add a measured figure, already in French."""
        self.figures.append((label, str(value)))

    def blow(self, title: str, in_flight: int | None, recovery: float | None = None) -> None:
        """Add a fault that struck."""
        self.blows.append(Blow(title, in_flight, recovery))

    def evidence(self, source: str) -> Evidence:
        """Evidence at level execution, bound to everything recorded."""
        text = json.dumps([self.figures, self.timeline], ensure_ascii=False)
        digest = hashlib.sha256(text.encode()).hexdigest()
        return Evidence(Level.EXECUTION, source, digest, values=tuple(self.figures))


@dataclass(frozen=True)
class Experiment(Question):
    """A scenario. `run` plays it and returns its findings; `requirements` are the criteria it bears on.

    `ability` is the protocol of `audit.experiments.abilities` that the driver must follow for it, None when `Driver` is
    enough. A finding that names its own requirements keeps them; the others bear on all of the experiment's.
    """

    run: Callable[[Any, Record], Sequence[Finding]]
    ability: type[Any] | None = None
    category: str = field(default="Preuves par l'Exécution", kw_only=True)
    decides: tuple[str, ...] | None = field(default=None, kw_only=True)

    def perform(self, driver: Driver) -> tuple[tuple[Finding, ...], Record]:
        """Findings and record. What the driver cannot do is « indéterminé »; anything else that breaks is an audit error."""
        record = Record()
        try:
            self._check_ability(driver)
            found: Sequence[Finding] = self.run(driver, record)
        except DriverError as error:
            found = [Finding(Outcome.UNDETERMINED, self.title, missing=str(error))]
        except WorkerGoneError as error:
            record.worker_gone = True
            missing = "non joué jusqu'au bout : le worker qui a été tué n'est pas revenu"
            found = [error.finding, Finding(Outcome.UNDETERMINED, self.title, missing=missing)]
        except Exception as error:  # noqa: BLE001  one broken experiment must not hide the others, nor pass
            found = [
                Finding(Outcome.AUDIT_ERROR, f"l'expérience `{self.id}` a échoué ({type(error).__name__} : {error})")
            ]
        return tuple(self.bind(f) for f in found), record

    def _check_ability(self, driver: Driver) -> None:
        if self.ability is None:
            return
        lacking = [name for name in dir(self.ability) if not name.startswith("_") and not hasattr(driver, name)]
        if lacking:
            what = f"`audit.experiments.abilities.{self.ability.__name__}`"
            msg = f"le pilote de la cible n'a pas, de {what} : {', '.join(f'`{name}`' for name in lacking)}"
            raise DriverError(msg)

    def bind(self, finding: Finding) -> Finding:
        """The finding under this experiment's name, held to level execution."""
        requirements = finding.requirements or self.requirements
        return replace(finding, rule=self.id, requirements=requirements, needs=Level.EXECUTION)


@dataclass(frozen=True)
class Appraisal(Question):
    """The judgement of evidence measured elsewhere: no process is needed, and only level measurement establishes it."""

    appraise: Callable[[Dossier, Record], Sequence[Finding]]
    category: str = field(default="Disponibilité Mesurée", kw_only=True)
    decides: tuple[str, ...] | None = field(default=None, kw_only=True)

    def perform(self, dossier: Dossier) -> tuple[tuple[Finding, ...], Record]:
        """Findings and record; whatever breaks is an audit error."""
        record = Record()
        try:
            found: Sequence[Finding] = self.appraise(dossier, record)
        except Exception as error:  # noqa: BLE001  what one file does must not hide the rest, nor pass
            found = [Finding(Outcome.AUDIT_ERROR, f"`{self.id}` a échoué ({type(error).__name__} : {error})")]
        return tuple(self.bind(f) for f in found), record

    def bind(self, finding: Finding) -> Finding:
        """The finding under this appraisal's name, held to level measurement."""
        return replace(finding, rule=self.id, requirements=self.requirements, needs=Level.MEASUREMENT)
