"""Requirement-mapped checks over facts, one subject a module."""

from dataclasses import replace

from audit.rules import (
    beat,
    concurrency,
    connection,
    data,
    delivery,
    deployment,
    deprecations,
    exposure,
    failures,
    imports,
    inventory,
    limits,
    no_user_dependency,
    protection,
    publishing,
    quality,
    retries,
    routing,
    schedule,
    security,
    setting_names,
    settings,
    stored_first,
    supervision,
    waits,
)
from audit.rules.checkpoint_guides import GUIDES
from audit.rules.rule import Rule

_WRITTEN: tuple[Rule, ...] = (
    *settings.RULES,
    *no_user_dependency.RULES,
    *beat.RULES,
    *concurrency.RULES,
    *supervision.RULES,
    *protection.RULES,
    *retries.RULES,
    *imports.RULES,
    *deprecations.RULES,
    *quality.RULES,
    *delivery.RULES,
    *publishing.RULES,
    *waits.RULES,
    *failures.RULES,
    *data.RULES,
    *limits.RULES,
    *connection.RULES,
    *schedule.RULES,
    *routing.RULES,
    *setting_names.RULES,
    *security.RULES,
    *exposure.RULES,
    *stored_first.RULES,
    *deployment.RULES,
    *inventory.RULES,
)

RULES = tuple(rule if rule.guide else replace(rule, guide=GUIDES.get(rule.id)) for rule in _WRITTEN)

__all__ = ["RULES", "Rule"]
