"""Requirement-mapped checks over facts, one subject a module."""

from dataclasses import replace

from audit.rules import blocking_waits as waits
from audit.rules import code_quality as quality
from audit.rules import (
    concurrency,
    connection,
    data,
    delivery,
    exposure,
    failures,
    inventory,
    limits,
    no_user_dependency,
    protection,
    publishing,
    routing,
    schedule,
    security,
    stored_first,
    supervision,
)
from audit.rules import deployment_practices as deployment
from audit.rules import deprecated_interfaces as deprecations
from audit.rules import periodic_tasks as beat
from audit.rules import required_settings as settings
from audit.rules import sender_retries as retries
from audit.rules import task_imports as imports
from audit.rules import unknown_settings as setting_names
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
