"""The routes of an ASGI application, each with every dependency FastAPI would call for it."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .json_lines import Report
from .loading import LoadingError, cause, load
from .plain import symbol
from .signatures import signature


def report_routes(name: str, root: Path, report: Report) -> None:
    """Report every route of the application, or of the one its factory returns. Raises LoadingError when there is none."""
    report.stage(f"L'import de « {name.partition(':')[0]} »")
    app = load(name, "target.asgi_app", root)
    if not _is_asgi(app):
        app = _made(app, name, root, report)
    report.stage(f"La lecture des routes de « {name} »")
    try:
        found = list(_routes(_unwrapped(app, name), ""))
    except LoadingError:
        raise
    except Exception as error:  # noqa: BLE001 - routes of included routers are built while they are read
        raise LoadingError(f"La lecture des routes de « {name} » a échoué : {cause(error, root)}.") from None
    for route in found:
        report.write("route", **route)
    report.write("routes_read")


def _is_asgi(app: Any) -> bool:
    made_by_calling = inspect.isroutine(app) or inspect.isclass(app) or isinstance(app, functools.partial)
    return not made_by_calling or inspect.iscoroutinefunction(app)


def _made(factory: Any, name: str, root: Path, report: Report) -> Any:
    report.stage(f"L'appel de « {name}() »")
    try:
        return factory()
    except BaseException as error:  # noqa: BLE001 - the target's code
        raise LoadingError(f"L'appel de « {name}() » a échoué : {cause(error, root)}.") from None


def _unwrapped(app: Any, name: str) -> Any:
    """The application under its middleware."""
    kind = type(app).__name__
    for _ in range(50):
        if hasattr(app, "routes"):
            return app
        app = getattr(app, "app", None)
    raise LoadingError(f"« {name} », de type {kind}, n'a pas de routes lisibles : ni FastAPI ni Starlette.")


def _routes(app: Any, prefix: str) -> Iterator[dict[str, Any]]:
    for route in _contexts(app.routes):
        path = prefix + (getattr(route, "path", None) or "")
        endpoint = getattr(route, "endpoint", None)
        if endpoint is None:
            if getattr(route, "routes", None):
                yield from _routes(route, path)
            continue
        # Documentation pages that FastAPI adds by itself.
        if getattr(endpoint, "__module__", "").startswith("fastapi."):
            continue
        methods = sorted(getattr(route, "methods", None) or {"WEBSOCKET"})
        dependencies = list(dict.fromkeys(_dependencies(getattr(route, "dependant", None))))
        for method in methods:
            if method != "HEAD" or "GET" not in methods:
                function = signature(endpoint)
                yield {"method": method, "path": path, "function": function, "dependencies": dependencies}


def _contexts(routes: Any) -> Any:
    """Routes with what their routers add. FastAPI keeps included routers whole since it has `iter_route_contexts`."""
    try:
        from fastapi.routing import iter_route_contexts  # noqa: PLC0415 - an older release has none
    except ImportError:
        return routes
    return iter_route_contexts(routes)


def _dependencies(dependant: Any) -> Iterator[str]:
    for child in getattr(dependant, "dependencies", ()):
        if child.call is not None:
            yield symbol(child.call)
        yield from _dependencies(child)
