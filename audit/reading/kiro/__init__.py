"""Kiro specs (`.kiro/specs/NAME`) read as values: criteria `N.M`, the tasks that cite them, and what does not hold together."""
