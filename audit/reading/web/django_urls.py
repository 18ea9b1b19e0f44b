"""URL patterns of a Django project, with what stands around every view: middlewares of the project itself."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from audit.model.unknown import UNKNOWN
from audit.reading.python.abstract_values import (
    ClassValue,
    External,
    FunctionValue,
    Instance,
    Method,
    ModuleValue,
    Origin,
    Value,
    last_name,
    unwrap,
)
from audit.reading.python.classes import class_attribute
from audit.reading.python.interpreter import Machine
from audit.reading.web.fastapi_objects import Endpoint, Web, text
from audit.reading.web.views import endpoints_of

_MAX_DEPTH = 12
_PATTERNS = frozenset({"path", "re_path", "url"})
_HOOKS = ("__call__", "process_request", "process_view")


def django_endpoints(machine: Machine, web: Web) -> Iterator[Endpoint]:
    """Every view that a URL leads to, with its whole path; patterns that nothing includes keep their own."""
    lists = {n: g["urlpatterns"] for n, g in sorted(machine.globals.items()) if "urlpatterns" in g}
    roots = [unwrap(g["ROOT_URLCONF"])[0] for _, g in sorted(machine.globals.items()) if "ROOT_URLCONF" in g]
    around = tuple(_middlewares(machine)) if lists else ()
    patterns = _Patterns(machine, web)
    for name in dict.fromkeys(
        [*(r for r in roots if isinstance(r, str) and r in lists), *_left(machine, lists), *lists]
    ):
        if name not in patterns.seen:
            patterns.seen.add(name)
            for endpoint in patterns.served(lists[name], "", 0):
                yield replace(endpoint, dependencies=(*around, *endpoint.dependencies))


def _left(machine: Machine, lists: dict[str, Value]) -> list[str]:
    """Modules of patterns that no other one includes, which is only told by their text."""
    texts = {name: machine.project.modules[name].source.text for name in lists}
    return [name for name in lists if not any(f'"{name}"' in t or f"'{name}'" in t for t in texts.values())]


@dataclass
class _Patterns:
    """Patterns followed through those they include. `seen` are modules whose patterns were met."""

    machine: Machine
    web: Web
    seen: set[str] = field(default_factory=set)

    def served(self, patterns: Value, prefix: str, depth: int) -> Iterator[Endpoint]:
        """Endpoints of a list of patterns below a prefix."""
        patterns, _ = unwrap(patterns)
        if depth > _MAX_DEPTH or not isinstance(patterns, list | tuple):
            return
        for item in patterns:
            pattern, _ = unwrap(item)
            if not isinstance(pattern, Instance) or last_name(pattern.cls) not in _PATTERNS:
                continue
            given: dict[Value, Value] = {
                **dict(zip(("route", "view"), pattern.arguments, strict=False)),
                **pattern.keywords,
            }
            path = prefix + text(unwrap(given.get("route", UNKNOWN))[0]).lstrip("^")
            view, _ = unwrap(given.get("view", UNKNOWN))
            if isinstance(view, Instance) and last_name(view.cls) == "include" and view.arguments:
                yield from self._included(view.arguments[0], path, depth + 1)
            else:
                yield from endpoints_of(view, f"/{path}", (), pattern.origin or Origin("", 1, 1))

    def _included(self, given: Value, prefix: str, depth: int) -> Iterator[Endpoint]:
        given, _ = unwrap(given)
        if isinstance(given, tuple) and given:
            given, _ = unwrap(given[0])
        if isinstance(given, Method) and given.name == "urls":
            yield from self._viewsets(given.receiver, prefix)
            return
        if isinstance(given, str):
            given = self.machine.module_value(given)
        if isinstance(given, ModuleValue) and given.name in self.machine.project.modules:
            self.seen.add(given.name)
            given = self.machine.module_names(given.name).get("urlpatterns", UNKNOWN)
        yield from self.served(given, prefix, depth)

    def _viewsets(self, router: Value, prefix: str) -> Iterator[Endpoint]:
        for owner, route, view, origin in self.web.viewsets:
            if owner is router:
                yield from endpoints_of(view, f"/{prefix}{text(route)}/", (), origin)


def _middlewares(machine: Machine) -> Iterator[Value]:
    """The project's own middlewares, and that of Django which asks for a user."""
    for name in sorted(machine.globals):
        listed, _ = unwrap(machine.globals[name].get("MIDDLEWARE", ()))
        if "ROOT_URLCONF" not in machine.globals[name] or not isinstance(listed, list | tuple):
            continue
        for item in listed:
            dotted, _ = unwrap(item)
            value = machine.resolve(dotted) if isinstance(dotted, str) else UNKNOWN
            if isinstance(value, FunctionValue):
                yield value
            elif isinstance(value, ClassValue):
                hooks = [class_attribute(value, hook) for hook in _HOOKS]
                yield from (hook for hook in hooks if isinstance(hook, FunctionValue))
            elif isinstance(dotted, str) and "LoginRequired" in dotted:
                yield External(dotted)
