"""Fields of a document that are read, added to in Python, then given to what updates the document in its store."""

import ast
import re
from collections.abc import Iterator

from audit.reading.behaviour.scope import Scope, last
from audit.reading.python.child_nodes import walk

_UPDATES = re.compile(r"(?:^|_)(?:update|patch|upsert|modify)(?:_|$)|^bulk_write$")
_OPERATORS = frozenset({"$set", "$setOnInsert", "doc", "set"})


def document_counters(scope: Scope) -> Iterator[ast.Call]:
    """`service.patch(key, {"used": item.get("used", 0) + 1})`, where the dictionary is written, or filled by its entries."""
    for call in scope.calls:
        if not isinstance(call.func, ast.Attribute) or not _UPDATES.search(call.func.attr.removesuffix("update_state")):
            continue
        given = [*call.args, *(k.value for k in call.keywords)]
        # With one argument it may be a dictionary's own method.
        if last(call.func) == "update" and len(given) < 2 and not isinstance(call.func.value, ast.Call):
            continue
        pairs = [pair for node in given for pair in _entries(scope, node)]
        asked = {field for field, value in pairs if not isinstance(scope.given(value), ast.BinOp)}
        own = {ast.unparse(n) for n in given if isinstance(scope.given(n), ast.Dict)} | {ast.unparse(call.func.value)}
        if any(field not in asked and _adds_to(scope, value, field, own) for field, value in pairs):
            yield call


def _entries(scope: Scope, node: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    """The fields of a dictionary with their values, those under `$set` and those that a statement sets later included."""
    made = scope.given(node)
    for key, value in zip(made.keys, made.values, strict=True) if isinstance(made, ast.Dict) else ():
        if isinstance(key, ast.Constant) and key.value in _OPERATORS:
            yield from _entries(scope, value)
        elif key is not None:
            yield ast.dump(key), value
    for statement in scope.all(ast.Assign) if isinstance(node, ast.Name) else ():
        for target in statement.targets:
            if isinstance(target, ast.Subscript) and last(target.value) == last(node):
                yield ast.dump(target.slice), statement.value


def _adds_to(scope: Scope, value: ast.expr, field: str, own: set[str]) -> bool:
    """Whether a value is a sum of what the same field of another document holds."""
    total = scope.given(value)
    if not isinstance(total, ast.BinOp) or not isinstance(total.op, ast.Add | ast.Sub):
        return False
    sides = [n for side in (total.left, total.right) for n in walk(side)]
    behind = [scope.given(n) for n in sides if isinstance(n, ast.Name)]
    return any(_reads(n, field, own) for n in (*sides, *(inner for b in behind for inner in walk(b))))


def _reads(node: ast.AST, field: str, own: set[str]) -> bool:
    if isinstance(node, ast.Subscript):
        return ast.dump(node.slice) == field and ast.unparse(node.value) not in own
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or node.func.attr != "get":
        return False
    return bool(node.args) and ast.dump(node.args[0]) == field and ast.unparse(node.func.value) not in own
