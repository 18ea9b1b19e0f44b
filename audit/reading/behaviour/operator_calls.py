"""Calls that no text writes: the special methods that operators, loops, `with` and attributes run of an object."""

import ast
from collections.abc import Callable, Collection, Iterator
from typing import Any

from audit.model.unknown import UNKNOWN
from audit.reading.behaviour.row_objects import owner
from audit.reading.behaviour.scope import Scope, last
from audit.reading.python.abstract_values import ClassValue, FunctionValue, Instance, unwrap
from audit.reading.python.classes import class_attribute

_WALKED = ("__iter__", "__aiter__", "__next__", "__anext__")
_ITEMS = {
    ast.Load: ("__getitem__", "__missing__"),
    ast.Store: ("__setitem__",),
    ast.Del: ("__delitem__",),
}
_BUILT_IN = {
    **dict.fromkeys(("list", "tuple", "set", "sorted", "sum", "any", "all", "dict", "enumerate", "zip"), _WALKED),
    **{name: (f"__{name}__",) for name in ("len", "bool", "str", "repr", "int", "float", "next", "iter", "hash")},
}
_ENTERED = ("__enter__", "__aenter__", "__exit__", "__aexit__")
_OPERATORS = {
    ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.Div: "truediv", ast.BitOr: "or", ast.BitAnd: "and",
    ast.RShift: "rshift", ast.LShift: "lshift", ast.Mod: "mod", ast.MatMult: "matmul", ast.FloorDiv: "floordiv",
}  # fmt: skip
_COMPARED = {
    ast.Eq: "__eq__", ast.NotEq: "__ne__", ast.Lt: "__lt__", ast.LtE: "__le__", ast.Gt: "__gt__", ast.GtE: "__ge__",
}  # fmt: skip


def operator_calls(scope: Scope) -> Iterator[ast.Call]:
    """A call of each special method, or property, of a class of the project that the nodes of a scope run."""
    found = ((node, *one) for kind, look in _FOUND.items() for node in scope.all(kind) for one in look(node))
    for node, holder, names in found:
        known = [n for n in names if scope.machine.graph.methods(n)]
        cls, fields = _of_class(scope, holder) if known else (None, [])
        for name in known if cls else ():
            if cls and (function := _run(cls, name, getattr(node, "attr", ""), fields)):
                made = ast.copy_location(ast.Attribute(holder, name, ast.Load()), node)
                call = ast.copy_location(ast.Call(made, [], []), node)
                scope.parents[call] = node
                scope.stands[made] = function
                yield call


def _of_class(scope: Scope, holder: ast.expr) -> tuple[ClassValue | None, Collection[str]]:
    """The class of the project that an object is of, and the attributes that are known of it."""
    value = scope.evaluated(holder)
    fields: Collection[str] = [*value.fields] if isinstance(value, Instance) else []
    cls = value.cls if isinstance(value, Instance) else owner(scope) if last(holder) == "self" else None
    return (cls if isinstance(cls, ClassValue) else None), fields


def _run(cls: ClassValue, name: str, attribute: str, fields: Collection[str]) -> FunctionValue | None:
    """The method of this name that Python runs; `attribute`: what is read of the object, where something is."""
    found = unwrap(class_attribute(cls, name))[0]
    if not isinstance(found, FunctionValue):
        return None
    if name == attribute:
        return found if found.decorated_by("property", "cached_property") else None
    missing = class_attribute(cls, attribute) is UNKNOWN and attribute not in fields
    return found if name != "__getattr__" or missing else None


_Found = Iterator[tuple[ast.expr, tuple[str, ...]]]


def _item(node: ast.Subscript) -> _Found:
    yield node.value, _ITEMS[type(node.ctx)]


def _attribute(node: ast.Attribute) -> _Found:
    yield node.value, (node.attr, "__getattr__", "__getattribute__")


def _call(node: ast.Call) -> _Found:
    yield node.func, ("__call__",)
    if isinstance(node.func, ast.Name) and node.func.id in _BUILT_IN:
        yield from ((given, _BUILT_IN[node.func.id]) for given in node.args)


def _loop(node: ast.For | ast.AsyncFor | ast.comprehension) -> _Found:
    yield node.iter, _WALKED


def _starred(node: ast.Starred) -> _Found:
    yield node.value, _WALKED


def _with(node: ast.With | ast.AsyncWith) -> _Found:
    yield from ((item.context_expr, _ENTERED) for item in node.items)


def _compared(node: ast.Compare) -> _Found:
    for left, operator, right in zip([node.left, *node.comparators], node.ops, node.comparators, strict=False):
        if isinstance(operator, ast.In | ast.NotIn):
            yield right, ("__contains__", *_WALKED)
        elif type(operator) in _COMPARED:
            yield left, (_COMPARED[type(operator)],)


def _operation(node: ast.BinOp) -> _Found:
    if name := _OPERATORS.get(type(node.op)):
        yield node.left, (f"__{name}__",)
        yield node.right, (f"__r{name}__",)


def _in_place(node: ast.AugAssign) -> _Found:
    if name := _OPERATORS.get(type(node.op)):
        yield node.target, (f"__i{name}__", f"__{name}__")


def _tested(node: ast.If | ast.While) -> _Found:
    yield node.test, ("__bool__", "__len__")


_FOUND: dict[type[ast.AST], Callable[[Any], _Found]] = {
    ast.Subscript: _item,
    ast.Attribute: _attribute,
    ast.Call: _call,
    ast.For: _loop,
    ast.AsyncFor: _loop,
    ast.comprehension: _loop,
    ast.Starred: _starred,
    ast.With: _with,
    ast.AsyncWith: _with,
    ast.Compare: _compared,
    ast.BinOp: _operation,
    ast.AugAssign: _in_place,
    ast.If: _tested,
    ast.While: _tested,
}
