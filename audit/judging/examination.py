"""One audit of one target: probes read once, rules evaluated once, experiments run once."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain
from pathlib import Path

from audit.experiments import Appraisal, Experiment, every_appraisal, every_experiment
from audit.experiments.canary import Canary, CanaryQuestion
from audit.experiments.canary.canary_run import Flight
from audit.experiments.cluster.observed_flight import observed_flight
from audit.experiments.driver import Driver, DriverError, KnownLimits, load_driver
from audit.experiments.evidence_files import Dossier, Soak, readable
from audit.experiments.experiment import Record
from audit.experiments.observation_file import Observations
from audit.judging.asked import Asked, asked
from audit.judging.contradictions import Situation, contradictions
from audit.judging.suppositions import (
    Supposition,
    as_supposed,
    described,
    not_played,
    supposed_lines,
    with_applications,
    with_roles,
)
from audit.judging.verdict import Verdict, applied_compensations, judge
from audit.model.facts import Facts
from audit.model.findings import Finding, Level, Outcome, worst
from audit.model.quality_facts import QualityFacts
from audit.model.target_facts import TargetFacts
from audit.quality import quality_probe as quality
from audit.reading.kiro.traceability import Traceability, spec_of, trace
from audit.requirements.catalogue import SPEC, requirement
from audit.requirements.profiles import QUALITY_FAMILY, Profile
from audit.requirements.requirement import family_of
from audit.rules import Rule, every_rule
from audit.target.digest import tree_digest
from audit.target.target_file import Target
from audit.target.undigested_code import undigested_code

Probe = Callable[[Target], Facts]
_logger = logging.getLogger(__name__)
_WRITE_A_DRIVER = "écrire un pilote (`audit init --driver`, `audit/experiments/DRIVER.md`), nommé dans `target.driver`"


@dataclass(frozen=True)
class Probes:
    """How facts are collected; tests pass their own."""

    source: Probe
    configuration: Probe
    quality: Callable[[Target], QualityFacts] = quality.collect


@dataclass
class Examination:
    """Lazily collected facts and conclusions. `tell` receives one English line per step, for progress."""

    target: Target
    profile: Profile
    level: Level
    probes: Probes
    tell: Callable[[str], None] = lambda _: None
    rules: Sequence[Rule] = field(default_factory=every_rule)
    experiments: Sequence[Experiment] = field(default_factory=every_experiment)
    driver: Driver | None = None
    records: dict[str, Record] = field(default_factory=dict)
    conditions: tuple[str, ...] = ()
    limits: Mapping[str, str] = field(default_factory=dict)
    appraisals: Sequence[Appraisal] = field(default_factory=every_appraisal)
    evidence: Sequence[Path] = ()
    canary: Canary = field(default_factory=Canary)
    may_start_worker: bool = False
    suppose: Callable[[Facts], Sequence[Supposition]] = lambda _: ()
    chosen: Asked | None = None
    _played: dict[str, tuple[Finding, ...]] = field(default_factory=dict)
    _no_stack: str = ""

    @cached_property
    def known(self) -> TargetFacts:
        """Facts of every probe up to the level."""
        self.tell(f"Reading the source of {self.target.name}")
        source = self.probes.source(self.target)
        configuration = None
        target = with_applications(self.target, source)
        declared = target.celery_app or target.asgi_app
        if self.level >= Level.CONFIGURATION and declared:
            self.tell(f"Importing {declared} in its own interpreter")
            configuration = self.probes.configuration(target)
        quality_facts = None
        if self.profile.family == QUALITY_FAMILY:
            self.tell("Running static tools over its files, and reading the results of its tests")
            quality_facts = self.probes.quality(self.target)
        return TargetFacts(self.target, source, configuration, quality_facts)

    @cached_property
    def completed(self) -> Target:
        """The target with the application that was found, where nobody declared one."""
        return with_applications(self.target, self.known.source)

    @property
    def not_imported(self) -> str:
        """Why the application that was found, and that nobody declared, could not be imported; empty when it was."""
        configuration = self.known.configuration
        return configuration.failure if configuration and not self.target.celery_app else ""

    @cached_property
    def supposed(self) -> tuple[Supposition, ...]:
        """What is supposed of a target that nobody described, for the questions that this profile puts of a role."""
        if not self.profile.about_a_role or described(self.target):
            return ()
        wanted = set(self.profile.about_a_role.values())
        return tuple(s for s in self.suppose(self.known.source) if s.role in wanted)

    @property
    def supposed_lines(self) -> tuple[str, ...]:
        """What the report says was supposed; nothing of a target that a file describes."""
        if described(self.target):
            return ()
        roles = self.profile.about_a_role.values()
        return supposed_lines(self.known.source, self.supposed, roles)

    @cached_property
    def asked(self) -> Asked:
        """What the profile asks of these rules and experiments, unless it was chosen by name."""
        roles = {*self.target.roles, *self.target.absent, *(s.role for s in self.supposed)}
        return self.chosen or asked(self.profile, (*self.rules, *self.asked_by_execution), roles)

    @cached_property
    def rule_findings(self) -> Mapping[str, tuple[Finding, ...]]:
        """Findings of every rule the profile asks, by rule id."""
        wanted = {i for ids in self.asked.categories.values() for i in ids} | set(self.asked.observations)
        started = time.perf_counter()
        findings = {rule.id: self._adapted(self._answers(rule)) for rule in self.rules if rule.id in wanted}
        _logger.debug("%d rules answered in %.2f s", len(findings), time.perf_counter() - started)
        return findings

    def _answers(self, rule: Rule) -> Sequence[Finding]:
        """What a rule answers; on a target whose role is only supposed, what it would answer then, said to be supposed."""
        role = self.profile.about_a_role.get(rule.id)
        supposition = next((s for s in self.supposed if s.role == role), None)
        if supposition is None:
            return rule.evaluate(self.known)
        told = replace(self.known, target=with_roles(self.target, self.supposed))
        return tuple(as_supposed(finding, supposition) for finding in rule.evaluate(told))

    def _adapted(self, findings: Sequence[Finding]) -> tuple[Finding, ...]:
        """The profile's own view: requirements reassigned, defects of lenient rules counted as reservations."""
        adapted = []
        for finding in findings:
            requirements = self.profile.reassigned.get(finding.rule, finding.requirements)
            lenient = finding.rule in self.profile.lenient and finding.outcome is Outcome.DEFECT
            outcome = Outcome.RESERVATION if lenient else finding.outcome
            adapted.append(replace(finding, requirements=requirements, outcome=outcome))
        return self._of_this_family(adapted)

    def _of_this_family(self, findings: Sequence[Finding]) -> tuple[Finding, ...]:
        """Findings without those that only bear on another family, which its own checkpoint tells."""
        family = self.profile.family
        return tuple(f for f in findings if not f.requirements or family in map(family_of, f.requirements))

    def tests(self) -> list[tuple[str, str]]:
        """(category, rule or experiment id) of every test of the profile at this level, in print order."""
        canary = {q.id for q in self.canary.questions}
        experiments = set(self._playable) | canary
        every = [(category, i) for category, identifiers in self.asked.categories.items() for i in identifiers]
        if self.profile.canary:
            every = [(c, i) for c, i in every if self.target.driver or i not in self._playable]
        elif self.target.driver:
            # Its scenarios show more than a canary, on the processes as they are deployed.
            every = [(c, i) for c, i in every if i not in canary]
        tests = [(c, i) for c, i in every if i not in experiments or self.level >= Level.EXECUTION]
        # Where only experiments judge a family, each of them still says what it lacked.
        return tests or every

    @property
    def asked_by_execution(self) -> tuple[Experiment | Appraisal | CanaryQuestion, ...]:
        """Everything that is settled by running the target, now or before."""
        return (*self.experiments, *self.appraisals, *self.canary.questions)

    def findings(self, identifier: str) -> tuple[Finding, ...]:
        """Findings of one rule or experiment; an experiment is played the first time it is asked for."""
        if identifier in self.rule_findings:
            return self.rule_findings[identifier]
        if identifier not in self._played and identifier in {q.id for q in self.canary.questions}:
            self._fly()
        if identifier not in self._played:
            played = self._playable[identifier]
            self._played[identifier] = self._appraise(played) if isinstance(played, Appraisal) else self._play(played)
        return self._played[identifier]

    @property
    def _playable(self) -> Mapping[str, Experiment | Appraisal]:
        return {e.id: e for e in self.experiments} | {a.id: a for a in self.appraisals}

    def _appraise(self, appraisal: Appraisal) -> tuple[Finding, ...]:
        """Judge the evidence files of the target and of the command line."""
        findings, self.records[appraisal.id] = appraisal.perform(self._dossier)
        return self._adapted(findings)

    @property
    def starts_worker(self) -> bool:
        """Whether this audit means to start the target's own worker, for which somebody must have said yes."""
        asked = self.level >= Level.EXECUTION and self.canary_scenarios > 0 and self.observed is None
        return asked and bool(self.completed.celery_app) and not self.not_imported

    def _fly(self) -> None:
        """The canary's scenarios are played together, on one worker, unless a file tells what it saw on a cluster."""
        if self.observed is not None:
            self._take(observed_flight(self.observed, self.known, self._dossier, self.canary.questions))
            return
        if why := self.not_imported:
            self._played |= {q.id: self._adapted([q.bind(not_played(q.title, why))]) for q in self.canary.questions}
            return
        known = replace(self.known, target=self.completed)
        self._take(self.canary.fly(known, allowed=self.may_start_worker, tell=self.tell))

    def _take(self, flight: Flight) -> None:
        self._played |= {i: self._adapted(findings) for i, findings in flight.findings.items()}
        self.records |= flight.records
        self.conditions = (*self.conditions, *flight.conditions)

    @cached_property
    def observed(self) -> Observations | None:
        """What the canary saw on a cluster of pytest-celery, where a file of the evidence tells it."""
        return next((found for found in readable(self._dossier.files) if isinstance(found, Observations)), None)

    @cached_property
    def _dossier(self) -> Dossier:
        root, exclude = self.target.root, self.target.exclude
        named = [s for s in (self.target.celery_app, self.target.asgi_app, *chain(*self.target.roles.values())) if s]
        return Dossier(
            (*self.target.evidence, *self.evidence),
            lambda: tree_digest(root, exclude),
            lambda: self.known.celery_application,
            lambda: undigested_code(root, exclude, [self.known.celery_application, *named]),
        )

    @property
    def soak(self) -> Soak | None:
        """The soak of this very tree among the evidence given, once it has been appraised; None when there is none."""
        if not any(a.id in self.records for a in self.appraisals):
            return None
        soaks = (found for found in readable(self._dossier.files) if isinstance(found, Soak))
        return next((found for found in soaks if found.digest == self._dossier.digest()), None)

    @cached_property
    def traceability(self) -> Traceability | None:
        """What holds the target's Kiro spec together; None when it has none."""
        spec = spec_of(self.target.root, self.target.kiro)
        if spec is None:
            return None
        every = (*self.rules, *self.asked_by_execution)
        by_number: dict[str, set[str]] = {}
        # The same number in another spec is another criterion.
        for question in every if (self.target.spec or spec.name) == SPEC else ():
            for identifier in question.requirements:
                by_number.setdefault(identifier, set()).add(question.id)
        return trace(spec, by_number, self.target.criteria, {question.id for question in every})

    def _play(self, experiment: Experiment) -> tuple[Finding, ...]:
        def not_played(missing: str, settles: str = "") -> tuple[Finding, ...]:
            open_point = Finding(Outcome.UNDETERMINED, experiment.title, missing=missing, settles=settles)
            return self._adapted([experiment.bind(open_point)])

        if self.level < Level.EXECUTION:
            return not_played("aucun processus n'est lancé à ce niveau d'audit")
        if gone := next((i for i, record in self.records.items() if record.worker_gone), ""):
            settles = "faire relancer le worker (exigence 8.5), puis relancer l'audit"
            return not_played(f"non joué : le worker tué pendant `{gone}` n'est pas revenu", settles)
        try:
            driver = self._started_driver()
        except DriverError as error:
            # A stack that did not start once is not waited for again.
            self._no_stack = str(error)
            return not_played(str(error), "" if self.target.driver else _WRITE_A_DRIVER)
        started = time.monotonic()
        findings, self.records[experiment.id] = experiment.perform(driver)
        outcomes = ", ".join(f.outcome.value for f in findings)
        _logger.debug("experiment %s: %s in %.1f s", experiment.id, outcomes, time.monotonic() - started)
        return self._adapted(findings)

    def _started_driver(self) -> Driver:
        if self._no_stack:
            raise DriverError(self._no_stack)
        if self.driver is None:
            if not self.target.driver:
                raise DriverError("la cible ne nomme aucun pilote (`target.driver`) : ce scénario n'a pas été joué")
            self.tell(f"Starting the stack with {self.target.driver}")
            driver, started = load_driver(self.target.driver, self.target.root), time.monotonic()
            try:
                driver.start()
                self.conditions = tuple(driver.conditions())
                self.limits = driver.limits() if isinstance(driver, KnownLimits) else {}
                _logger.debug("stack started by %s in %.1f s", self.target.driver, time.monotonic() - started)
            except DriverError:
                driver.stop()
                raise
            except Exception as error:
                driver.stop()
                raise DriverError(
                    f"le pilote n'a pas pu démarrer la pile ({type(error).__name__} : {error})"
                ) from error
            except BaseException:
                driver.stop()
                raise
            self.driver = driver
        return self.driver

    @property
    def scenarios(self) -> int:
        """How many scenarios of a driver are asked."""
        experiments = {e.id for e in self.experiments}
        return sum(i in experiments for _, i in self.tests())

    @property
    def canary_scenarios(self) -> int:
        """How many scenarios of the canary are asked."""
        canary = {q.id for q in self.canary.questions}
        return sum(i in canary for _, i in self.tests())

    @property
    def asks_for_processes(self) -> bool:
        """Whether some question needs running processes, and the level allows them."""
        return self.level >= Level.EXECUTION and self.scenarios + self.canary_scenarios > 0

    @property
    def played(self) -> bool:
        """Whether some scenario had running processes."""
        return any(q.id in self.records for q in (*self.experiments, *self.canary.questions))

    @property
    def nothing_played(self) -> bool:
        """Whether an execution was asked for, and not one scenario was played."""
        return self.asks_for_processes and not self.played

    def close(self) -> None:
        """Stop what the driver started."""
        if self.driver is not None:
            self.driver.stop()
            self.driver = None

    def every_finding(self) -> tuple[Finding, ...]:
        """All findings gathered so far, rules then experiments, then those of them that exclude each other."""
        gathered = self._gathered()
        situation = Situation(self.known, self._verdicts(gathered))
        return (*gathered, *self._of_this_family(tuple(contradictions(gathered, situation))))

    def _gathered(self) -> tuple[Finding, ...]:
        groups = [*self.rule_findings.values(), *self._played.values()]
        return tuple(f for group in groups for f in group)

    def outcome(self, identifier: str) -> Outcome:
        """What decides for one test; a defect that an established control compensates counts as a reservation."""
        findings = self.findings(identifier)
        return worst(Outcome.RESERVATION if self._compensated(f) else f.outcome for f in findings)

    def gathered(self, identifier: str) -> Outcome | None:
        """The outcome of a rule or experiment of this audit; None when it was not asked."""
        asked = identifier in self.rule_findings or identifier in self._played
        return self.outcome(identifier) if asked else None

    def explanation(self, identifier: str) -> str:
        """The sentences that explain an outcome (those of a compensated defect explain a reservation), one a line."""
        outcome = self.outcome(identifier)
        explaining = [f for f in self.findings(identifier) if f.outcome is outcome]
        if not explaining:
            explaining = [f for f in self.findings(identifier) if f.outcome is not Outcome.ESTABLISHED]
        return "\n".join(f.sentence + (f" ({f.missing})" if f.missing else "") for f in explaining)

    def _compensated(self, finding: Finding) -> bool:
        floors = {r: self.profile.floor(requirement(r)) for r in finding.requirements if r in self.profile.requirements}
        return finding.outcome is Outcome.DEFECT and any(
            applied_compensations(r, floor, [finding], self._gathered()) for r, floor in floors.items()
        )

    def verdicts(self) -> dict[str, Verdict]:
        """Verdict of each requirement of the profile, from the findings gathered so far."""
        return self._verdicts(self.every_finding())

    def _verdicts(self, every: Sequence[Finding]) -> dict[str, Verdict]:
        return {
            r: judge(
                requirement(r), self.profile.floor(requirement(r)), [f for f in every if r in f.requirements], every
            )
            for r in self.profile.requirements
        }

    @property
    def nothing_judged(self) -> bool:
        """Whether no probe learned anything, so that no conclusion means anything."""
        return not self.known.probes or not any(
            f.outcome in {Outcome.ESTABLISHED, Outcome.DEFECT, Outcome.RESERVATION}
            and f.rule not in self.asked.observations
            for f in self.every_finding()
        )
