"""What the rules answer, at level `source`, on a target and on each of its mutants and variants."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from audit.command.run_setup import prepare
from audit.model.findings import Outcome
from tests.truth.entries import Entry, copy_target, edited

ALARMS = frozenset({Outcome.DEFECT, Outcome.RESERVATION, Outcome.AUDIT_ERROR})


@dataclass(frozen=True)
class Answers:
    """Sentences by rule that are alarms, and the outcomes of every rule."""

    alarms: dict[str, frozenset[str]]
    outcomes: dict[str, frozenset[Outcome]]


@dataclass(frozen=True)
class Observed:
    """An entry and the alarms it raised: rule to sentences that the sound target does not raise."""

    entry: Entry
    alarms: dict[str, frozenset[str]]
    outcomes: dict[str, frozenset[Outcome]]

    @property
    def missed(self) -> list[str]:
        """Rules that had to see it and did not."""
        return [rule for rule in self.entry.rules if rule not in self.alarms]

    @property
    def false_alarms(self) -> list[str]:
        """Rules that saw what is not there."""
        return sorted(set(self.alarms) - {*self.entry.rules, *self.entry.also})


def answers(root: Path) -> Answers:
    """Every rule of the strict profile, on what can be read."""
    alarms: dict[str, set[str]] = defaultdict(set)
    outcomes: dict[str, set[Outcome]] = defaultdict(set)
    for finding in prepare(root, "strict", "source").rule_findings.values():
        for one in finding:
            outcomes[one.rule].add(one.outcome)
            if one.outcome in ALARMS:
                alarms[one.rule].add(one.sentence)
    return Answers(
        {rule: frozenset(found) for rule, found in alarms.items()},
        {rule: frozenset(found) for rule, found in outcomes.items()},
    )


def observe(entries: Iterable[Entry], folder: Path) -> list[Observed]:
    """Each entry against its sound target, in one copy a target below `folder`."""
    by_target: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        by_target[entry.target].append(entry)
    observed = []
    for target, mine in by_target.items():
        root = copy_target(target, folder)
        sound = answers(root)
        for entry in mine:
            with edited(root, entry.edits):
                found = answers(root)
            new = {rule: told - sound.alarms.get(rule, frozenset()) for rule, told in found.alarms.items()}
            observed.append(Observed(entry, {rule: told for rule, told in new.items() if told}, found.outcomes))
    return observed


@dataclass(frozen=True)
class Score:
    """One rule: mutants it saw, mutants it missed, false alarms; each by title."""

    rule: str
    seen: tuple[str, ...]
    missed: tuple[str, ...]
    false_alarms: tuple[str, ...]

    @property
    def recall(self) -> float | None:
        """Share of its mutants that it sees, None without any."""
        asked = len(self.seen) + len(self.missed)
        return len(self.seen) / asked if asked else None

    @property
    def precision(self) -> float | None:
        """Share of its alarms that are true, None without any."""
        raised = len(self.seen) + len(self.false_alarms)
        return len(self.seen) / raised if raised else None


def scores(observed: Iterable[Observed]) -> list[Score]:
    """One score a rule that was expected, or that raised an alarm, in the order of their names."""
    seen: dict[str, list[str]] = defaultdict(list)
    missed: dict[str, list[str]] = defaultdict(list)
    false: dict[str, list[str]] = defaultdict(list)
    for one in observed:
        for rule in one.missed:
            missed[rule].append(one.entry.title)
        for rule in one.false_alarms:
            false[rule].append(one.entry.title)
        for rule in set(one.entry.rules) - set(one.missed):
            seen[rule].append(one.entry.title)
    return [Score(r, *(tuple(sorted(d[r])) for d in (seen, missed, false))) for r in sorted({*seen, *missed, *false})]
