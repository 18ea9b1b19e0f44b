"""Small examinations with fakes in every place: probes that answer from memory, rules and experiments that say what they are told."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from audit.experiments.driver import Driver
from audit.experiments.experiment import Experiment, Record
from audit.judging.asked import Asked
from audit.judging.examination import Examination, Probes
from audit.model.domains import Answer, Domain, Proof, conclude
from audit.model.facts import Facts
from audit.model.findings import Evidence, Excerpt, Finding, Level, Outcome, Problem, Severity
from audit.model.target_facts import TargetFacts
from audit.requirements.profiles import Profile
from audit.rules import Rule
from audit.rules.rule import Guide
from audit.target.target_file import Target

SENDER = Excerpt("app.py", 1, 2, "def send(id):\n    ...")
GUIDE = Guide(Severity.MINOR, "Cela tient", "Cela ne tient pas", "corriger", "x = 1", "rien n'a été lu")
SOURCE = Facts(Level.SOURCE, "source", versions={"python": "3.11"})


def _nothing(_: object) -> tuple[()]:
    return ()


def proof(outcome: Outcome) -> Proof | None:
    """What `conclude` gives for this outcome, over one member or none; None where there is nothing to prove."""
    members = {Outcome.ESTABLISHED: ("membre",), Outcome.NOT_APPLICABLE: ()}.get(outcome)
    if members is None:
        return None
    answer: Answer[object] = conclude(Domain(members, (), "1 membre"), _nothing)
    return answer.proof


def finding(
    outcome: Outcome = Outcome.ESTABLISHED,
    sentence: str = "",
    rule: str = "late-acknowledgement",
    level: Level = Level.SOURCE,
    requirements: tuple[str, ...] = ("8.4",),
    severity: Severity = Severity.MINOR,
    excerpt: Excerpt | None = None,
    title: str = "",
) -> Finding:
    """A finding of this outcome, with everything that outcome must carry."""
    told = outcome in {Outcome.DEFECT, Outcome.RESERVATION}
    silent = outcome in {Outcome.UNDETERMINED, Outcome.AUDIT_ERROR, Outcome.NOT_APPLICABLE}
    return Finding(
        outcome,
        sentence or f"phrase {outcome.value}",
        () if silent else (Evidence(level, "source", "d" * 64, excerpt),),
        missing="le fait manquant" if outcome is Outcome.UNDETERMINED else "",
        problem=Problem(title or f"problème de {rule}", severity, "Faible", "corriger") if told else None,
        rule=rule,
        requirements=requirements,
        proof=proof(outcome),
    )


def rule(
    identifier: str, *answers: Outcome | Finding, requirements: tuple[str, ...] = ("8.4",), category: str = "A"
) -> Rule:
    """A rule that gives these answers."""
    findings = [a if isinstance(a, Finding) else finding(a, rule=identifier) for a in answers]
    return Rule(
        identifier, identifier, requirements, "https://example.org", lambda _: findings, GUIDE, category=category
    )


def experiment(
    identifier: str, run: Callable[[Driver, Record], Sequence[Finding]], requirements: tuple[str, ...] = ("8.1",)
) -> Experiment:
    return Experiment(identifier, f"expérience {identifier}", requirements, run)


def proving(sentence: str = "tout est parti") -> Callable[[Driver, Record], Sequence[Finding]]:
    """An experiment's run that establishes its point."""

    def run(_: Driver, record: Record) -> Sequence[Finding]:
        record.figure("Messages", 3)
        record.note("lancement")
        return [Finding(Outcome.ESTABLISHED, sentence, (record.evidence("x"),))]

    return run


# Not the protocol itself for the type checker: what this stack does not define answers None.
_ANY_DRIVER: Any = Driver


class IdleStack(_ANY_DRIVER):  # type: ignore[misc]
    """A stack that does nothing."""

    def __init__(self, root: Path = Path()) -> None:
        self.root = root
        self.started = self.stopped = False

    def start(self) -> None:
        self.started = True

    def stop(self) -> None:
        self.stopped = True


@dataclass
class CountedProbe:
    """A probe that answers from memory and counts its calls."""

    facts: Facts
    calls: int = 0

    def __call__(self, target: Target) -> Facts:
        self.calls += 1
        return self.facts


@dataclass(frozen=True)
class ProfileByName(Profile):
    """A profile that names its questions instead of choosing among those that say their category."""

    asked: Asked = field(default_factory=Asked)


def profile(
    categories: Mapping[str, tuple[str, ...]],
    requirements: tuple[str, ...] = ("8.4",),
    name: str = "strict",
    declared: bool = True,
    observations: tuple[str, ...] = (),
    reassigned: Mapping[str, tuple[str, ...]] | None = None,
    lenient: frozenset[str] = frozenset(),
) -> ProfileByName:
    return ProfileByName(
        name,
        requirements,
        tuple(categories),
        Level.SOURCE,
        declared,
        reassigned=reassigned or {},
        lenient=lenient,
        asked=Asked(categories, observations),
    )


def examination(
    *rules: Rule,
    target: Target | None = None,
    asked: ProfileByName | None = None,
    level: Level = Level.SOURCE,
    source: Facts = SOURCE,
    configuration: Facts | None = None,
    experiments: Sequence[Experiment] = (),
    driver: Driver | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> Examination:
    """An examination that asks these rules and experiments, each in category « A » unless `asked` says otherwise."""
    named = asked or profile({"A": (*(r.id for r in rules), *(e.id for e in experiments))})
    return Examination(
        target or Target("cible", Path("/nowhere")),
        named,
        level,
        Probes(CountedProbe(source), CountedProbe(configuration or Facts(Level.CONFIGURATION, "configuration"))),
        tell,
        rules,
        experiments,
        driver,
        chosen=named.asked,
    )


def known(source: Facts = SOURCE, configuration: Facts | None = None, target: Target | None = None) -> TargetFacts:
    return TargetFacts(target or Target("cible", Path("/nowhere")), source, configuration)
