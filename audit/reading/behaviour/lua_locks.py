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
_KEPT = frozenset({"register_script", "script_load"})
_FILE = ".lua"


def scripted_lock(scope: Scope, call: ast.Call) -> bool | str | None:
    """Whether the key that a script sets once, run by this call, expires; why nobody knows; None for a call that takes none."""
    script = _script(scope, call)
    texts = _texts(scope, script) if script else []
    told = [ends for text in texts if (ends := _ends(text)) is not None]
    if not all(told) and len(texts) > 1:
        return f"`{ast.unparse(call)[:60]}` : l'un des scripts que ce nom désigne pose un verrou sans durée"
    return all(told) if told else None


def sets_once(scope: Scope, call: ast.Call) -> bool:
    """Whether a call runs a script that does `SET … NX`, or `SETNX`."""
    script = _script(scope, call)
    texts = _texts(scope, script) if script else []
    sets = [one for text in texts for one in _SET.finditer(text)]
    return any(one["name"].lower() == "setnx" or _ONCE.search(one["given"]) for one in sets)


def _ends(text: str) -> bool | None:
    """Whether the key that a text sets once expires; None where it sets none."""
    sets = list(_SET.finditer(text))
    if not sets or not (_ASKED.search(text) or any(_ONCE.search(one["given"]) for one in sets)):
        return None
    return bool(_EXPIRES.search(text)) or all(_ENDS.search(one["given"]) for one in sets)


def unread_script(scope: Scope, call: ast.Call) -> str:
    """What names the script that a call has Redis run, where its text is not read; empty for any other call."""
    script = _script(scope, call)
    return ast.unparse(script) if script and not _texts(scope, script) else ""


def _script(scope: Scope, call: ast.Call) -> ast.expr | None:
    """What holds the text of the script that a call runs; None where it runs none."""
    name = last(call.func)
    if isinstance(call.func, ast.Attribute) and name in _RUNNING and call.args:
        return call.args[0] if name in _KEPT or len(call.args) > 1 else None
    if isinstance(call.func, ast.Attribute) and name == "evalsha" and call.args:
        return next(_registered(scope, last(call.args[0])), call.args[0])
    # `acquire = client.register_script(TEXT)`, then `acquire(keys=…)`.
    if "register_script" not in scope.module.source.text or not {a.arg for a in call.keywords} & {"keys", "args"}:
        return None
    return next(_registered(scope, name), None)


def _registered(scope: Scope, name: str) -> Iterator[ast.expr]:
    for node in walk(scope.module.tree):
        made = node.value if isinstance(node, ast.Assign) else None
        if not isinstance(node, ast.Assign) or not isinstance(made, ast.Call) or not made.args:
            continue
        if last(made.func) in _KEPT and any(last(t) == name for t in node.targets):
            yield made.args[0]


def _texts(scope: Scope, node: ast.expr) -> list[str]:
    """The text of a script, or those of the files that an expression may name; none where nobody knows."""
    value = scope.value(node)
    if isinstance(value, str):
        return [value] if value.strip() else []
    given = [node]
    for name in walk(node):
        kept = scope.of_module.get(name.id) if isinstance(name, ast.Name) else None
        given += [kept] if kept is not None else []
        given += [
            n.value for n in scope.all(ast.Assign) if isinstance(name, ast.Name) and name.id in map(last, n.targets)
        ]
    patterns = [pattern for part in given for inner in walk(part) if (pattern := _pattern(inner))]
    return [text for path, text in scope.machine.project.scripts.items() if any(re.search(p, path) for p in patterns)]


def _pattern(node: ast.AST) -> str:
    """The paths that end as a text does, whatever it is given: `f"{name}.lua"`; empty for what names no script."""
    parts = node.values if isinstance(node, ast.JoinedStr) else [node]
    texts = [p.value if isinstance(p, ast.Constant) and isinstance(p.value, str) else None for p in parts]
    if not parts or not (texts[-1] or "").endswith(_FILE) or texts == [_FILE]:
        return ""
    return (
        "(?:^|/)"
        + "".join("[^/]*" if t is None else re.escape(t.lstrip("./") if parts[1:] == [] else t) for t in texts)
        + "$"
    )
