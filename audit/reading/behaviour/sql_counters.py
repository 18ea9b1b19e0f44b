"""Columns read by one statement of SQL, changed in Python, then written back by another."""

import ast
import re
from collections.abc import Iterator, Sequence

from audit.model.observations.shared_data import ReadModifyWrite
from audit.reading.behaviour.counters import unprotected
from audit.reading.behaviour.literal_texts import filled_text
from audit.reading.behaviour.local_flow import LocalFlow
from audit.reading.behaviour.scope import Scope, last

_RUN = frozenset({"execute", "exec_driver_sql", "scalar", "scalars", "fetchval", "fetchrow", "fetch_one", "fetch_val"})
_FETCH = frozenset({"fetchone", "fetchall", "fetchval", "scalar", "scalar_one", "first", "one", "one_or_none"})
_TEXTS = frozenset({"text", "SQL"})
_SELECT = re.compile(r"(?is)^\s*select\s+(.+?)\s+from\s+([\w.\"]+)")
_UPDATE = re.compile(r"(?is)^\s*update\s+([\w.\"]+)\s+set\s+(.+?)(?:\s+where\s+(.+))?$")
_ASSIGNED = re.compile(r"(\w+)\"?\s*=\s*(?::\w+|%s|%\(\w+\)s|\?|\$\d+|\{\})\s*(?:,|;|$)")
_LOCKS = re.compile(
    r"(?i)\bfor (no key )?update\b|\block table\b|advisory|serializable|repeatable read|\bbegin (immediate|exclusive)\b"
)


def sql_counters(scope: Scope) -> Iterator[ReadModifyWrite]:
    """ReadModifyWrite: a column updated with a sum of what a `select` of the same table gave."""
    if not scope.symbol:
        return
    ran = [(call, sql) for call in scope.calls if last(call.func) in _RUN and (sql := _sql(scope, call))]
    if any(_LOCKS.search(sql) for _, sql in ran):
        return
    for call, sql in ran:
        update = _UPDATE.match(sql)
        for column in _ASSIGNED.findall(update.group(2)) if update else ():
            # `… where sent = :seen` writes nothing when somebody else wrote first.
            guarded = re.search(rf"\b{column}\b", update.group(3) or "") if update else None
            reads = [c for c, other in ran if update and _reads(other, update.group(1), column)]
            if reads and not guarded and _adds(scope, call, reads):
                yield from unprotected(scope, call, statement=sql)


def _sql(scope: Scope, call: ast.Call) -> str:
    """The statement that a call runs, with `{}` where a text holds a value; empty when it is no text."""
    given = scope.given(call.args[0]) if call.args else None
    if isinstance(given, ast.Call) and last(given.func) in _TEXTS and given.args:
        given = scope.given(given.args[0])
    return filled_text(given) if given is not None else ""


def _reads(sql: str, table: str, column: str) -> bool:
    select = _SELECT.match(sql)
    if select is None or select.group(2).strip('"').lower() != table.strip('"').lower():
        return False
    return bool(re.search(rf"(?i)\b{column}\b|\*", select.group(1)))


def _adds(scope: Scope, call: ast.Call, reads: Sequence[ast.Call]) -> bool:
    """Whether a parameter of this call is a sum of what one of these gave."""
    flow = LocalFlow(scope, lambda inner: inner in reads or _fetches(scope, inner, reads))
    return any(flow.is_changed(node) for node in (*call.args, *(k.value for k in call.keywords)))


def _fetches(scope: Scope, call: ast.Call, reads: Sequence[ast.Call]) -> bool:
    """`cursor.fetchone()` after `cursor.execute(…)`, unless the same cursor ran something in between."""
    if last(call.func) not in _FETCH or not isinstance(call.func, ast.Attribute):
        return False
    cursor = ast.dump(call.func.value)
    before = [
        c
        for c in scope.calls
        if isinstance(c.func, ast.Attribute)
        and last(c.func) in _RUN
        and c.args
        and ast.dump(c.func.value) == cursor
        and (c.lineno, c.col_offset) < (call.lineno, call.col_offset)
    ]
    return bool(before) and max(before, key=lambda c: (c.lineno, c.col_offset)) in reads
