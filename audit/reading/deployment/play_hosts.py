"""On how many hosts the plays of Ansible start a unit."""

import re
from collections.abc import Iterator, Mapping
from posixpath import basename
from typing import Any

from audit.reading.deployment.file_references import Around
from audit.reading.deployment.template_values import variables
from audit.reading.deployment.untyped_values import listed, table, tables

_INVENTORY = re.compile(r"(^|/)(inventor(y|ies)|hosts)[^/]*(/[^/]+)*$")
_GUARDS = frozenset({"when", "run_once", "delegate_to"})
_NESTED = ("block", "tasks", "pre_tasks", "post_tasks", "handlers")
_COUNTED = re.compile(r"range\(\s*(?:(?P<first>\d+)\s*,\s*)?(?P<last>\w+)\s*(?:\+\s*(?P<more>\d+)\s*)?\)")
_RANGE = re.compile(r"\[(\d+):(\d+)\]")


def hosts_of_unit(unit: str, around: Around) -> int:
    """How many hosts start a unit under no condition, as plays and inventories say; 1 where they do not."""
    sizes = _groups(around)
    counts = [sizes.get(name, 1) for name, tasks in _plays(around) if any(_starts(task, unit) for task in tasks)]
    return max(counts, default=1)


def copies_of_template(path: str, around: Around) -> int:
    """How many files the loop of a task makes of a template, of one machine; 1 where no loop does, 2 where it is not read."""
    for task, looped in _loops(basename(path), around):
        made = [v for v in task.values() if isinstance(v, dict) and "src" in v and "item" in str(v.get("dest"))]
        if any(basename(str(one["src"])).startswith(basename(path)) for one in made):
            return _counted(looped, around) or 2
    return 1


def instances_in_plays(unit: str, around: Around) -> int | None:
    """How many instances of a template unit (`worker@`) the loop of a task starts; None where none does, or it is not read."""
    for task, looped in _loops(unit, around):
        named = [str(v.get("name", "")) for v in task.values() if isinstance(v, dict)]
        if any(name.startswith(unit) and "item" in name for name in named):
            return _counted(looped, around)
    return None


def _loops(text: str, around: Around) -> Iterator[tuple[Mapping[str, Any], Any]]:
    """The tasks of files that hold a text, with what each loops over."""
    for source in around.holding(text, ".yml", ".yaml"):
        for entry in tables(next(around.documents(source.path), None)):
            for task in (entry, *_tasks(entry)):
                looped = task.get("loop", task.get("with_items"))
                if looped is not None:
                    yield task, looped


def _counted(looped: Any, around: Around) -> int | None:
    """The turns of a loop over a list, a variable that holds one, or `range(1, count + 1)`; None for any other."""
    known = variables(around)
    named = re.fullmatch(r"\{\{\s*(\w+)\s*\}\}", str(looped))
    held = known.get(named[1]) if named else looped
    if isinstance(held, list | dict):
        return len(held)
    counted = _COUNTED.search(str(looped))
    if counted is None:
        return None
    last = known.get(counted["last"], counted["last"])
    number = int(str(last)) if str(last).isdecimal() else None
    return None if number is None else number + int(counted["more"] or 0) - int(counted["first"] or 0)


def _plays(around: Around) -> Iterator[tuple[str, list[Mapping[str, Any]]]]:
    """The hosts of each play, with the tasks that it runs under no condition, those of its roles included."""
    for source in around.holding("hosts:", ".yml", ".yaml"):
        for play in listed(next(around.documents(source.path), None)):
            if not isinstance(play, dict) or not isinstance(play.get("hosts"), str):
                continue
            roles = [r for r in play.get("roles") or [] if isinstance(r, str | dict)]
            named = [str(r if isinstance(r, str) else r.get("role") or r.get("name")) for r in roles if _is_free(r)]
            own = [*_tasks(play), *(task for role in named for task in _of_role(role, around))]
            yield play["hosts"].strip(), own


def _of_role(role: str, around: Around) -> Iterator[Mapping[str, Any]]:
    for path in around.tree.paths:
        if re.search(rf"(^|/)roles/{re.escape(role)}/tasks/[^/]+\.ya?ml$", path) and (source := around.source(path)):
            for task in listed(next(around.documents(source.path), None)):
                yield from _tasks({"block": [task]})


def _tasks(held: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for key in _NESTED:
        for task in tables(held.get(key)):
            if _is_free(task):
                yield task
                yield from _tasks(task)


def _is_free(task: Any) -> bool:
    return not isinstance(task, dict) or not _GUARDS & task.keys()


def _starts(task: Mapping[str, Any], unit: str) -> bool:
    """Whether a task starts the unit: by its name, or by the one of a loop."""
    looped = task.get("loop", task.get("with_items"))
    items = [str(item) for item in listed(looped)]
    for asked in (value for value in task.values() if isinstance(value, dict)):
        name = str(asked.get("name", "")).removesuffix(".service")
        told = items if "item" in name and "{{" in name else [name]
        if unit in told and (asked.get("state") in {"started", "restarted"} or asked.get("enabled")):
            return True
    return False


def _groups(around: Around) -> dict[str, int]:
    """How many hosts each group of the inventories has; the largest where several say."""
    found: dict[str, int] = {}
    for path in around.tree.paths:
        source = around.source(path) if _INVENTORY.search(path) else None
        if source is None:
            continue
        sizes = (
            _of_yaml(next(around.documents(path), None)) if path.endswith((".yml", ".yaml")) else _of_ini(source.text)
        )
        for name, size in sizes:
            found[name] = max(size, found.get(name, 0))
    return found


def _of_ini(text: str) -> Iterator[tuple[str, int]]:
    for name, body in re.findall(r"(?ms)^\[([\w-]+)\][^\S\n]*$(.*?)(?=^\[|\Z)", text):
        hosts = [line.split()[0] for line in body.splitlines() if line.strip() and line.strip()[0] not in "#;"]
        yield name, sum(_spread(host) for host in hosts)


def _of_yaml(held: Any) -> Iterator[tuple[str, int]]:
    for name, group in table(held).items():
        hosts = table(group).get("hosts")
        if isinstance(hosts, dict):
            yield str(name), sum(_spread(str(host)) for host in hosts)
        yield from _of_yaml(table(group).get("children"))


def _spread(host: str) -> int:
    found = _RANGE.search(host)
    return int(found[2]) - int(found[1]) + 1 if found else 1


def unit_of(path: str) -> str:
    """The name of a unit by that of its file, or of the template that makes it."""
    return basename(path).partition(".service")[0]
