"""Good practices that compare one Celery setting: values, not functions."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from audit.model.findings import Finding, Outcome
from audit.model.target_facts import TargetFacts
from audit.rules.effective_settings import read
from audit.rules.practice import Fault, failed, out_of_scope, passed, unknown
from audit.rules.rule import Guide

Scope = Callable[[TargetFacts], tuple[str, str]]
"""Why a rule does not concern a target, and why that cannot be told: French clauses, empty when neither."""


def _everywhere(_: TargetFacts) -> tuple[str, str]:
    return "", ""


@dataclass(frozen=True)
class SettingHolds:
    """A check that a setting satisfies `holds`; `default` is Celery's own value."""

    name: str
    default: Any
    holds: Callable[[Any], bool]
    guide: Guide
    title: str
    scope: Scope = _everywhere

    def __call__(self, known: TargetFacts) -> Sequence[Finding]:
        """Compare, strongest probe first. What the environment may change is only a reservation."""
        outside, unsure = self.scope(known)
        if outside:
            return out_of_scope(self.guide, outside)
        reading = read(known, self.name, self.default)
        if unsure or reading.missing:
            return unknown(self.guide, unsure or reading.missing, "relancer avec `--level configuration`")
        if self.holds(reading.value):
            return passed(self.guide, reading.told, *reading.evidence)
        outcome = Outcome.RESERVATION if reading.variable else Outcome.DEFECT
        fault = Fault(reading.told, reading.excerpt)
        return failed(self.guide, self.title, [fault], *reading.evidence, outcome=outcome)
