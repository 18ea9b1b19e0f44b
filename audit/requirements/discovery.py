"""Finds the questions of a package where they are written: values of one type, at the top level of its modules."""

import pkgutil
from collections.abc import Sequence
from importlib import import_module
from typing import TypeVar

from audit.requirements.question import Question

Q = TypeVar("Q", bound=Question)


def discovered(package: str, kind: type[Q], first: Sequence[str]) -> tuple[Q, ...]:
    """The questions of this type in the package's modules, those of `first` first, then the others by name.

    Within a module they come in the order in which they are written.
    """
    names = sorted(m.name for m in pkgutil.iter_modules(import_module(package).__path__) if not m.ispkg)
    names.sort(key=lambda name: first.index(name) if name in first else len(first))
    modules = [import_module(f"{package}.{name}") for name in names]
    found = [value for module in modules for value in vars(module).values() if isinstance(value, kind)]
    # A module may import the question of another: it counts once.
    return tuple({id(question): question for question in found}.values())
