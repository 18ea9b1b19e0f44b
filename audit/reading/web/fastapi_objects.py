"""What calls on a FastAPI or Starlette application, or a router, add to it; Flask's are in `flask_objects`."""

import ast
from dataclasses import dataclass, field
from typing import TypeGuard

from audit.model.unknown import UNKNOWN
from audit.reading.python.abstract_values import (
    ClassValue,
    Decoration,
    External,
    FunctionValue,
    Instance,
    Method,
    Origin,
    Value,
    descends_from,
    last_name,
    unwrap,
)
from audit.reading.python.frames import CallSite
from audit.reading.python.interpreter import Machine

APPLICATIONS = ("FastAPI", "Starlette")
ROUTERS = ("APIRouter", "Router")
FLASK = ("Flask", "APIFlask", "Quart", "Blueprint", "APIBlueprint")
_VIEWSET_ROUTERS = ("DefaultRouter", "SimpleRouter")
UNREADABLE = External("?")
_MAX_PARTIALS = 8
VERBS = frozenset(["get", "post", "put", "patch", "delete", "head", "options", "trace"])


@dataclass(eq=False)
class Endpoint:
    """One route as its router knows it, before prefixes."""

    methods: tuple[str, ...]
    path: str
    function: Value
    dependencies: tuple[Value, ...]
    origin: Origin


@dataclass(eq=False)
class Inclusion:
    """A router inside another one, or mounted below a path."""

    router: Instance
    prefix: str
    dependencies: tuple[Value, ...]


@dataclass(eq=False)
class Web:
    """Every route and inclusion met, by the router that holds it.

    `guards` run before every request of a Flask application or blueprint, of all of them for None; `viewsets` are what a
    router of Django REST framework was given, under which path.
    """

    endpoints: list[tuple[Instance, Endpoint]] = field(default_factory=list)
    inclusions: list[tuple[Instance, Inclusion]] = field(default_factory=list)
    changed: list[Instance] = field(default_factory=list)
    guards: list[tuple[Instance | None, Value]] = field(default_factory=list)
    viewsets: list[tuple[Instance, Value, Value, Origin]] = field(default_factory=list)

    def call(self, machine: Machine, site: CallSite) -> Value:
        """Note what a call adds to a router; None for any other call."""
        if isinstance(site.callee, External) and site.callee.dotted.endswith((".Depends", ".Security")):
            return _dependency(machine, site)
        callee = site.callee
        if not isinstance(callee, Method):
            return None
        if callee.name == "register" and _keeps_viewsets(callee.receiver):
            prefix, _ = unwrap(site.argument(0, "prefix"))
            self.viewsets.append((callee.receiver, prefix, site.argument(1, "viewset"), site.origin))
            return UNKNOWN
        if not is_router(callee.receiver):
            return None
        if callee.name in {"include_router", "mount"}:
            self._include(callee.receiver, callee.name == "mount", site)
        elif callee.name in {"add_api_route", "add_route"}:
            self._add(callee.receiver, site)
        elif "dependencies" in callee.name.split("."):
            self.changed.append(callee.receiver)
        else:
            return None
        return UNKNOWN

    def around(self, router: Instance) -> tuple[Value, ...]:
        """Dependencies of everything in a router; `?` when its class, or what changes it later, may add others."""
        own = isinstance(router.cls, ClassValue) or router.keywords.opaque is not None
        kinds = [unwrap(kept.get("route_class"))[0] for kept in (router.keywords, router.fields)]
        custom = any(kind is not None and last_name(kind) != "APIRoute" for kind in kinds)
        changed = "dependencies" in router.fields or any(router is other for other in self.changed)
        unread = (UNREADABLE,) if own or custom or changed else ()
        if is_flask(router):
            wrapped = (UNREADABLE,) if "wsgi_app" in router.fields else ()
            guards = [guard for owner, guard in self.guards if owner is None or owner is router]
            return (*guards, *wrapped, *((UNREADABLE,) if own else ()))
        return (*dependencies_of(router.keywords.get("dependencies")), *unread)

    def _include(self, router: Instance, mounted: bool, site: CallSite) -> None:
        inner, _ = unwrap(site.argument(1, "app") if mounted else site.argument(0, "router"))
        prefix, _ = unwrap(site.argument(0, "path", "") if mounted else site.keywords.get("prefix", ""))
        if isinstance(inner, Instance):
            added = Inclusion(inner, text(prefix), _around(site))
            self.inclusions.append((router, added))

    def _add(self, router: Instance, site: CallSite) -> None:
        path, _ = unwrap(site.argument(0, "path"))
        function, _ = unwrap(site.argument(1, "endpoint", site.argument(1, "route")))
        endpoint = Endpoint(
            methods_of(site.keywords.get("methods", site.argument(2, "methods", None))),
            text(path),
            function,
            _around(site),
            site.origin,
        )
        self.endpoints.append((router, endpoint))

    def decorate(self, function: FunctionValue, decoration: Decoration, origin: Origin) -> None:
        """Note the route that a decorator declares."""
        callee = decoration.callee
        if not isinstance(callee, Method):
            return
        router, verb = callee.receiver, callee.name
        if not is_router(router) or not _declares(decoration):
            return
        path = decoration.arguments[0] if decoration.arguments else decoration.keywords.get("path", "")
        given = decoration.keywords.get("methods")
        methods = (verb.upper(),) if verb in VERBS | {"websocket"} else methods_of(given)
        dependencies = dependencies_of(decoration.keywords.get("dependencies"))
        inner = function.decorators[function.decorators.index(decoration) + 1 :]
        spread = isinstance(decoration.node, ast.Call) and any(k.arg is None for k in decoration.node.keywords)
        # What is served is what the decorators below give, and they may ask for anything.
        dependencies += (UNREADABLE,) if spread or not all(map(_declares, inner)) else ()
        self.endpoints.append((router, Endpoint(methods, text(unwrap(path)[0]), function, dependencies, origin)))


def _declares(decoration: Decoration) -> bool:
    """Whether a decorator adds its function to a router, and gives it back as it is."""
    callee = decoration.callee
    if not isinstance(callee, Method) or callee.name not in VERBS | {"api_route", "route", "websocket"}:
        return False
    return is_router(callee.receiver)


def _around(site: CallSite) -> tuple[Value, ...]:
    unread = (UNREADABLE,) if site.keywords.opaque else ()
    return (*dependencies_of(site.keywords.get("dependencies")), *unread)


def is_flask(value: Value) -> TypeGuard[Instance]:
    """Whether a value is a Flask application or a blueprint."""
    return isinstance(value, Instance) and descends_from(value.cls, *FLASK)


def _keeps_viewsets(value: Value) -> TypeGuard[Instance]:
    return isinstance(value, Instance) and descends_from(value.cls, *_VIEWSET_ROUTERS)


def is_application(value: Value) -> bool:
    """Whether a value is an application that a server can run."""
    return isinstance(value, Instance) and descends_from(value.cls, *APPLICATIONS)


def is_router(value: Value) -> TypeGuard[Instance]:
    """Whether a value is an application or a router."""
    return isinstance(value, Instance) and descends_from(value.cls, *APPLICATIONS, *ROUTERS)


def methods_of(value: Value) -> tuple[str, ...]:
    """Methods of a route, `GET` when none is given."""
    value, _ = unwrap(value)
    if isinstance(value, list | tuple | set) and value:
        return tuple(sorted(str(unwrap(v)[0]).upper() for v in value))
    return ("GET",)


def _dependency(machine: Machine, site: CallSite) -> Instance:
    """`Depends(…)`, which also remembers the factory in `Depends(factory(…))`."""
    marker = Instance(site.callee, site.arguments, site.keywords, origin=site.origin)
    first = site.node.args[0] if isinstance(site.node, ast.Call) and site.node.args else None
    if isinstance(first, ast.Call):
        factory = machine.value_of(first.func, site.frame)
        if isinstance(factory, FunctionValue):
            marker.fields["factory"] = factory
            return marker
    if first is not None and unwrap(site.arguments[0])[0] is UNKNOWN:
        marker.fields["factory"] = External(site.frame.module.source.segment(first)[:200])
    return marker


def dependencies_of(value: Value) -> tuple[Value, ...]:
    """What is inside each `Depends(…)` of a list of dependencies, `?` for what is not one that can be read."""
    value, _ = unwrap(value)
    if value is None:
        return ()
    items = value if isinstance(value, list | tuple) else (UNKNOWN,)
    return tuple(inner for item in items for inner in depended_on(unwrap(item)[0], None) or (UNREADABLE,))


def depended_on(value: Value, annotation: Value) -> list[Value]:
    """What `Depends(…)` or `Security(…)` depends on, the annotated class when it is empty; nothing for anything else."""
    if not isinstance(value, Instance) or not isinstance(value.cls, External):
        return []
    if not value.cls.dotted.endswith((".Depends", ".Security")):
        return []
    given = value.arguments[0] if value.arguments else value.keywords.get("dependency", annotation)
    given, factory = _whole(unwrap(given)[0]), value.fields.get("factory")
    known = given is not UNKNOWN or isinstance(factory, FunctionValue)
    return [*(v for v in (factory, given) if v is not None and v is not UNKNOWN), *(() if known else (UNREADABLE,))]


def _whole(value: Value) -> Value:
    """The function that `functools.partial` completes."""
    for _ in range(_MAX_PARTIALS):
        if not isinstance(value, Instance) or last_name(value.cls) != "partial" or not value.arguments:
            break
        value = unwrap(value.arguments[0])[0]
    return value


def text(value: Value) -> str:
    """A path as text; `{?}` where it could not be worked out."""
    return value if isinstance(value, str) else "{?}"
