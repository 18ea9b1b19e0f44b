"""Compares one Celery setting, as the strongest probe knows it, with what it should be."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from audit.model.domains import conclude
from audit.model.findings import Finding
from audit.model.gaps import Gap
from audit.model.plain_value import PlainValue
from audit.model.target_facts import TargetFacts
from audit.rules.domains.setting_domain import EVERYWHERE, Scope, everywhere, setting_domain
from audit.rules.effective_settings import Reading, read
from audit.rules.practice import Fault, answered
from audit.rules.rule import Guide

_AGAIN = "relancer avec `--level configuration`"


def _nothing(_: TargetFacts) -> tuple[()]:
    return ()


@dataclass(frozen=True)
class SettingComparison:
    """A check that a setting satisfies `holds`; `default` is Celery's own value, used where the target sets nothing.

    `title` is that of the problem.
    `otherwise`: what does the same as the setting, and is a reservation beside a right value, told as `instead` says (a guide
    and a title) where the setting itself is right; `doubts`: what may do so.
    """

    name: str
    default: PlainValue
    holds: Callable[[Any], bool]
    guide: Guide
    title: str
    scope: Callable[[TargetFacts], Scope] = everywhere
    otherwise: Callable[[TargetFacts], Sequence[Fault]] = _nothing
    instead: tuple[Guide, str] | None = None
    doubts: Callable[[TargetFacts], Sequence[Gap]] = _nothing

    def __call__(self, known: TargetFacts) -> Sequence[Finding]:
        """Compare, strongest probe first; « indéterminé » when no probe can tell the value."""
        scope = self.scope(known)
        reading = read(known, self.name, self.default)
        if not scope.outside and not reading.missing and self.holds(reading.value):
            scope = EVERYWHERE  # it holds whether it matters or not
        domain = setting_domain(known, reading, scope=scope)
        told = self.otherwise(known)
        domain = replace(domain, gaps=(*self.doubts(known), *domain.gaps))
        answer = conclude(domain, self._faults, possible_of=lambda member: [*self._possible(member), *told])
        evidence = [known.source.evidence(fault.excerpt) for fault in told] or reading.evidence
        alone = told and self.instead and not self._possible(reading)
        guide, title = self.instead if alone and self.instead else (self.guide, self.title)
        return answered(guide, title, answer, *evidence, nothing=scope.outside, settles=_AGAIN)

    def _faults(self, reading: Reading) -> list[Fault]:
        """What the environment, or what is not read, may change, or what its author explains, is only a reservation."""
        return [] if reading.variable or reading.comment or reading.unless else self._possible(reading)

    def _possible(self, reading: Reading) -> list[Fault]:
        if self.holds(reading.value):
            return []
        return [Fault(f"{reading.told}{reading.explained}", reading.excerpt)]
