"""Locks that a script of Redis takes: its text says whether they expire."""

import ast
import re
from collections.abc import Iterator

from audit.reading.behaviour.scope import Scope, last
from audit.reading.python.child_nodes import walk

_SET = re.compile(r"redis\.p?call\(\s*['\"](?P<name>set|setnx|hsetnx)['\"]\s*,(?P<given>[^)]*)\)", re.IGNORECASE)
_ASKED = re.compile(r"redis\.p?call\(\s*['\"](?:get|exists|setnx|hsetnx|hexists|hget)['\"]", re.IGNORECASE)
_ONCE = re.compile(r"['\"]NX['\"]", re.IGNORECASE)
_ENDS = re.compile(r"['\"](?:EX|PX|EXAT|PXAT|KEEPTTL)['\"]", re.IGNORECASE)
_EXPIRES = re.compile(r"['\"]p?(?:expire(?:at)?|setex)['\"]", re.IGNORECASE)
_RUNNING = frozenset({"eval", "register_script", "script_load"})


def scripted_lock(scope: Scope, call: ast.Call) -> bool | None:
    """Whether the key that a script sets once, run by this call, expires; None for a call that runs none."""
    text = _script(scope, call)
    sets = list(_SET.finditer(text))
    if not sets or not (_ASKED.search(text) or any(_ONCE.search(one["given"]) for one in sets)):
        return None
    return bool(_EXPIRES.search(text)) or all(_ENDS.search(one["given"]) for one in sets)


def is_unread_script(scope: Scope, call: ast.Call) -> bool:
    """Whether a call has Redis run a script whose text is not read."""
    asked = isinstance(call.func, ast.Attribute) and call.func.attr == "eval" and len(call.args) > 1
    return asked and not _text(scope, call.args[0])


def _script(scope: Scope, call: ast.Call) -> str:
    """The text of the script that a call runs; empty where it runs none, or one that is not read."""
    if isinstance(call.func, ast.Attribute) and last(call.func) in _RUNNING and call.args:
        return _text(scope, call.args[0])
    # `acquire = client.register_script(TEXT)`, then `acquire(keys=…)`.
    if "register_script" not in scope.module.source.text or not {a.arg for a in call.keywords} & {"keys", "args"}:
        return ""
    return next((text for one in _registered(scope, last(call.func)) if (text := _text(scope, one))), "")


def _registered(scope: Scope, name: str) -> Iterator[ast.expr]:
    for node in walk(scope.module.tree):
        made = node.value if isinstance(node, ast.Assign) else None
        if not isinstance(node, ast.Assign) or not isinstance(made, ast.Call) or not made.args:
            continue
        if last(made.func) == "register_script" and any(last(t) == name for t in node.targets):
            yield made.args[0]


def _text(scope: Scope, node: ast.expr) -> str:
    value = scope.value(node)
    return value if isinstance(value, str) else ""
