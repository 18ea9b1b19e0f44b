"""The values that charts of Helm and variables of Ansible give to templates, where they give one."""

import re
from collections.abc import Iterator, Mapping
from posixpath import basename, dirname, join
from typing import Any

from audit.model.desks import is_not_served
from audit.reading.deployment.file_references import Around
from audit.reading.deployment.untyped_values import table, tables, within

_SERVING = re.compile(r"(?i)prod|live")
# Where Ansible finds variables, from what gives way to what wins.
_HELD = (r"(^|/)defaults/[^/]+\.ya?ml$", r"(^|/)group_vars/all([./]|$)", r"(^|/)group_vars/", r"(^|/)host_vars/")
_ROLE_VARS = re.compile(r"(^|/)roles/[^/]+/vars/[^/]+\.ya?ml$")
_IN_INI = re.compile(r"(?m)^\s*(\w+)\s*=\s*(.+?)\s*$")
# Filters that leave a value as it is.
_KEPT = re.compile(r"\s*\|\s*(quote|squote|int|string|trim|bool|default\b[^|]*)")
_DEEPEST = 5


def value_of(expression: str, path: str, around: Around) -> str | None:
    """The text that an expression of a template stands for; None where nobody, or more than one, gives it."""
    name = _KEPT.sub("", expression).strip()
    if name.startswith(".Values."):
        return _text(within(_chart_values(path, around), *name.removeprefix(".Values.").split(".")))
    if not re.fullmatch(r"[A-Za-z_]\w*(\.\w+)*", name):
        return None
    found = _text(within(variables(around), *name.split(".")))
    for _ in range(_DEEPEST):
        if found is None or "{{" not in found:
            return found
        found = re.sub(r"\{\{\s*(\w+)\s*\}\}", lambda m: _text(variables(around).get(m[1])) or m[0], found)
    return None


def _text(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int | float) else None


def _chart_values(path: str, around: Around) -> Mapping[str, Any]:
    """`values.yaml` of the chart that holds a template, and that of production over it."""
    chart = path.rpartition("/templates/")[0] if "/templates/" in path else dirname(dirname(path))

    def made(around: Around) -> Mapping[str, Any]:
        beside = [p for p in around.tree.paths if basename(p).startswith("values") and p.endswith((".yaml", ".yml"))]
        base = [p for p in beside if dirname(p) == chart and re.fullmatch(r"values\.ya?ml", basename(p))]
        over = [p for p in beside if p not in base and _SERVING.search(p) and not is_not_served(p)]
        held: dict[str, Any] = {}
        for one in (*base[:1], *over[:1]):
            held = _merged(held, next(around.documents(one), {}))
        return held

    return around.once(f"values of {chart}", made)


def _merged(under: Any, over: Any) -> Any:
    if isinstance(under, dict) and isinstance(over, dict):
        return under | {key: _merged(under.get(key), value) for key, value in over.items()}
    return over


def variables(around: Around) -> Mapping[str, Any]:
    """What Ansible knows under each name: what wins, where those of one rank say the same."""
    return around.once("ansible", _agreed)


def _agreed(around: Around) -> Mapping[str, Any]:
    told: dict[str, tuple[int, list[Any]]] = {}
    for rank, name, value in _said(around):
        before = told.get(name, (-1, []))
        if rank >= before[0]:
            told[name] = rank, [*(before[1] if rank == before[0] else []), value]
    return {name: held[0] for name, (_, held) in told.items() if held.count(held[0]) == len(held)}


def _said(around: Around) -> Iterator[tuple[int, str, Any]]:
    for path in around.tree.paths:
        if is_not_served(path):
            continue
        rank = max((n for n, held in enumerate(_HELD) if re.search(held, path)), default=-1)
        if rank >= 0 or _ROLE_VARS.search(path):
            for document in around.documents(path):
                yield from ((rank if rank >= 0 else len(_HELD) + 1, str(k), v) for k, v in table(document).items())
        elif path.endswith((".yml", ".yaml")):
            yield from _of_plays(path, around)
        elif re.search(r"(^|/)(inventory|hosts)[^/]*$", path) and (source := around.source(path)):
            groups = re.findall(r"(?ms)^\[[\w-]+:vars\]\s*$(.*?)(?=^\[|\Z)", source.text)
            yield from ((2, name, value.strip("\"'")) for group in groups for name, value in _IN_INI.findall(group))


def _of_plays(path: str, around: Around) -> Iterator[tuple[int, str, Any]]:
    source = around.source(path)
    if source is None or "hosts:" not in source.text or "vars" not in source.text:
        return
    for document in around.documents(path):
        for play in (one for one in tables(document) if "hosts" in one):
            files = (around.documents(join(dirname(path), str(file))) for file in play.get("vars_files") or [])
            for held in (play.get("vars"), *(held for file in files for held in file)):
                yield from ((len(_HELD), str(k), v) for k, v in table(held).items())
