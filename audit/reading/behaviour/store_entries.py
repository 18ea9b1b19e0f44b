"""Values of a store read, changed, then written back: by its entries (`client[key]`), or by its items (`put_item`)."""

import ast
import re
from collections.abc import Iterator

from audit.reading.behaviour.local_flow import LocalFlow
from audit.reading.behaviour.scope import Scope, keyword, last
from audit.reading.python.abstract_values import ClassValue, External, Instance
from audit.reading.python.child_nodes import walk
from audit.reading.python.parameters import parameters_of

_STORES = re.compile(
    r"(?i)^(redis|valkey|shelve|dbm|diskcache|sqlitedict|pickledb|zodb|plyvel|lmdb|rocksdict|leveldb|etcd3?|consul|"
    r"pymemcache|bmemcached|aerospike|couchdb|tinydb|walrus|pottery|django\.core\.cache|flask_caching)\b"
)
_WRITES = re.compile(r"^(a?set|put|store|save|replace|upsert)$|^(put|replace|upsert|update|store|save|write|set)_\w+$")
_READS = re.compile(r"^(a?get|fetch|load|retrieve|lookup)$|^(get|read|fetch|find|load|query|retrieve)_\w+$")
_CONDITIONS = frozenset({"ConditionExpression", "Expected", "IfMatch", "if_match", "match_condition", "etag", "cas"})
_KEYS = ("Key", "key", "name", "TableName", "Bucket", "item", "id", "path")
# What `get` takes away, or holds for one task only.
# What an object is called, or made by, that others see too.
_SHARED = re.compile(
    r"(?i)client|redis|cache|store|storage|repo|db|session|conn|table|bucket|api|service|manager|registry|proxy|remote"
)
_NOT_STORES = re.compile(r"\bqueue\b|Queue$|ContextVar$|tkinter")


def changed_entries(scope: Scope) -> Iterator[ast.stmt | ast.Call]:
    """What gives an entry or an item of a store a value worked out from the one it had."""
    for change in scope.all(ast.AugAssign):
        if isinstance(change.target, ast.Subscript) and _is_a_store(scope, change.target.value):
            yield change
    for node in scope.all(ast.Assign):
        for target in node.targets:
            entry = target if isinstance(target, ast.Subscript) and _is_a_store(scope, target.value) else None
            if entry is not None and _comes_from_the_entry(scope, entry, node.value):
                yield node
    for call in scope.calls:
        if isinstance(call.func, ast.Attribute) and _WRITES.match(call.func.attr) and _replaces(scope, call):
            yield call


def held_object(scope: Scope, node: ast.AST) -> str:
    """The local name of an object of which `x.set_state(…)` writes what `x.get_state()` gave, without a key; empty for a store's.

    Such an object may be the function's own, or its caller's: nothing tells that others see it.
    """
    setter = node.func if isinstance(node, ast.Call) and len(node.args) == 1 and not node.keywords else None
    if not isinstance(setter, ast.Attribute) or not isinstance(setter.value, ast.Name):
        return ""
    name, getter = setter.value.id, setter.attr.replace("set_", "get_", 1)
    made = scope.given(setter.value)
    if getter == setter.attr or (name not in parameters_of(scope.spec) and made is setter.value):
        return ""
    asks = any(
        isinstance(c.func, ast.Attribute) and c.func.attr == getter and ast.unparse(c.func.value) == name and not c.args
        for c in scope.calls
    )
    # A class of the project is read: it says itself whether it asks a store.
    own = isinstance(cls := getattr(scope.evaluated(setter.value), "cls", None), ClassValue) and cls is not None
    return name if asks and not own and not _SHARED.search(f"{name} {ast.unparse(made)}") else ""


def _is_a_store(scope: Scope, node: ast.expr) -> bool:
    node = scope.given(node)
    blocks: list[ast.With | ast.AsyncWith] = [*scope.all(ast.With), *scope.all(ast.AsyncWith)]
    for block in blocks:
        for item in block.items:
            if item.optional_vars is not None and ast.unparse(item.optional_vars) == ast.unparse(node):
                node = item.context_expr
    maker = node.func if isinstance(node, ast.Call) else None
    if isinstance(maker, ast.Attribute) and isinstance(scope.evaluated(maker.value), Instance):
        # What a method of a client gives is a copy.
        return False
    value = scope.evaluated(node)
    told = value.cls if isinstance(value, Instance) else value
    name = told.dotted if isinstance(told, External) else ""
    made = scope.external(node.func) if isinstance(node, ast.Call) else ""
    return bool(_STORES.match(name) or _STORES.match(made))


def _comes_from_the_entry(scope: Scope, target: ast.Subscript, value: ast.expr) -> bool:
    """Whether a value is the entry's own with something added: read by its key, or by `get`."""
    entry = ast.unparse(target)
    got = f"{ast.unparse(target.value)}.get({ast.unparse(target.slice)}"
    told = [value, scope.given(value)]
    told += [scope.given(n) for v in tuple(told) for n in walk(v) if isinstance(n, ast.Name)]
    texts = [ast.unparse(v) for v in told]
    added = any(isinstance(n, ast.BinOp) for v in told for n in walk(v))
    return added and any(entry in text or got in text for text in texts)


def _replaces(scope: Scope, call: ast.Call) -> bool:
    """Whether an item is written whole, under no condition, by a value worked out from what the same object gave."""
    if len(call.args) > 1 or any(keyword(call, name) is not None for name in _CONDITIONS):
        return False
    if not isinstance(call.func, ast.Attribute) or _NOT_STORES.search(_library(scope, call.func.value)):
        return False
    holder = call.func.value
    where = ast.dump(holder)

    def is_read(read: ast.Call) -> bool:
        return (
            isinstance(read.func, ast.Attribute)
            and bool(_READS.match(read.func.attr))
            and ast.dump(read.func.value) == where
            and not _is_of_another_key(scope, read, call)
        )

    flow = LocalFlow(scope, is_read)
    given = [*call.args, *(k.value for k in call.keywords)]
    return any(flow.is_changed(value) for value in given) and is_of_one_field(scope, flow, given)


def is_of_one_field(scope: Scope, flow: LocalFlow, given: list[ast.expr]) -> bool:
    """Whether a field is given a value worked out from the same field; true where no dictionary names the fields."""
    changed = [
        (field, value)
        for node in given
        for inner in walk(scope.given(node))
        if isinstance(inner, ast.Dict)
        for key, value in zip(inner.keys, inner.values, strict=True)
        if (field := _field(key)) and not isinstance(value, ast.Dict) and flow.is_changed(value)
    ]
    asked = [(field, _fields_read(scope, value)) for field, value in changed]
    return not asked or any(not read or field in read for field, read in asked)


def _field(key: ast.expr | None) -> str:
    """The name of a field, without the sign of a placeholder."""
    return str(key.value).lstrip(":#") if isinstance(key, ast.Constant) else ""


def _fields_read(scope: Scope, value: ast.expr) -> set[str]:
    """The fields that a value is worked out from: `document["sent"]`, `document.get("sent")`."""
    told = [value, *(scope.given(n) for n in walk(value) if isinstance(n, ast.Name))]
    nodes = [n for v in told for n in walk(v)]
    keys = [n.slice for n in nodes if isinstance(n, ast.Subscript)]
    keys += [n.args[0] for n in nodes if isinstance(n, ast.Call) and n.args and last(n.func) == "get"]
    return {_field(key) for key in keys} - {""}


def _library(scope: Scope, node: ast.expr) -> str:
    value = scope.evaluated(node)
    told = value.cls if isinstance(value, Instance) else value
    return told.dotted if isinstance(told, External) else ast.unparse(node)


def _is_of_another_key(scope: Scope, read: ast.Call, write: ast.Call) -> bool:
    """Whether both name their keys, and not the same."""
    for name in _KEYS:
        one, other = keyword(read, name), keyword(write, name)
        if one is not None and other is not None and ast.dump(scope.given(one)) != ast.dump(scope.given(other)):
            return True
    wanted = scope.given(keyword(read, "Key") or next(iter(read.args), ast.Constant(None)))
    written = scope.given(keyword(write, "Item") or next(iter(write.args), ast.Constant(None)))
    if not isinstance(wanted, ast.Dict) or not isinstance(written, ast.Dict):
        return False
    asked = {ast.dump(k): ast.dump(v) for k, v in zip(wanted.keys, wanted.values, strict=True) if k}
    given = {ast.dump(k): ast.dump(v) for k, v in zip(written.keys, written.values, strict=True) if k}
    return any(given[key] != value for key, value in asked.items() if key in given)
