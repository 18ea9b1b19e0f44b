"""Shared values read, changed, then written back: two executions at once lose one change."""

import ast
import re
from collections.abc import Iterator
from itertools import takewhile

from audit.model.observations.shared_data import DocumentRewrite, ExclusiveAccess, ReadModifyWrite
from audit.model.word_tables import word_set
from audit.reading.behaviour.accessor_counters import accessor_counters
from audit.reading.behaviour.changed_rows import changed_rows
from audit.reading.behaviour.document_counters import document_counters
from audit.reading.behaviour.local_flow import LocalFlow
from audit.reading.behaviour.next_numbers import next_numbers
from audit.reading.behaviour.scope import Scope, last
from audit.reading.behaviour.store_entries import changed_entries, held_object, is_of_one_field
from audit.reading.python.abstract_values import BoundMethod, FunctionValue
from audit.reading.python.child_nodes import walk

_OF_ONE_RUN = re.compile(r"uuid[14]|token_hex|\brandom\b|request\.id\b|\btime\(\)")
_TRANSACTION = re.compile(r"(?i)atomic|begin|transaction|session")
_OF_ROWS = frozenset({"select_for_update", "with_for_update"})
_LOCKED = word_set("select_for_update with_for_update lock Lock watch acquire transaction register_script multi")
_SERIAL = re.compile(r"(?i)(?:set transaction )?(?:isolation level )?(?:serializable|repeatable[ _]read)")
_READ_FIRST = frozenset({"scalar", "scalar_one", "scalar_one_or_none", "scalars", "first", "one", "fetchval"})
_OF_COLUMNS = frozenset({"values", "values_list"})
_LOCK = re.compile(r"(?i)(?<![bc])lock|mutex|semaphore")
_SETTER = re.compile(r"^(a?set|setex|psetex|hset|hmset|mset|put|store|save|write|replace|update|upsert|patch)(_|$)")
_GETTER = re.compile(r"^(a?get|hget|hgetall|mget|getex|read|load|fetch|find|retrieve|lookup)(_|$)")


def unprotected_counters(scope: Scope) -> Iterator[ReadModifyWrite | ExclusiveAccess]:
    """ReadModifyWrite: on a row that is saved, a key of a store, or a column of an update; ExclusiveAccess: where a lock is taken."""
    if not scope.symbol:
        return
    if is_exclusive(scope):
        yield scope.observed(ExclusiveAccess, scope.root)
    for node in (*changed_rows(scope), *changed_entries(scope), *accessor_counters(scope), *next_numbers(scope)):
        if held := held_object(scope, node):
            yield scope.observed(ReadModifyWrite, node, statement=ast.unparse(node)[:80], held=held)
        else:
            yield from unprotected(scope, node)
    for call in scope.calls:
        if _sets_what_it_got(scope, call) or _adds_to_a_column(scope, call):
            yield from unprotected(scope, call)
        elif (name := _adds_to_what_it_is_given(scope, call)) and not is_protected(scope, call):
            yield scope.observed(ReadModifyWrite, call, statement=ast.unparse(call)[:80], given=name)
    for call in document_counters(scope):
        if not _adds_to_a_column(scope, call):
            yield from unprotected(scope, call, DocumentRewrite)


def unprotected(
    scope: Scope, node: ast.AST, kind: type[ReadModifyWrite] = ReadModifyWrite, statement: str = ""
) -> Iterator[ReadModifyWrite]:
    """What changes a shared value, unless it is under a lock; with the condition of one that is not always taken."""
    if not is_protected(scope, node):
        told = " ".join((statement or ast.unparse(node)).split())[:80]
        yield scope.observed(kind, node, statement=told, locked_if=_condition_of_a_lock(scope, node))


def _condition_of_a_lock(scope: Scope, node: ast.AST) -> str:
    """The test that decides whether a lock is taken before a statement; empty where none is."""
    line = getattr(node, "lineno", 0)
    taken = (c for c in scope.calls if last(c.func) in _LOCKED and c.lineno <= line)
    return next((condition for c in taken if (condition := _decides(scope, c, node))), "")


def _decides(scope: Scope, call: ast.Call, node: ast.AST) -> str:
    """What else must be true for a call to be made, on the way to a statement: `slow` in `if slow and not lock(key)`."""
    inner: ast.AST = call
    after = set(scope.around(node))
    for holder in scope.around(call):
        if isinstance(holder, ast.BoolOp) and isinstance(holder.op, ast.And) and inner is not holder.values[0]:
            return ast.unparse(holder.values[0])
        if isinstance(holder, ast.If) and inner is not holder.test and holder not in after:
            other = holder.orelse if inner in holder.body else holder.body
            if not other or not isinstance(other[-1], ast.Return | ast.Raise | ast.Continue):
                return ast.unparse(holder.test)
        inner = holder
    return ""


def is_exclusive(scope: Scope) -> bool:
    """Whether a function takes a lock, or a decorator that speaks of one surrounds it."""
    decorators: list[ast.expr] = getattr(scope.root, "decorator_list", [])
    return (
        any(last(c.func) in _LOCKED for c in scope.calls)
        or takes_a_lock(scope)
        or any(_LOCK.search(ast.unparse(decorator)) for decorator in decorators)
    )


def is_protected(scope: Scope, node: ast.AST) -> bool:
    """Whether a change is made under a lock: in a block that takes one, after a call that does, or below such a decorator."""
    decorators: list[ast.expr] = getattr(scope.root, "decorator_list", [])
    if any(_LOCK.search(ast.unparse(decorator)) for decorator in decorators) or _is_serial(scope):
        return True
    blocks: list[ast.With | ast.AsyncWith] = [*scope.all(ast.With), *scope.all(ast.AsyncWith)]
    managers = {id(inner) for block in blocks for item in block.items for inner in walk(item.context_expr)}
    around = [n for n in scope.around(node) if isinstance(n, ast.With | ast.AsyncWith)]
    entered = [
        item.context_expr for block in around for item in block.items if not _is_of_one_run(scope, item.context_expr)
    ]
    if any(_LOCK.search(ast.unparse(manager)) or _takes(manager) for manager in entered):
        return True
    line = getattr(node, "lineno", 0)
    locks = [c for c in scope.calls if last(c.func) in _LOCKED and id(c) not in managers and c.lineno <= line]
    locks = [c for c in locks if not _is_over(scope, c, node) and not _holds_others(scope, c, node)]
    taken = [c.lineno for c in locks if not _decides(scope, c, node)]
    freed = [c.lineno for c in scope.calls if last(c.func) == "release" and c.lineno < line and not _ends(scope, c)]
    return bool(taken) and (not freed or max(freed) < max(taken))


def _is_serial(scope: Scope) -> bool:
    """Whether the function asks its database for an isolation that refuses one of two changes."""
    told = [n.value for n in scope.all(ast.Constant)] + [n.attr for n in scope.all(ast.Attribute)]
    return any(isinstance(one, str) and _SERIAL.fullmatch(one.strip()) for one in told)


def _is_of_one_run(scope: Scope, manager: ast.expr) -> bool:
    """Whether a lock has a key of its own at each run, which keeps nobody else out."""
    keys = [scope.given(a) for n in walk(manager) if isinstance(n, ast.Call) for a in n.args]
    return any(_OF_ONE_RUN.search(ast.unparse(key)) for key in keys)


def _is_over(scope: Scope, lock: ast.Call, node: ast.AST) -> bool:
    """Whether the transaction that holds a locked row has ended before a statement."""
    if last(lock.func) not in _OF_ROWS:
        return False
    blocks = [b for b in scope.around(lock) if isinstance(b, ast.With | ast.AsyncWith)]
    holding = [b for b in blocks if any(_TRANSACTION.search(ast.unparse(i.context_expr)) for i in b.items)]
    return bool(holding) and holding[0] not in scope.around(node)


def _holds_others(scope: Scope, lock: ast.Call, node: ast.AST) -> bool:
    """Whether a lock of rows is of another table than the row that a statement changes, which was read before it was taken."""
    target = (
        node.target if isinstance(node, ast.AugAssign) else node.targets[0] if isinstance(node, ast.Assign) else None
    )
    row = target.value if isinstance(target, ast.Attribute) else None
    read = scope.assigned.get(row.id) if isinstance(row, ast.Name) else None
    if last(lock.func) not in _OF_ROWS or read is None or (read.end_lineno or read.lineno) >= lock.lineno:
        return False
    query = [lock, *takewhile(lambda n: not isinstance(n, ast.stmt), scope.around(lock))][-1]
    own, held = _tables(read), _tables(query)
    return bool(own and held) and own.isdisjoint(held)


def _tables(query: ast.AST) -> set[str]:
    names = {last(n) for n in walk(query) if isinstance(n, ast.Name | ast.Attribute)}
    return {name for name in names if name[:1].isupper() and not name.isupper()}


def _takes(manager: ast.expr) -> bool:
    """Whether a manager is made by a call that takes a lock; a mere transaction protects no read."""
    return any(isinstance(n, ast.Call) and last(n.func) in _LOCKED - {"transaction"} for n in walk(manager))


def _ends(scope: Scope, call: ast.Call) -> bool:
    """Whether a lock is given back in a `finally` or where an error is caught: not on the way to what follows the block."""
    return any(isinstance(node, ast.ExceptHandler | ast.If) for node in scope.around(call))


def takes_a_lock(scope: Scope) -> bool:
    """Whether a `with` of the function speaks of a lock."""
    blocks: list[ast.With | ast.AsyncWith] = [*scope.all(ast.With), *scope.all(ast.AsyncWith)]
    return any(_LOCK.search(ast.unparse(item.context_expr)) for block in blocks for item in block.items)


def _sets_what_it_got(scope: Scope, call: ast.Call) -> bool:
    """Whether a store is given a value worked out from the one it had under the same key."""
    if not _is_of_a_store(scope, call, _SETTER):
        return False
    key: list[ast.expr] = []
    values = call.args[:1]
    if last(call.func) not in {"write_text", "write_bytes"}:
        key, values = [scope.given(a) for a in call.args[:1]], [*call.args[1:], *(k.value for k in call.keywords)]
        if not key:
            return False
    wanted = [ast.dump(node) for node in key]

    def is_read(read: ast.Call) -> bool:
        return (
            [ast.dump(scope.given(a)) for a in read.args[:1]] == wanted
            and _is_of_one_store(scope, read, call)
            and _is_of_a_store(scope, read, _GETTER)
        )

    flow = LocalFlow(scope, is_read)
    return any(flow.is_changed(value) for value in values) and is_of_one_field(scope, flow, values)


def _is_of_a_store(scope: Scope, call: ast.Call, names: re.Pattern[str]) -> bool:
    """Whether a call bears the name of a store's and may be one, or is a method of the project that calls one."""
    if names.match(last(call.func)):
        return _reaches(scope, call, names)
    if len(call.args) != (2 if names is _SETTER else 1) or not isinstance(call.func, ast.Attribute):
        return False
    callee = scope.evaluated(call.func)
    inner = walk(callee.function.node) if isinstance(callee, BoundMethod) else ()
    return any(
        isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute) and names.match(n.func.attr) for n in inner
    )


def _reaches(scope: Scope, call: ast.Call, names: re.Pattern[str]) -> bool:
    """Whether a call is a method of a store, or a function of the project that calls one."""
    if isinstance(call.func, ast.Attribute):
        return True
    function = scope.evaluated(call.func)
    inner = walk(function.node) if isinstance(function, FunctionValue) else ()
    return any(
        isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute) and names.match(n.func.attr) for n in inner
    )


def _is_of_one_store(scope: Scope, read: ast.Call, write: ast.Call) -> bool:
    """Whether both are methods of one object, or of one and its pipeline, or functions of the project."""
    if not isinstance(read.func, ast.Attribute) or not isinstance(write.func, ast.Attribute):
        return isinstance(read.func, ast.Name) and isinstance(write.func, ast.Name)
    holders = [write.func.value]
    made = scope.given(write.func.value)
    if isinstance(made, ast.Call) and isinstance(made.func, ast.Attribute) and made.func.attr == "pipeline":
        holders.append(made.func.value)
    return ast.dump(read.func.value) in map(ast.dump, holders)


def _adds_to_a_column(scope: Scope, call: ast.Call) -> bool:
    """`.update({"count": row["count"] + 1})`, `.update(count=row.count + 1)`, `.values(count=row.count + 1)`."""
    if last(call.func) not in {"update", "values", "aupdate", "update_or_create"} or not isinstance(
        call.func, ast.Attribute
    ):
        return False
    given = [*call.args[:1], *(k.value for k in call.keywords if k.arg in {"defaults", "values"})]
    dictionaries = [d for node in given if isinstance(d := scope.given(node), ast.Dict)]
    pairs = [(k, v) for d in dictionaries for k, v in zip(d.keys, d.values, strict=True)]
    named = [(k.value, v) for k, v in pairs if isinstance(k, ast.Constant)]
    named += [(k.arg, k.value) for k in call.keywords if k.arg]
    return any(_is_sum_of(scope, scope.given(value), column) for column, value in named)


def _adds_to_what_it_is_given(scope: Scope, call: ast.Call) -> str:
    """The parameter of a task that an update adds a number to: `.update(sent=n + 1)`, `.set(key, n + 1)`; else empty."""
    if last(call.func) not in {"update", "aupdate", "set", "hset"} or not getattr(scope.root, "decorator_list", []):
        return ""
    values = [k.value for k in call.keywords if k.arg]
    values += list(call.args[1:]) if last(call.func) in {"set", "hset"} else []
    sums = [v for v in map(scope.given, values) if isinstance(v, ast.BinOp) and isinstance(v.op, ast.Add | ast.Sub)]
    own = {a.arg for a in (*scope.spec.posonlyargs, *scope.spec.args)}
    names = [v.left.id for v in sums if isinstance(v.left, ast.Name) and isinstance(v.right, ast.Constant)]
    return next((name for name in names if name in own), "")


def _is_sum_of(scope: Scope, value: ast.expr, column: object) -> bool:
    if not isinstance(value, ast.BinOp) or not isinstance(value.op, ast.Add | ast.Sub):
        return False
    if any(_is_read_of(scope.given(side), column) for side in (value.left, value.right)):
        return True
    for node in (n for side in (value.left, value.right) for n in walk(scope.given(side))):
        if isinstance(node, ast.Subscript) and getattr(node.slice, "value", None) == column:
            return True
        # A column of a class, or of a table (`t.c.count`), is added to by the database.
        if isinstance(node, ast.Call) and last(node.func) in _OF_COLUMNS and _asks(node, column):
            return True
        held = isinstance(node, ast.Attribute) and node.attr == column and last(node.value)
        if held and not held[:1].isupper() and held not in {"c", "columns", "excluded"}:
            return True
    return False


def _is_read_of(value: ast.expr, column: object) -> bool:
    """`session.scalar(select(Stock.quantity)…)`: the column was read by a statement of its own."""
    read = isinstance(value, ast.Call) and last(value.func) in _READ_FIRST
    return read and any(isinstance(n, ast.Attribute) and n.attr == column for n in walk(value))


def _asks(call: ast.Call, column: object) -> bool:
    return any(isinstance(a, ast.Constant) and a.value == column for a in call.args)
