"""Locks that are the presence of something: a flag of a row, a file, an item of a store, a raw command, a task's own class."""

import ast
import re
from collections.abc import Callable

from audit.reading.behaviour.row_objects import ancestors
from audit.reading.behaviour.scope import Scope, keyword, last
from audit.reading.python.abstract_values import ClassValue, External
from audit.reading.python.child_nodes import walk

WORDS = (
    *("execute_command", "O_EXCL", "exist_ok=False", "mkdir(", '"x"', "'x'", "put_item", "celery_singleton"),
    *("running=True", "locked=True", "busy=True", "processing=True", "in_progress=True", "lock=True"),
)
_FLAG = re.compile(r"(?i)(^|_)(running|locked|busy|processing|in_progress|lock)$")
_TIME = re.compile(r"(?i)(_at|_until|_since|_on|expir\w*|timestamp|heartbeat|lease\w*|ttl)$")
_NAMED = re.compile(r"(?i)(?<![a-z])lock(file|ed|dir)?(?![a-z])|mutex|\.pid\b|(?<![a-z])running(?![a-z])")
_REMOVALS = frozenset({"unlink", "remove", "rmdir"})
_EXPIRIES = frozenset({"EX", "PX", "EXAT", "PXAT", "KEEPTTL"})
_HOW = {
    "update": "une colonne mise à vrai, que rien ne date",
    "put_item": "un élément écrit s'il manque, sans durée",
    "execute_command": "",
}
_FILE = "la présence d'un fichier, qui survit à son processus"


def presence_lock(scope: Scope, call: ast.Call, names: set[str]) -> tuple[bool, str] | None:
    """Whether what a call makes present ends by itself, and what it is in French; None for a call that takes no lock."""
    name = last(call.func)
    reader = _READERS.get(name)
    ends = reader(scope, call, names) if reader else None
    return None if ends is None else (ends, "" if ends else _HOW.get(name, _FILE))


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
            texts = (module.source.text for module in scope.machine.project.modules.values())
            return (
                scope.value(told) is not None if told is not None else any("singleton_lock_expiry" in t for t in texts)
            )
    return None


def _of_a_command(scope: Scope, call: ast.Call, _: set[str]) -> bool | None:
    words: list[str] = []
    for argument in call.args:
        value = scope.value(argument)
        words += value.upper().split() if isinstance(value, str) else []
    if words[:1] == ["SETNX"] or (words[:1] == ["SET"] and "NX" in words):
        return bool(_EXPIRIES & set(words))
    return None


def _of_a_flag(scope: Scope, call: ast.Call, _: set[str]) -> bool | None:
    """`filter(running=False).update(running=True)`, given back by another update, without a date that a process could compare."""
    taken = [k.arg for k in call.keywords if k.arg and _FLAG.search(k.arg) and _is(k.value, True)]
    if not taken or any(k.arg and _TIME.search(k.arg) for k in call.keywords):
        return None
    updates = [n for n in walk(scope.module.tree) if isinstance(n, ast.Call) and last(n.func) == "update"]
    if not any(k.arg in taken and _is(k.value, False) for n in updates for k in n.keywords):
        return None
    held = call.func.value if isinstance(call.func, ast.Attribute) else call
    inner = [k for n in walk(held) if isinstance(n, ast.Call) for k in n.keywords]
    free = [k for k in inner if k.arg in taken and _is(k.value, False)]
    return False if free and not any(k.arg and _TIME.search(k.arg.partition("__")[0]) for k in inner) else None


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
    values = [scope.value(argument) for argument in given[:1]]
    path = f"{text} {values[0] if values and isinstance(values[0], str) else ''}"
    named = bool(_NAMED.search(path))
    return False if once and named and (names & _REMOVALS or name != "mkdir") else None


def _is(node: ast.expr | None, value: object) -> bool:
    return isinstance(node, ast.Constant) and node.value == value and type(node.value) is type(value)


_READERS: dict[str, Callable[[Scope, ast.Call, set[str]], bool | None]] = {
    "execute_command": _of_a_command,
    "update": _of_a_flag,
    "put_item": _of_an_item,
    "open": _of_a_file,
    "mkdir": _of_a_file,
    "touch": _of_a_file,
}
