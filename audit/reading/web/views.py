"""Views of Flask and Django, functions or classes, as the endpoints they answer with."""

from collections.abc import Iterator

from audit.reading.python.abstract_values import (
    ClassValue,
    External,
    FunctionValue,
    Instance,
    Method,
    Origin,
    Value,
    last_name,
    unwrap,
)
from audit.reading.python.classes import class_attribute, lineage
from audit.reading.python.frames import CallSite
from audit.reading.python.interpreter import Machine
from audit.reading.web.fastapi_objects import Endpoint, methods_of
from audit.reading.web.view_guards import of_class, of_decorators, unwrapped_view

_VERBS = ("get", "post", "put", "patch", "delete", "head", "options")
_ACTIONS = {
    "list": "GET",
    "retrieve": "GET",
    "create": "POST",
    "update": "PUT",
    "partial_update": "PATCH",
    "destroy": "DELETE",
}
_RESTRICTED = {"require_POST": ("POST",), "require_GET": ("GET",), "require_safe": ("GET", "HEAD")}
_ANY = ("GET", "POST")


def view_call(_machine: Machine, site: CallSite) -> Value:
    """`Class.as_view(…)` and, among URL patterns, `permission_required(…)(view)` remember the view; None for any other call."""
    callee = site.callee
    if isinstance(callee, Instance) and isinstance(callee.cls, External) and len(site.arguments) == 1:
        view, _ = unwrap(site.arguments[0])
        wraps = isinstance(view, FunctionValue | Instance) and "urlpatterns" in site.frame.module.source.text
        return Instance(callee.cls, (view,), origin=site.origin) if wraps else None
    if isinstance(callee, Method) and callee.name == "as_view" and isinstance(callee.receiver, ClassValue):
        return Instance(External("as_view"), (callee.receiver,), site.keywords, origin=site.origin)
    return None


def endpoints_of(view: Value, path: str, methods: tuple[str, ...], origin: Origin) -> Iterator[Endpoint]:
    """One endpoint for a function, one for each method that a class answers; `methods` empty where the URL gives none."""
    view, around = unwrapped_view(view)
    if isinstance(view, ClassValue):
        guards = (*around, *of_class(view))
        for method, function in _answers(view):
            told = (*guards, *of_decorators(function.decorators)) if isinstance(function, FunctionValue) else guards
            yield Endpoint((method,), path, function, told, origin)
    elif isinstance(view, FunctionValue):
        guards = (*around, *of_decorators(view.decorators))
        yield Endpoint(methods or _restricted(view), path, view, guards, origin)


def _answers(cls: ClassValue) -> Iterator[tuple[str, Value]]:
    """Methods of HTTP and the functions that answer them; the class itself where all of them come from outside."""
    found = [(verb.upper(), class_attribute(cls, verb)) for verb in _VERBS]
    found += [(method, class_attribute(cls, name)) for name, method in _ACTIONS.items()]
    extra = [v for one in lineage(cls) for v in one.names.values() if isinstance(v, FunctionValue)]
    found += [(method, v) for v in extra if v.decorated_by("action") for method in _restricted(v)]
    answered: list[tuple[str, Value]] = [(m, function) for m, function in found if isinstance(function, FunctionValue)]
    yield from answered or [("GET", cls)]


def _restricted(view: FunctionValue) -> tuple[str, ...]:
    for decoration in view.decorators:
        name = last_name(decoration.callee)
        if name in _RESTRICTED:
            return _RESTRICTED[name]
        if name in {"require_http_methods", "api_view"} and decoration.arguments:
            return methods_of(unwrap(decoration.arguments[0])[0])
        if name == "action":
            return methods_of(decoration.keywords.get("methods"))
    return _ANY
