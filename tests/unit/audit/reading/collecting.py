"""The type of the fixture that reads a small tree."""

from collections.abc import Callable

from audit.model.facts import Facts

Collect = Callable[..., Facts]
