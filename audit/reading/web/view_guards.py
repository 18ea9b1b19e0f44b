"""What stands between a request and a view of Flask or Django: decorators, classes it inherits from, permissions."""

from collections.abc import Iterable, Iterator

from audit.model.unknown import UNKNOWN
from audit.model.word_tables import word_set
from audit.reading.python.abstract_values import (
    ClassValue,
    Decoration,
    External,
    FunctionValue,
    Instance,
    Method,
    Value,
    descends_from,
    last_name,
    unwrap,
)
from audit.reading.python.classes import class_attribute, lineage
from audit.reading.web.fastapi_objects import UNREADABLE

# They let every caller through, whoever it is.
_OPEN = word_set("""
    csrf_exempt csrf_protect ensure_csrf_cookie requires_csrf_token exempt require_POST require_GET require_safe
    require_http_methods never_cache cache_page cache_control vary_on_headers atomic non_atomic_requests gzip_page
    xframe_options_exempt sensitive_post_parameters login_not_required limit shared_limit ratelimit cached memoize
    cross_origin wraps swag_from extend_schema swagger_auto_schema async_to_sync sync_to_async action api_view
    permission_classes authentication_classes throttle_classes parser_classes renderer_classes staticmethod classmethod
    override AllowAny
""")
_OPEN_BASES = ("builtins.", "abc.", "typing.", "django.views.", "flask.views.", "rest_framework.")
_REST = ("APIView", "GenericAPIView", "ViewSet", "GenericViewSet", "ModelViewSet", "ReadOnlyModelViewSet")
_OWN = ("dispatch", "setup", "initial", "test_func", "has_permission", "check_permissions", "dispatch_request")
_MAX_LAYERS = 12


def of_decorators(decorations: Iterable[Decoration]) -> tuple[Value, ...]:
    """What decorators may ask of a caller; `?` after one from outside that is not known to let everybody through."""
    found: list[Value] = []
    rest, allowed = False, None
    for decoration in decorations:
        name = last_name(decoration.callee)
        rest = rest or name == "api_view"
        if name == "permission_classes" and decoration.arguments:
            allowed = decoration.arguments[0]
        if name == "method_decorator" and decoration.arguments:
            found += _listed(decoration.arguments[0])
        else:
            found += of_layer(decoration.callee)
    return (*found, *(_permissions(allowed) if rest or allowed is not None else ()))


def of_layer(value: Value) -> tuple[Value, ...]:
    """What one decorator, mixin or permission may ask of a caller."""
    value, _ = unwrap(value)
    if isinstance(value, Instance):
        value = unwrap(value.cls)[0]
    if isinstance(value, Method) and isinstance(unwrap(value.receiver)[0], Method):
        return (UNREADABLE,)
    if isinstance(value, FunctionValue | ClassValue):
        return (value, *_own_code(value)) if isinstance(value, ClassValue) else (value,)
    if not isinstance(value, External | Method):
        return (UNREADABLE,)
    return () if last_name(value) in _OPEN else (value, UNREADABLE)


def of_class(cls: ClassValue) -> tuple[Value, ...]:
    """What a class of views may ask: its decorators, its permissions, what it inherits from, its own `dispatch`."""
    found: list[Value] = []
    for one in lineage(cls):
        found += of_decorators(one.decorators)
        for base in one.bases:
            if not isinstance(base, ClassValue):
                opened = isinstance(base, External) and base.dotted.startswith(_OPEN_BASES)
                found += () if opened else of_layer(base)
    found += _own_code(cls)
    found += _listed(class_attribute(cls, "decorators"), absent=True)
    given = class_attribute(cls, "permission_classes")
    if descends_from(cls, *_REST) or given is not UNKNOWN:
        found += _permissions(None if given is UNKNOWN else given)
    return tuple(found)


def _own_code(cls: ClassValue) -> Iterator[FunctionValue]:
    for name in _OWN:
        value = class_attribute(cls, name)
        if isinstance(value, FunctionValue):
            yield value


def _permissions(given: Value) -> tuple[Value, ...]:
    """Permissions of Django REST framework; those of the settings, which are not read, where a view names none."""
    return (UNREADABLE,) if given is None else tuple(_listed(given))


def _listed(value: Value, *, absent: bool = False) -> Iterator[Value]:
    value, _ = unwrap(value)
    if absent and value is UNKNOWN:
        return
    for item in value if isinstance(value, list | tuple) else (value,):
        yield from of_layer(item)


def unwrapped_view(value: Value) -> tuple[Value, tuple[Value, ...]]:
    """The view inside `csrf_exempt(login_required(view))`, and what those may ask of a caller."""
    found: list[Value] = []
    for _ in range(_MAX_LAYERS):
        value, _ = unwrap(value)
        if not isinstance(value, Instance) or not isinstance(value.cls, External) or not value.arguments:
            break
        if last_name(value.cls) == "as_view":
            return value.arguments[0], tuple(found)
        found += of_layer(value.cls)
        value = value.arguments[0]
    return value, tuple(found)
