"""Rules of other packages: each entry point of the group `audit.rules` names a sequence of rules."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import replace
from importlib.metadata import EntryPoint, entry_points

from audit.model.findings import Finding, Severity
from audit.model.target_facts import TargetFacts
from audit.requirements.profiles import GOOD_PRACTICES
from audit.rules import every_rule
from audit.rules.rule import Guide, Rule

_logger = logging.getLogger(__name__)
GROUP = "audit.rules"


class ThirdPartyError(Exception):
    """A package offers rules that cannot be used; the message is French, and names the entry point."""


def third_party_rules(found: Iterable[EntryPoint] | None = None) -> tuple[Rule, ...]:
    """Rules of the installed packages, in the category of good practices and bearing on no requirement.

    What cannot be loaded is a rule that answers « erreur d'audit »: a question that was to be asked is not forgotten.
    """
    points = entry_points(group=GROUP) if found is None else found
    taken = {rule.id for rule in every_rule()}
    rules: list[Rule] = []
    for point in sorted(points, key=lambda p: p.name):
        try:
            offered = _loaded(point, taken)
        except ThirdPartyError as error:
            offered = (_broken(point, str(error)),)
        _logger.debug("rules of %s (%s): %s", point.name, point.value, ", ".join(rule.id for rule in offered))
        rules += offered
        taken |= {rule.id for rule in offered}
    return tuple(rules)


def _loaded(point: EntryPoint, taken: set[str]) -> tuple[Rule, ...]:
    try:
        offered = point.load()
    except Exception as error:
        raise ThirdPartyError(
            f"le point d'entrée `{point.name}` ne se charge pas ({type(error).__name__} : {error})"
        ) from error
    if not isinstance(offered, Sequence) or not all(isinstance(rule, Rule) for rule in offered):
        raise ThirdPartyError(f"le point d'entrée `{point.name}` (`{point.value}`) n'est pas une suite de règles")
    twice = [rule.id for rule in offered if rule.id in taken]
    if twice:
        raise ThirdPartyError(f"le point d'entrée `{point.name}` reprend l'identifiant `{twice[0]}`")
    return tuple(replace(rule, category=GOOD_PRACTICES, requirements=()) for rule in offered)


def _broken(point: EntryPoint, reason: str) -> Rule:
    def check(_: TargetFacts) -> Sequence[Finding]:
        raise ThirdPartyError(reason)

    advice = "Corriger ce paquet, ou le désinstaller"
    guide = Guide(Severity.MINOR, "Ces règles se chargent", "Ces règles ne se chargent pas", advice, "", "toujours")
    return Rule(f"{point.name} (audit.rules)", reason, (), point.value, check, guide, category=GOOD_PRACTICES)
