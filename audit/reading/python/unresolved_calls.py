"""Why the callee of a call is not one function of the project: its receiver, the value called, or its very name is unknown."""

import ast
import builtins

from audit.model.facts import Unresolved
from audit.reading.python.name_resolution import Resolver, dotted

_COMPUTED = frozenset({"eval", "exec", "__import__", "importlib.import_module", "import_module"})
# What they give is what the collection was given.
_ENTRIES = frozenset({"get", "pop", "setdefault", "popleft", "popitem"})
# Where they are told the name of the method that they find.
_NAMED_BY = {"getattr": 1, "methodcaller": 0}
_LITERALS = (
    ast.Constant,
    ast.JoinedStr,
    ast.List,
    ast.Tuple,
    ast.Dict,
    ast.Set,
    ast.ListComp,
    ast.DictComp,
    ast.SetComp,
)


def unresolved(resolver: Resolver, node: ast.Call) -> Unresolved:
    """The reason, for a callee that `resolver` gave no target; NO for one of a library or of the language."""
    callee = node.func
    name = dotted(callee)
    if name in _COMPUTED:
        return Unresolved.NO if node.args and isinstance(node.args[0], ast.Constant) else Unresolved.COMPUTED
    if name:
        return _named(resolver, name)
    if isinstance(callee, ast.Attribute):
        return Unresolved.NO if _of_library(resolver, callee.value) else Unresolved.METHOD
    place = _NAMED_BY.get(dotted(callee.func).rpartition(".")[2]) if isinstance(callee, ast.Call) else None
    if isinstance(callee, ast.Call) and place is not None:
        literal = len(callee.args) > place and isinstance(callee.args[place], ast.Constant)
        return Unresolved.METHOD if literal else Unresolved.COMPUTED
    return Unresolved.NO if _of_library(resolver, callee) else Unresolved.CALLABLE


def _named(resolver: Resolver, name: str) -> Unresolved:
    first, _, rest = name.partition(".")
    if resolver.defines(first) or resolver.is_external(name):
        return Unresolved.NO
    if rest:
        return Unresolved.COMPUTED if resolver.lacks(name) else Unresolved.METHOD
    if resolver.binds(first):
        return Unresolved.CALLABLE
    return Unresolved.NO if hasattr(builtins, first) else Unresolved.NAME


def _of_library(resolver: Resolver, receiver: ast.expr) -> bool:
    """Whether an expression gives an object of a library, or of the language: `requests.get(url)`, `"".join`, `(a or b)` not."""
    if isinstance(receiver, _LITERALS):
        return True
    if isinstance(receiver, ast.Await):
        return _of_library(resolver, receiver.value)
    if isinstance(receiver, ast.Call):
        name = dotted(receiver.func)
        if name in _COMPUTED or (name.rpartition(".")[2] in _ENTRIES and resolver.is_of_collection(name)):
            return False
        if name:
            return resolver.is_external(name) and not resolver.hands_on(name)
        return isinstance(receiver.func, ast.Attribute) and _of_library(resolver, receiver.func.value)
    return isinstance(receiver, ast.Attribute) and not dotted(receiver) and _of_library(resolver, receiver.value)
