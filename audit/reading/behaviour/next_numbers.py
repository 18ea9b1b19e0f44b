"""Numbers that follow the greatest or the last one that rows have, given to a new row: two executions give the same."""

import ast
import re
from collections.abc import Iterator

from audit.reading.behaviour.literal_texts import filled_text
from audit.reading.behaviour.local_flow import LocalFlow
from audit.reading.behaviour.scope import Scope, last

_CREATES = frozenset({"create", "acreate", "bulk_create", "add", "insert", "insert_one", "values", "execute", "save"})
_LAST = frozenset({"latest", "alatest", "last", "alast", "count", "acount", "count_documents"})
_GREATEST = re.compile(r"\b(?:Max|max|func\.max|func\.count)\(")
_SQL = re.compile(r"(?i)^\s*select\s+(?:coalesce\(\s*)?(?:max|count)\(")
_INSERTS = re.compile(r"(?i)^\s*insert\b")
# The database refuses one of two equal numbers, and the function says what then.
_REFUSED = re.compile(r"IntegrityError|UniqueViolation|DuplicateKeyError|UniqueConstraint")


def next_numbers(scope: Scope) -> Iterator[ast.Call]:
    """Each call that writes such a number."""
    asking = [c for c in scope.calls if _asks(c)]
    if not asking or _REFUSED.search(ast.unparse(scope.root)):
        return
    flow = LocalFlow(scope, lambda call: call in asking)
    for call in scope.calls:
        if last(call.func) not in _CREATES and not last(call.func)[:1].isupper():
            continue
        if last(call.func) == "execute" and not _INSERTS.search(_text(scope, call)):
            continue
        given = [k.value for k in call.keywords] + (list(call.args[1:]) if last(call.func) == "execute" else [])
        if call not in asking and any(_is_a_number(scope, flow, value) for value in given):
            yield call


def _asks(call: ast.Call) -> bool:
    name = last(call.func)
    if name in {"aggregate", "aaggregate", "select", "query", "scalar"}:
        return _GREATEST.search(ast.unparse(call)) is not None
    if name in {"execute", "fetchval"}:
        return bool(call.args) and _SQL.search(filled_text(call.args[0])) is not None
    # With an argument, `count` is a text's or a list's.
    return name in _LAST and isinstance(call.func, ast.Attribute) and not (name == "count" and call.args)


def _text(scope: Scope, call: ast.Call) -> str:
    return filled_text(scope.given(call.args[0])) if call.args else ""


def _is_a_number(scope: Scope, flow: LocalFlow, value: ast.expr) -> bool:
    """Whether one is added to what was asked: the written number itself, or the only ones that a tuple holds."""
    values = value.elts if isinstance(value, ast.Tuple | ast.List) else [value]
    sums = [v for v in map(scope.given, values) if isinstance(v, ast.BinOp) and isinstance(v.op, ast.Add)]
    return any(
        flow.is_changed(one) and isinstance(one.right, ast.Constant) for one in sums if isinstance(one, ast.BinOp)
    )
