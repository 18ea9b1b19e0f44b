"""HTTP routes of the target, with every dependency that answering one of them reaches."""

import ast
from collections.abc import Iterator
from typing import TypeGuard

from audit.model.facts import Route
from audit.reading.python.abstract_values import (
    BoundMethod,
    ClassValue,
    External,
    FunctionValue,
    Instance,
    Method,
    Namespace,
    Origin,
    Value,
    last_name,
    unwrap,
)
from audit.reading.python.application_factories import follow_factories
from audit.reading.python.child_nodes import walk
from audit.reading.python.classes import class_attribute
from audit.reading.python.excerpts import excerpt_of
from audit.reading.python.frames import Frame
from audit.reading.python.interpreter import Machine
from audit.reading.python.parameters import defaults_of
from audit.reading.web.django_urls import django_endpoints
from audit.reading.web.fastapi_objects import APPLICATIONS, FLASK, Endpoint, Web, depended_on, is_flask, is_router, text
from audit.reading.web.flask_objects import decorate_flask
from audit.target.python_syntax import UnparsableError, parse_expression

_MAX_DEPTH = 12


def read_routes(machine: Machine, web: Web, declared: str) -> tuple[Route, ...]:
    """Every route, under the prefixes it is served with; a router included nowhere keeps its own paths."""
    follow_factories(machine, (*APPLICATIONS, *FLASK), lambda i: is_router(i) or is_flask(i), declared)
    _decorate(machine, web)
    found: dict[tuple[str, str, str], Route] = {}
    for endpoint, path, dependencies in _endpoints(machine, web):
        for route in _routes(machine, endpoint, path, dependencies):
            key = (route.method, route.path, route.endpoint)
            found[key] = _joined(found.get(key), route)
    return tuple(found[key] for key in sorted(found, key=lambda k: (k[1], k[0], k[2])))


def _decorate(machine: Machine, web: Web) -> None:
    for function in machine.decorated:
        for decoration in function.decorators:
            owner = unwrap(decoration.callee.receiver)[0] if isinstance(decoration.callee, Method) else None
            if is_router(owner):
                web.decorate(function, decoration, _declaration(machine, function))
            elif is_flask(owner):
                decorate_flask(web, function, decoration, _declaration(machine, function))


def _endpoints(machine: Machine, web: Web) -> Iterator[tuple[Endpoint, str, tuple[Value, ...]]]:
    included = {id(inclusion.router) for _, inclusion in web.inclusions}
    for router in _routers(web):
        if id(router) not in included:
            yield from _served(web, router, "", (), 0)
    for endpoint in django_endpoints(machine, web):
        yield endpoint, endpoint.path, endpoint.dependencies


def _declaration(machine: Machine, function: FunctionValue) -> Origin:
    """Lines from the first decorator to the end of the signature."""
    node = function.node
    path = machine.project.modules[function.module].source.path
    if isinstance(node, ast.Lambda):
        return Origin(path, node.lineno, node.lineno)
    first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
    return Origin(path, first, max(node.lineno, node.body[0].lineno - 1))


def _joined(one: Route | None, other: Route) -> Route:
    """The same route met twice depends on what either says."""
    if one is None:
        return other
    both = tuple(dict.fromkeys((*one.dependencies, *other.dependencies)))
    return Route(other.method, other.path, other.endpoint, both, other.excerpt)


def _routers(web: Web) -> list[Instance]:
    holders = [router for router, _ in (*web.endpoints, *web.inclusions)]
    return list({id(router): router for router in holders}.values())


def _served(
    web: Web, router: Instance, prefix: str, dependencies: tuple[Value, ...], depth: int
) -> Iterator[tuple[Endpoint, str, tuple[Value, ...]]]:
    """Endpoints of a router and of those inside it, with their whole path and the dependencies around them."""
    if depth > _MAX_DEPTH:
        return
    prefix += text(unwrap(router.keywords.get("prefix", ""))[0])
    dependencies += web.around(router)
    for owner, endpoint in web.endpoints:
        if owner is router:
            yield endpoint, prefix + endpoint.path, (*dependencies, *endpoint.dependencies)
    for owner, inclusion in web.inclusions:
        if owner is router:
            around = (*dependencies, *inclusion.dependencies)
            yield from _served(web, inclusion.router, prefix + inclusion.prefix, around, depth + 1)


def _routes(machine: Machine, endpoint: Endpoint, path: str, around: tuple[Value, ...]) -> Iterator[Route]:
    symbols: dict[str, None] = {}
    for dependency in around:
        _reach(machine, dependency, symbols, 0)
    function = unwrap(endpoint.function)[0]
    for dependency in _parameter_dependencies(machine, function):
        _reach(machine, dependency, symbols, 0)
    for method in endpoint.methods:
        excerpt = excerpt_of(machine, endpoint.origin)
        yield Route(method, path or "/", symbol_of(machine, function), tuple(symbols), excerpt)


def _reach(machine: Machine, dependency: Value, symbols: dict[str, None], depth: int) -> None:
    dependency, _ = unwrap(dependency)
    symbol = symbol_of(machine, dependency)
    if not symbol or symbol in symbols or depth > _MAX_DEPTH:
        return
    symbols[symbol] = None
    for inner in _parameter_dependencies(machine, dependency):
        _reach(machine, inner, symbols, depth + 1)


def symbol_of(machine: Machine, value: Value) -> str:
    """Symbol of a callable: its definition, the class of an instance, or the outside name."""
    value, _ = unwrap(value)
    if isinstance(value, FunctionValue | ClassValue):
        return value.symbol
    if isinstance(value, BoundMethod):
        return value.function.symbol
    if isinstance(value, External):
        return value.dotted
    if isinstance(value, Instance):
        return _bound_name(machine, value) or symbol_of(machine, value.cls)
    if isinstance(value, Method):
        owner = symbol_of(machine, value.receiver)
        return f"{owner}.{value.name}" if owner else ""
    return ""


def _bound_name(machine: Machine, instance: Instance) -> str:
    """`module:name` of the global that holds an instance (`oauth2_scheme`)."""
    for module in sorted(machine.globals):
        for name, value in machine.globals[module].items():
            if (
                value is instance
                and instance.origin
                and machine.project.modules[module].source.path == instance.origin.path
            ):
                return f"{module}:{name}"
    return ""


def _parameter_dependencies(machine: Machine, value: Value) -> list[Value]:
    """What the parameters of a callable depend on; those of functions inside it too, for a factory of dependencies."""
    function = _callable(value)
    if function is None or isinstance(function.node, ast.Lambda):
        return []
    frame = Frame(machine.project.modules[function.module], Namespace(), function.enclosing)
    found: list[Value] = []
    for node in walk(function.node):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found += _of_signature(machine, node, frame)
    return found


def _callable(value: Value) -> FunctionValue | None:
    value, _ = unwrap(value)
    if isinstance(value, BoundMethod):
        return value.function
    if isinstance(value, ClassValue):
        value = class_attribute(value, "__init__")
    elif isinstance(value, Instance) and isinstance(value.cls, ClassValue):
        value = class_attribute(value.cls, "__call__")
    return value if isinstance(value, FunctionValue) else None


def _of_signature(machine: Machine, node: ast.FunctionDef | ast.AsyncFunctionDef, frame: Frame) -> list[Value]:
    spec = node.args
    defaults = defaults_of(spec)
    found: list[Value] = []
    machine.new_entry()
    for argument in (*spec.posonlyargs, *spec.args, *spec.kwonlyargs):
        annotations = [machine.value_of(n, frame) for n in _alternatives(argument.annotation, 0)]
        metadata = [part for a in annotations if _is_annotated(a) for part in a.arguments[1:]]
        types = [a.arguments[0] if _is_annotated(a) else a for a in annotations]
        given = [machine.value_of(defaults[argument.arg], frame)] if argument.arg in defaults else []
        for value in (*given, *metadata):
            found += depended_on(value, types[0] if types else None)
    return found


def _is_annotated(value: Value) -> TypeGuard[Instance]:
    return isinstance(value, Instance) and bool(value.arguments) and last_name(value.cls) == "Annotated"


def _alternatives(node: ast.expr | None, depth: int) -> list[ast.expr]:
    """Parts of an annotation: `a | b` is both, and a text is what it says."""
    if node is None or depth > 8:
        return []
    if isinstance(node, ast.BinOp):
        return [*_alternatives(node.left, depth + 1), *_alternatives(node.right, depth + 1)]
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        try:
            return _alternatives(parse_expression(node.value), depth + 1)
        except UnparsableError:
            return []
    return [node]
