"""Serializers that code registers in Kombu, and the libraries by which theirs encode and decode."""

import ast
import re
from collections.abc import Iterator

from audit.model.observations.messages import RegisteredSerializer
from audit.model.unknown import UNKNOWN, Unknown
from audit.model.word_tables import word_set
from audit.reading.behaviour.scope import Scope, keyword, last
from audit.reading.python.abstract_values import (
    BoundMethod,
    ClassValue,
    External,
    FunctionValue,
    Instance,
    Value,
    unwrap,
)
from audit.reading.python.child_nodes import children

_RUNS_CODE = word_set("marshal dill cloudpickle shelve joblib jsonpickle pickle _pickle cPickle")
# Libraries, and names of PyYAML and of the builtins, that make no object run code of the message.
_HARMLESS = word_set("""
    json simplejson orjson ujson rapidjson msgpack msgspec umsgpack cbor2 bson yaml google zlib gzip bz2 lzma lz4
    zstandard snappy base64 binascii codecs struct io hmac hashlib cryptography datetime decimal uuid enum collections
    functools itertools operator dataclasses typing types logging warnings time re math builtins kombu celery pydantic
    attr cattrs dateutil django pytz zoneinfo isodate pathlib abc contextlib sys os
""")
_RUNS = frozenset(
    {"builtins.eval", "builtins.exec", "builtins.compile", "builtins.__import__", "yaml.load", "yaml.load_all", "yaml.unsafe_load",
     "yaml.unsafe_load_all", "yaml.Loader", "yaml.UnsafeLoader", "yaml.CLoader", "yaml.CUnsafeLoader", "yaml.UnsafeConstructor"}
)  # fmt: skip
_SAFE_LOADER = re.compile(r"\bC?(Safe|Base|Full)Loader\b")
_UNKNOWN = "?"
_NO_CODE = ("Error", "PROTOCOL")
_PARAMETERS = ("name", "encoder", "decoder", "content_type")
_DEPTH = 4


def registered_serializers(scope: Scope) -> Iterator[RegisteredSerializer]:
    """RegisteredSerializer: each call of Kombu's `register`."""
    for call in scope.calls:
        if last(call.func) not in _names(scope):
            continue
        dotted = scope.external(call.func)
        if not dotted.startswith("kombu") or not dotted.endswith(".register"):
            continue
        name, encoder, decoder, content_type = (_argument(call, i) for i in range(len(_PARAMETERS)))
        codec = [_library(scope, node, 0) for node in (encoder, decoder)]
        unsafe = next((library for library in codec if library), "")
        yield scope.observed(
            RegisteredSerializer,
            call,
            name=_text(scope, name),
            content_type=_text(scope, content_type),
            library=unsafe or (UNKNOWN if None in codec else ""),
        )


def _names(scope: Scope) -> frozenset[str]:
    """The names that `register` has in the module."""
    imports = [*scope.module.tree.body, *scope.all(ast.ImportFrom)]
    aliases = [a for n in imports if isinstance(n, ast.ImportFrom) for a in n.names if a.name == "register"]
    return frozenset({"register", *(a.asname for a in aliases if a.asname)})


def _argument(call: ast.Call, index: int) -> ast.expr | None:
    before = call.args[: index + 1]
    if len(before) > index and not any(isinstance(a, ast.Starred) for a in before):
        return before[index]
    return keyword(call, _PARAMETERS[index])


def _text(scope: Scope, node: ast.expr | None) -> str | Unknown:
    value = scope.value(node) if node is not None else UNKNOWN
    return value if isinstance(value, str) else UNKNOWN


def _library(scope: Scope, node: ast.expr | None, depth: int) -> str | None:
    """The library that runs code, of those that an encoder uses; empty for none, None when it cannot be told."""
    if node is None:
        return None
    every = list(_libraries(scope, scope.given(node), depth))
    found = next((name for name in every if name != _UNKNOWN), "")
    if found or _UNKNOWN in every:
        return found or None
    if isinstance(node, ast.Lambda | ast.Call | ast.Constant):
        return ""
    value = scope.evaluated(node)
    return None if value is UNKNOWN or (isinstance(value, Instance) and value.cls is UNKNOWN) else ""


def _libraries(scope: Scope, node: ast.AST, depth: int) -> Iterator[str]:
    if isinstance(node, ast.Constant):
        if isinstance(node.value, str) and node.value in _RUNS_CODE:
            yield node.value
        return
    if isinstance(node, ast.Call) and (given := _given_to_yaml(scope, node)) is not None:
        loader = keyword(node, "Loader") or next(iter(given[1:]), None)
        yield from ("yaml",) if loader is None else _of_loader(scope.evaluated(loader), ast.unparse(loader))
        return
    if isinstance(node, ast.Name | ast.Attribute):
        if last(node).endswith(_NO_CODE):
            return
        yield from _of_value(scope, scope.evaluated(node), depth)
        # Where it is imported by one of two ways, its name still tells.
        if isinstance(node, ast.Name) and node.id in _RUNS_CODE:
            yield node.id
    for child in children(node):
        yield from _libraries(scope, child, depth)


def _given_to_yaml(scope: Scope, call: ast.Call) -> list[ast.expr] | None:
    """The arguments of `yaml.load`, called or made partial; None for any other call."""
    if scope.external(call.func) == "functools.partial" and call.args:
        return call.args if scope.external(call.args[0]).startswith("yaml.load") else None
    return call.args if scope.external(call.func).startswith("yaml.load") else None


def _of_loader(loader: Value, written: str = "") -> Iterator[str]:
    """The library, where a loader of PyYAML makes any object, that of which it is written included."""
    if isinstance(loader, ClassValue):
        for base in loader.bases:
            yield from _of_loader(base)
    elif isinstance(loader, External):
        if not _SAFE_LOADER.search(loader.dotted):
            yield "yaml"
    elif not _SAFE_LOADER.search(written):
        yield _UNKNOWN if written else "yaml"


def _of_external(dotted: str) -> str:
    """The library that runs code, of a name from outside the project; empty for none."""
    parts = dotted.split(".")
    if parts[0] in _RUNS_CODE or any("pickle" in part for part in parts):
        return parts[0] if parts[0] in _RUNS_CODE else "pickle"
    if dotted in _RUNS:
        return parts[-1] if parts[0] == "builtins" else parts[0]
    return "" if parts[0] in _HARMLESS else _UNKNOWN


def _of_value(scope: Scope, value: Value, depth: int) -> Iterator[str]:
    if isinstance(value, External):
        yield from filter(None, [_of_external(value.dotted)])
        return
    if isinstance(value, Instance):
        made = [*value.arguments[:1]] if value.cls == External("functools.partial") else []
        if made == [External("yaml.load")]:
            loader = unwrap(value.keywords.get("Loader", External("yaml.Loader")))[0]
            yield from _of_loader(loader, "Loader")
            return
        for one in (value.cls, *made):
            yield from _of_value(scope, unwrap(one)[0], depth)
        return
    function = value.function if isinstance(value, BoundMethod) else value
    if isinstance(function, ClassValue):
        body: list[ast.AST] = [n for n in function.node.body if isinstance(n, ast.FunctionDef)]
        for base in function.bases if depth < _DEPTH else ():
            yield from _of_value(scope, base, depth + 1)
    elif isinstance(function, FunctionValue):
        body = [function.node.body] if isinstance(function.node, ast.Lambda) else [*function.node.body]
    else:
        return
    if depth < _DEPTH:
        inner = Scope(scope.machine, scope.machine.project.modules[function.module], "", function.node)
        for statement in body:
            yield from _libraries(inner, statement, depth + 1)
