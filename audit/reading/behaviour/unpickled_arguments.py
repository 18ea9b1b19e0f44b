"""Arguments that a function decodes by what runs the code that they hold: JSON then carries pickle."""

import ast
from collections.abc import Iterator

from audit.model.observations.messages import UnpickledArgument
from audit.reading.behaviour.scope import Scope, last
from audit.reading.python.abstract_values import External
from audit.reading.python.parameters import parameters_of, spread_of

WORDS = ("pickle", "dill", "marshal", "unsafe_load", "yaml", "joblib", "eval(", "exec(")
_RUNS = frozenset(
    (
        *(
            f"{library}.{name}"
            for library in ("pickle", "_pickle", "dill", "cloudpickle")
            for name in ("loads", "load")
        ),
        *("marshal.loads", "jsonpickle.decode", "jsonpickle.loads", "joblib.load", "builtins.eval", "builtins.exec"),
        *("yaml.unsafe_load", "yaml.unsafe_load_all", "yaml.full_load_all", "pandas.read_pickle"),
    )
)
# Objects that are made of the bytes, and decode them afterwards.
_READERS = frozenset(
    f"{library}.Unpickler.load"
    for library in ("pickle", "_pickle", "dill", "cloudpickle", "pandas.compat.pickle_compat")
)
_SAFE = ("Safe", "Base", "FullLoader")
# What only changes how bytes are written: methods, and functions of their first argument.
_METHODS = frozenset({"encode", "decode", "strip"})
_FUNCTIONS = frozenset(
    {"b64decode", "urlsafe_b64decode", "standard_b64decode", "decodebytes", "a85decode", "b85decode", "fromhex", "unhexlify",
     "decompress", "bytes", "bytearray", "memoryview", "BytesIO", "StringIO", "str", "a2b_base64"}
)  # fmt: skip
_DEPTH = 12


def unpickled_arguments(scope: Scope) -> Iterator[UnpickledArgument]:
    """UnpickledArgument: each call that decodes a parameter, or a part of one."""
    names = {*parameters_of(scope.spec), *spread_of(scope.spec)} - {"self", "cls"}
    for call in scope.calls if names else ():
        dotted = next((name for name in _callees(scope, call) if name in _RUNS), scope.external(call.func))
        source = call.args[0] if call.args else None
        if dotted in _READERS and isinstance(call.func, ast.Attribute):
            made = scope.given(call.func.value)
            source = made.args[0] if isinstance(made, ast.Call) and made.args else None
        unsafe = (
            dotted in _RUNS or dotted in _READERS or (dotted in {"yaml.load", "yaml.load_all"} and not _is_safe(call))
        )
        if unsafe and source is not None and _source(scope, source) in names:
            yield scope.observed(UnpickledArgument, call, library=dotted)


def _callees(scope: Scope, call: ast.Call) -> Iterator[str]:
    """What a call of an entry of a table may run."""
    func = call.func
    while isinstance(func, ast.Call) and last(func.func) == "get":
        func = func.func
    if isinstance(func, ast.Subscript | ast.Attribute):
        table = scope.evaluated(func.value)
        yield from (v.dotted for v in table.values() if isinstance(v, External)) if isinstance(table, dict) else ()


def _is_safe(call: ast.Call) -> bool:
    given = [*call.args[1:], *(k.value for k in call.keywords)]
    return any(word in ast.unparse(node) for node in given for word in _SAFE)


def _keeps(call: ast.Call, method: str) -> bool:
    """Whether a method answers the same bytes, or an entry of a dictionary by a literal key."""
    entry = method == "get" and bool(call.args) and isinstance(call.args[0], ast.Constant)
    return method in _METHODS or entry


def _source(scope: Scope, node: ast.expr) -> str:
    """The name whose value these bytes are."""
    for _ in range(_DEPTH):
        node = scope.given(node)
        if isinstance(node, ast.Subscript | ast.Attribute):
            node = node.value
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and _keeps(node, node.func.attr):
            node = node.func.value
        elif isinstance(node, ast.Call) and node.args and last(node.func) in _FUNCTIONS:
            node = node.args[0]
    return node.id if isinstance(node, ast.Name) else ""
