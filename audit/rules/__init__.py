"""Requirement-mapped checks over facts, one subject a module."""

from audit.rules import (
    beat,
    concurrency,
    deprecations,
    imports,
    no_user_dependency,
    protection,
    retries,
    settings,
    supervision,
)
from audit.rules.rule import Rule

RULES: tuple[Rule, ...] = (
    *settings.RULES,
    *no_user_dependency.RULES,
    *beat.RULES,
    *concurrency.RULES,
    *supervision.RULES,
    *protection.RULES,
    *retries.RULES,
    *imports.RULES,
    *deprecations.RULES,
)

__all__ = ["RULES", "Rule"]
