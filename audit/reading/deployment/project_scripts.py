"""The names that `pyproject.toml` gives to commands of the project."""

import tomllib
from collections.abc import Sequence
from typing import Any

from audit.reading.deployment.file_references import Around

_RUNNERS = frozenset({"pdm", "poe", "hatch", "rye", "pixi"})


def project_command(words: Sequence[str], around: Around) -> str | None:
    """The command line that a name stands for; empty for an entry point in Python; None where it is no name of the project."""
    if not words:
        return None
    tables = _tables(around)
    name = words[0].rpartition("/")[2]
    if name in _RUNNERS:
        rest = [word for word in words[1:] if not word.startswith("-") and word != "run"]
        told = tables[1].get(rest[0].rpartition(":")[2]) if rest else None
        return None if told is None else " ".join([told, *rest[1:]]) if told else ""
    if name in tables[1]:
        # `pdm run` is already set aside.
        return " ".join([tables[1][name], *words[1:]]) if tables[1][name] else ""
    return "" if name in tables[0] else None


def _tables(around: Around) -> tuple[set[str], dict[str, str]]:
    """Entry points, and commands by name."""
    source = around.source("pyproject.toml")
    try:
        held = tomllib.loads(source.text) if source else {}
    except tomllib.TOMLDecodeError:
        held = {}
    points = {*_inside(held, "project", "scripts"), *_inside(held, "tool", "poetry", "scripts")}
    commands: dict[str, str] = {}
    for path in (("pdm", "scripts"), ("poe", "tasks"), ("rye", "scripts"), ("pixi", "tasks")):
        commands |= {name: _line(value) for name, value in _inside(held, "tool", *path).items()}
    for one in _inside(held, "tool", "hatch", "envs").values():
        scripts = one.get("scripts") if isinstance(one, dict) else None
        commands |= {n: _line(v) for n, v in scripts.items()} if isinstance(scripts, dict) else {}
    return points, commands


def _inside(held: Any, *keys: str) -> dict[str, Any]:
    for key in keys:
        held = held.get(key) if isinstance(held, dict) else None
    return held if isinstance(held, dict) else {}


def _line(value: Any) -> str:
    """The text of a command, however it is written; empty where it is none."""
    if isinstance(value, dict):
        value = next((value[key] for key in ("cmd", "shell", "command") if key in value), "")
    if isinstance(value, list):
        value = " ".join(str(word) for word in value)
    return value if isinstance(value, str) else ""
