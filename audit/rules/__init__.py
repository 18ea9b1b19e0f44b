"""Requirement-mapped checks over facts, one subject a module."""

from audit.rules import (
    beat,
    concurrency,
    deprecations,
    imports,
    no_user_dependency,
    protection,
    quality,
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
    *quality.RULES,
)

__all__ = ["RULES", "Rule"]
