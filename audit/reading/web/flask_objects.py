"""What calls and decorators on a Flask application, or a blueprint, add to it."""

from collections.abc import Callable

from audit.model.unknown import UNKNOWN
from audit.reading.python.abstract_values import Decoration, FunctionValue, Instance, Method, Origin, Value, unwrap
from audit.reading.python.frames import CallSite
from audit.reading.python.interpreter import Machine
from audit.reading.web.fastapi_objects import VERBS, Inclusion, Web, is_flask, methods_of, text
from audit.reading.web.view_guards import of_layer
from audit.reading.web.views import endpoints_of

_BEFORE, _BEFORE_ALL = "before_request", "before_app_request"


def flask_call(web: Web) -> Callable[[Machine, CallSite], Value]:
    """An observer that notes in `web` what a call adds to a Flask application or blueprint, and answers no other call."""
    return lambda _, site: _call(web, site)


def _call(web: Web, site: CallSite) -> Value:
    callee = site.callee
    if not isinstance(callee, Method) or not is_flask(callee.receiver):
        return None
    if callee.name == "register_blueprint":
        _register(web, callee.receiver, site)
    elif callee.name == "add_url_rule":
        view, _ = unwrap(site.argument(2, "view_func"))
        given = site.keywords.get("methods")
        path = text(unwrap(site.argument(0, "rule"))[0])
        methods = methods_of(given)
        web.endpoints += [(callee.receiver, e) for e in endpoints_of(view, path, methods, site.origin)]
    elif callee.name in {_BEFORE, _BEFORE_ALL}:
        _guard(web, callee, site.argument(0, "f"))
    else:
        return None
    return UNKNOWN


def _register(web: Web, owner: Instance, site: CallSite) -> None:
    inner, _ = unwrap(site.argument(0, "blueprint"))
    if isinstance(inner, Instance):
        # A prefix given here takes the place of the blueprint's own.
        given, _ = unwrap(site.keywords.get("url_prefix", inner.keywords.get("url_prefix", "")))
        web.inclusions.append((owner, Inclusion(inner, text(given) if given is not None else "", ())))


def _guard(web: Web, callee: Method, function: Value) -> None:
    owner = callee.receiver if callee.name == _BEFORE and isinstance(callee.receiver, Instance) else None
    web.guards += [(owner, layer) for layer in of_layer(function)]


def decorate_flask(web: Web, function: FunctionValue, decoration: Decoration, origin: Origin) -> None:
    """Note the route, or the check before every request, that a decorator declares."""
    callee = decoration.callee
    if not isinstance(callee, Method) or not is_flask(callee.receiver):
        return
    if callee.name in {_BEFORE, _BEFORE_ALL}:
        _guard(web, callee, function)
    elif callee.name in VERBS | {"route"}:
        path = decoration.arguments[0] if decoration.arguments else decoration.keywords.get("rule", "")
        methods = (callee.name.upper(),) if callee.name in VERBS else methods_of(decoration.keywords.get("methods"))
        inner = function.decorators[function.decorators.index(decoration) + 1 :]
        layers = [layer for d in inner if not _declares(d) for layer in of_layer(d.callee)]
        for endpoint in endpoints_of(function, text(unwrap(path)[0]), methods, origin):
            endpoint.dependencies = tuple(layers)
            web.endpoints.append((callee.receiver, endpoint))


def _declares(decoration: Decoration) -> bool:
    callee = decoration.callee
    return isinstance(callee, Method) and callee.name in VERBS | {"route"} and is_flask(callee.receiver)
