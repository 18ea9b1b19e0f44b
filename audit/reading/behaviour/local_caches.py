"""Marks and counts in a cache of Django that each process keeps for itself."""

import ast
from collections.abc import Iterator

from audit.model.observations.shared_data import LocalCache
from audit.reading.behaviour.scope import Scope
from audit.reading.python.abstract_values import exported, unwrap

WORDS = ("django.core.cache", "cache.")
_MARKS = frozenset({"add", "incr", "decr", "aadd", "aincr", "adecr"})
_LOCAL = ("locmem", "DummyCache")


def local_caches(scope: Scope) -> Iterator[LocalCache]:
    """LocalCache: `cache.add`, `cache.incr` where every `CACHES` of the project, or Django's default, is a memory of one process."""
    for call in scope.calls:
        func = call.func
        if not isinstance(func, ast.Attribute) or func.attr not in _MARKS:
            continue
        if scope.external(func.value).startswith("django.core.cache.cache") and _is_local(scope):
            yield scope.observed(LocalCache, call, name=ast.unparse(func))


def _is_local(scope: Scope) -> bool:
    machine = scope.machine
    texts = [
        (name, module.source.text)
        for name, module in machine.project.modules.items()
        if not machine.project.is_test_file(module.source.path)
    ]
    named = [name for name, text in texts if "CACHES" in text]
    if not named:
        return any("INSTALLED_APPS" in text for _, text in texts)
    return all(_gives_a_local_one(exported(unwrap(machine.globals[name].get("CACHES"))[0])) for name in named)


def _gives_a_local_one(caches: object) -> bool:
    default = caches.get("default") if isinstance(caches, dict) else None
    backend = default.get("BACKEND") if isinstance(default, dict) else None
    return isinstance(backend, str) and any(word in backend for word in _LOCAL)
