"""The names that a project gives to commands of its own: in `pyproject.toml`, `setup.cfg`, `setup.py`, what was built of them."""

import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from posixpath import basename
from typing import Any

from audit.reading.deployment.file_references import Around
from audit.reading.deployment.untyped_values import table, within
from audit.reading.source_files import Source

_RUNNERS = frozenset({"pdm", "poe", "hatch", "rye", "pixi"})
_FILES = frozenset({"pyproject.toml", "setup.cfg", "setup.py", "entry_points.txt"})
_POINT = re.compile(r"^\s*([\w.-]+)\s*=\s*([\w.]+)\s*:\s*([\w.]+)")
_WRITTEN = re.compile(r"[\"']\s*([\w.-]+)\s*=\s*([\w.]+)\s*:\s*([\w.]+)[^\"']*[\"']")


@dataclass(frozen=True)
class Point:
    """An entry point, `module:function`, and the line that names it."""

    module: str
    function: str
    source: Source
    line: int


def project_command(words: Sequence[str], around: Around) -> str:
    """The command line that a name stands for; empty where it stands for none, or for an entry point."""
    if not words:
        return ""
    commands = _commands(around)
    name = words[0].rpartition("/")[2]
    if name in _RUNNERS:
        rest = [word for word in words[1:] if not word.startswith("-") and word != "run"]
        told = commands.get(rest[0].rpartition(":")[2]) if rest else ""
        return " ".join([told, *rest[1:]]) if told else ""
    # `pdm run` is already set aside.
    return " ".join([commands[name], *words[1:]]) if commands.get(name) else ""


def entry_points(around: Around) -> dict[str, Point]:
    """Console scripts by name: those of the sources first, those of an unpacked distribution else."""
    paths = [p for p in around.tree.paths if basename(p) in _FILES and "node_modules" not in p]
    sources = [
        source for p in sorted(paths, key=lambda p: basename(p) == "entry_points.txt") if (source := around.source(p))
    ]
    found: dict[str, Point] = {}
    for source in sources:
        for name, module, function in _points(source):
            found.setdefault(name, Point(module, function, source, _line_of(source, name)))
    return found


def _points(source: Source) -> Iterator[tuple[str, str, str]]:
    name = basename(source.path)
    if name == "pyproject.toml":
        held = _toml(source)
        points = {**_inside(held, "project", "scripts"), **_inside(held, "tool", "poetry", "scripts")}
        for key, value in points.items():
            module, _, function = _reference(value).partition(":")
            yield key, module, function
    elif name == "setup.py":
        # `entry_points={"console_scripts": ["name = module:function"]}`, however it is laid out.
        after = source.text.partition("console_scripts")[2].partition("]")[0]
        yield from _WRITTEN.findall(after)
    else:
        yield from ((m[1], m[2], m[3]) for line in _listed(source) if (m := _POINT.match(line)))


def _listed(source: Source) -> Iterator[str]:
    """Lines below `[console_scripts]`, or below `console_scripts =` of `setup.cfg`."""
    inside = False
    for line in source.lines:
        if re.match(r"\s*\[?console_scripts\]?\s*=?\s*$", line):
            inside = True
        elif line.startswith("[") or re.match(r"\w+\s*=\s*$", line):
            inside = False
        elif inside:
            yield line


def _reference(value: Any) -> str:
    """`module:function`, which poetry also writes in a table."""
    value = value.get("reference", value.get("callable", "")) if isinstance(value, dict) else value
    return value if isinstance(value, str) else ""


def _line_of(source: Source, name: str) -> int:
    named = re.compile(rf"(^|[\"'\s]){re.escape(name)}[\"']?\s*=")
    return next((number for number, line in enumerate(source.lines, 1) if named.search(line)), 1)


def _commands(around: Around) -> dict[str, str]:
    """What the runners of a project have by name."""
    source = around.source("pyproject.toml")
    held = _toml(source) if source else {}
    commands: dict[str, str] = {}
    for path in (("pdm", "scripts"), ("poe", "tasks"), ("rye", "scripts"), ("pixi", "tasks")):
        commands |= {name: _line(value) for name, value in _inside(held, "tool", *path).items()}
    for one in _inside(held, "tool", "hatch", "envs").values():
        commands |= {name: _line(value) for name, value in _inside(one, "scripts").items()}
    return commands


def _toml(source: Source) -> dict[str, Any]:
    try:
        return tomllib.loads(source.text)
    except tomllib.TOMLDecodeError:
        return {}


def _inside(held: Any, *keys: str) -> dict[str, Any]:
    return table(within(held, *keys))


def _line(value: Any) -> str:
    """The text of a command, however it is written; empty where it is none."""
    if isinstance(value, dict):
        value = next((value[key] for key in ("cmd", "shell", "command") if key in value), "")
    if isinstance(value, list):
        value = " ".join(str(word) for word in value)
    return value if isinstance(value, str) else ""
