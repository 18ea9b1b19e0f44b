"""Marks and counts in a cache of Django that each process keeps for itself."""

import ast
import re
from collections.abc import Iterator

from audit.model.observations.shared_data import LocalCache
from audit.reading.behaviour.scope import Scope
from audit.reading.python.abstract_values import exported, unwrap

WORDS = ("django.core.cache", "cache.")
_MARKS = frozenset({"add", "incr", "decr", "aadd", "aincr", "adecr"})
_SETTINGS = re.compile(r"(?m)^INSTALLED_APPS\s*(:.*)?=")
_OF_TESTS = re.compile(r"(?:^|[._])(?:tests?|testing|ci|dev|devel|development|local|sandbox|demo|example)(?:[._]|$)")
_CACHES = re.compile(r"\bCACHES\b")
_LOCAL = ("locmem", "DummyCache")


def local_caches(scope: Scope) -> Iterator[LocalCache]:
    """LocalCache: `cache.add`, `cache.incr`, but where some `CACHES` of the project surely gives what processes share."""
    for call in scope.calls:
        func = call.func
        if not isinstance(func, ast.Attribute) or func.attr not in _MARKS:
            continue
        if scope.external(func.value).startswith("django.core.cache.cache"):
            local = _is_local(scope)
            if local is not False:
                yield scope.observed(LocalCache, call, name=ast.unparse(func), unread=local is None)


def _is_local(scope: Scope) -> bool | None:
    """Whether the cache is the memory of one process; None where the settings that say it are not here, or not read."""
    machine = scope.machine
    named = [module.name for module in machine.project.own(_CACHES)]
    if not named:
        # Settings that are not here may give one: an application to be installed in another project.
        return True if any(not _OF_TESTS.search(m.name) for m in machine.project.own(_SETTINGS)) else None
    named = [name for name in named if not _OF_TESTS.search(name)] or named
    told = {_gives_a_local_one(exported(unwrap(machine.globals[name].get("CACHES"))[0])) for name in named}
    # Where the settings of several deployments differ, nobody says here which one counts.
    return told.pop() if len(told) == 1 else None


def _gives_a_local_one(caches: object) -> bool | None:
    default = caches.get("default") if isinstance(caches, dict) else None
    backend = default.get("BACKEND") if isinstance(default, dict) else None
    return any(word in backend for word in _LOCAL) if isinstance(backend, str) else None
