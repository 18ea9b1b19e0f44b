"""Compares one Celery setting, as the strongest probe knows it, with what it should be."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from audit.model.findings import Finding, Outcome
from audit.model.plain_value import PlainValue
from audit.model.target_facts import TargetFacts
from audit.rules.effective_settings import Reading, read
from audit.rules.exact_value import ExactValue
from audit.rules.practice import Fault, failed, out_of_scope, passed, unknown
from audit.rules.rule import Guide, undetermined

Scope = Callable[[TargetFacts], tuple[str, str]]
"""Why a rule does not concern a target, and why that cannot be told: French clauses, empty when neither."""

_AGAIN = "relancer avec `--level configuration`"


def _everywhere(_: TargetFacts) -> tuple[str, str]:
    return "", ""


@dataclass(frozen=True)
class SettingComparison:
    """A check that a setting satisfies `holds`; `default` is Celery's own value, used where the target sets nothing.

    `title` is that of the problem. `exact` tells it in words of its own, and looks at what tasks set for themselves.
    """

    name: str
    default: PlainValue
    holds: Callable[[Any], bool]
    guide: Guide
    title: str
    scope: Scope = _everywhere
    exact: ExactValue | None = None

    def __call__(self, known: TargetFacts) -> Sequence[Finding]:
        """Compare, strongest probe first; « indéterminé » when no probe can tell the value."""
        outside, unsure = self.scope(known)
        if outside:
            return out_of_scope(self.guide, outside)
        reading = read(known, self.name, self.default, tasks_suffice=self.exact is not None)
        missing = unsure or reading.missing
        if self.exact is None:
            return unknown(self.guide, missing, _AGAIN) if missing else self._judged(reading)
        exact = self.exact
        found = undetermined(exact.asked, missing, _AGAIN) if missing else exact.judged(known, reading)
        return exact.of_tasks(known, found) if exact.option else [found]

    def _judged(self, reading: Reading) -> Sequence[Finding]:
        """What the environment may change is only a reservation."""
        if self.holds(reading.value):
            return passed(self.guide, reading.told, *reading.evidence)
        outcome = Outcome.RESERVATION if reading.variable else Outcome.DEFECT
        fault = Fault(reading.told, reading.excerpt)
        return failed(self.guide, self.title, [fault], *reading.evidence, outcome=outcome)


def exactly(exact: ExactValue, default: PlainValue) -> SettingComparison:
    """A check that a setting has one value."""
    return SettingComparison(
        exact.name, default, lambda value: value == exact.value, exact.guide, exact.title, exact=exact
    )
