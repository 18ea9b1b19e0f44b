"""Locks that are the presence of something: a file, an item of a store, a raw command, a task's own class."""

import ast
import re
from collections.abc import Callable, Iterator

from audit.reading.behaviour.possible_values import bound
from audit.reading.behaviour.row_objects import ancestors
from audit.reading.behaviour.scope import Scope, keyword, last
from audit.reading.python.abstract_values import ClassValue, External
from audit.reading.python.child_nodes import walk

WORDS = (
    *("exists(", "is_file(", "isfile("),
    *("execute_command", "O_EXCL", "exist_ok=False", "mkdir(", '"x"', "'x'", "put_item", "celery_singleton"),
)
_NAMED = re.compile(r"(?i)(?<![a-z])lock(file|ed|dir)?(?![a-z])|mutex|\.pid\b|(?<![a-z])running(?![a-z])")
_REMOVALS = frozenset({"unlink", "remove", "rmdir"})
# What is written under another name first is no lock.
_RENAMES = frozenset({"replace", "rename", "link"})
_EXISTS = re.compile(r"FileExistsError|EEXIST")
_WRITES = frozenset({"open", "touch", "write_text", "mkdir", "mknod"})
# They tell whether who made a file still lives.
_STALE = re.compile(r"mtime|os\.kill\(|pid_exists|psutil")
_EXPIRIES = frozenset({"EX", "PX", "EXAT", "PXAT", "KEEPTTL"})
_HOW = {
    "put_item": "un élément écrit s'il manque, sans durée",
    "execute_command": "",
}
FILE = "la présence d'un fichier, qui survit à son processus"


def presence_lock(scope: Scope, call: ast.Call, names: set[str]) -> tuple[bool, str] | None:
    """Whether what a call makes present ends by itself, and what it is in French; None for a call that takes no lock."""
    name = last(call.func)
    reader = _READERS.get(name)
    ends = reader(scope, call, names) if reader else None
    return None if ends is None else (ends, "" if ends else _HOW.get(name, FILE))


def singleton_lock(scope: Scope) -> bool | None:
    """Whether the lock of celery-singleton, the base of a task, expires; None for a task of another base."""
    for decorator in getattr(scope.root, "decorator_list", []):
        base = keyword(decorator, "base") if isinstance(decorator, ast.Call) else None
        value = scope.evaluated(base) if base is not None else None
        classes = [value, *(ancestors(value) if isinstance(value, ClassValue) else ())]
        if (
            any(isinstance(c, External) and c.dotted.startswith("celery_singleton") for c in classes)
            and base is not None
        ):
            told = keyword(decorator, "lock_expiry") if isinstance(decorator, ast.Call) else None
            named = scope.machine.project.naming("singleton_lock_expiry")
            return scope.value(told) is not None if told is not None else bool(named)
    return None


def _of_a_command(scope: Scope, call: ast.Call, _: set[str]) -> bool | None:
    words: list[str] = []
    given = [(a, scope.given(a.value)) if isinstance(a, ast.Starred) else (a, a) for a in call.args]
    parts = (part for _, held in given for part in (held.elts if isinstance(held, ast.List | ast.Tuple) else [held]))
    for part in parts:
        value = scope.value(part)
        words += value.upper().split() if isinstance(value, str) else []
    if words[:1] == ["SETNX"] or (words[:1] == ["SET"] and "NX" in words):
        return bool(_EXPIRIES & set(words))
    return None


def _of_an_item(_: Scope, call: ast.Call, names: set[str]) -> bool | None:
    condition, item = keyword(call, "ConditionExpression"), keyword(call, "Item")
    if condition is None or "attribute_not_exists" not in ast.unparse(condition) or item is None:
        return None
    if "delete_item" not in names and not _NAMED.search(ast.unparse(call)):
        return None
    keys = item.keys if isinstance(item, ast.Dict) else []
    return any(isinstance(k, ast.Constant) and re.search(r"(?i)ttl|expir", str(k.value)) for k in keys)


def _of_a_file(scope: Scope, call: ast.Call, names: set[str]) -> bool | None:
    """A file or a folder made only if it is not there yet, and that something removes or names as a lock."""
    name = last(call.func)
    given = [*call.args, *(k.value for k in call.keywords)]
    text = ast.unparse(call)
    once = (
        "O_EXCL" in text
        or (name == "mkdir" and not _is(keyword(call, "exist_ok"), True))
        or (name == "touch" and _is(keyword(call, "exist_ok"), False))
        or (name == "open" and any(_is(a, mode) for a in given for mode in ("x", "xb")))
    )
    if not once:
        return None
    path = given[0] if call.args else call.func
    named = bool(_NAMED.search(f"{text} {_told(scope, path)}"))
    holder = _class_around(scope)
    names = names | ({last(n.func) for n in walk(holder) if isinstance(n, ast.Call)} if holder else set())
    taken = names & _REMOVALS and not names & _RENAMES and _EXISTS.search(ast.unparse(scope.root))
    return False if ((named and (names & _REMOVALS or name != "mkdir")) or taken) else None


def _told(scope: Scope, path: ast.expr) -> str:
    """What is known of a path: its value, and what its names and the attributes of its object are given."""
    names = [n for n in walk(path) if isinstance(n, ast.Name)]
    kept = [n.attr for n in walk(path) if isinstance(n, ast.Attribute) and last(n.value) == "self"]
    values = [v for n in walk(_class_around(scope) or path) for name in kept for v in bound(n, name)]
    return " ".join([str(scope.value(path)), *(ast.unparse(scope.given(n)) for n in names), *map(ast.unparse, values)])


def _class_around(scope: Scope) -> ast.ClassDef | None:
    return next((n for n in walk(scope.module.tree) if isinstance(n, ast.ClassDef) and scope.root in n.body), None)


def existence_locks(scope: Scope) -> Iterator[ast.If]:
    """Tests that leave where a file is there, before the function writes it, and then removes it."""
    removed = {_target(call) for name in _REMOVALS for call in scope.by_name.get(name, ())}
    written = [(call, _target(call)) for name in _WRITES for call in scope.by_name.get(name, ())]
    for test in scope.all(ast.If) if removed and written else ():
        asked = [
            c for c in walk(test.test) if isinstance(c, ast.Call) and last(c.func) in {"exists", "isfile", "is_file"}
        ]
        leaves = isinstance(test.body[-1], ast.Return | ast.Raise | ast.Continue)
        paths = {_target(call) for call in asked} & removed
        made = any(path in paths and call.lineno > test.lineno for call, path in written)
        if leaves and made and not _STALE.search(ast.unparse(scope.root)):
            yield test


def _target(call: ast.Call) -> str:
    """The path that a function is given, or whose method this is."""
    if call.args and (not isinstance(call.func, ast.Attribute) or ast.unparse(call.func.value) in {"os", "os.path"}):
        return ast.unparse(call.args[0])
    return ast.unparse(call.func.value) if isinstance(call.func, ast.Attribute) else ""


def _is(node: ast.expr | None, value: object) -> bool:
    return isinstance(node, ast.Constant) and node.value == value and type(node.value) is type(value)


_READERS: dict[str, Callable[[Scope, ast.Call, set[str]], bool | None]] = {
    "execute_command": _of_a_command,
    "put_item": _of_an_item,
    "open": _of_a_file,
    "mkdir": _of_a_file,
    "touch": _of_a_file,
}
