"""Procfiles: what they start, and which part of them a program that runs them is asked for."""

import re
from collections.abc import Iterator

from audit.reading.deployment.command_line import Line
from audit.reading.deployment.file_references import Around
from audit.reading.deployment.stop_orders import NO_ORDER, OF_PROCFILE
from audit.reading.source_files import Source

_STARTING = re.compile(
    r"(?i)(^|/)((docker|container)file[^/]*|[^/]*\.(dockerfile|ya?ml|sh|bash|service|conf|ini|toml))$"
)
# What is asked of a runner, to the end of its command.
_STARTS = re.compile(r"\b(?:honcho|foreman|forego|goreman)\b[\"',\s]+start\b[\"',]*([^\n;&|#]*)")
# What Heroku's usual dynos have.
_DYNOS = {"eco": "512M", "basic": "512M", "standard-1x": "512M", "standard-2x": "1024M"}


def _dyno(name: str, around: Around) -> str:
    """The memory of a dyno that `app.json` gives to a process; empty where it says nothing."""
    source = around.source("app.json")
    told = re.search(rf'"{name}"\s*:\s*\{{[^{{}}]*"size"\s*:\s*"([\w-]+)"', source.text) if source else None
    return _DYNOS.get(told[1].lower(), "") if told else ""


def _quantity(name: str, around: Around) -> int:
    """How many dynos `app.json` asks for a process: one where it says nothing."""
    source = around.source("app.json")
    told = re.search(rf'"{name}"\s*:\s*\{{[^{{}}]*"quantity"\s*:\s*(\d+)', source.text) if source else None
    return int(told[1]) if told else 1


def _named(around: Around) -> tuple[str, str] | None:
    """The file that has a part of the Procfile started, and which; None where nothing does, or where something starts it whole."""
    found: dict[str, None] = {}
    place = ""
    for path in around.tree.paths:
        source = around.source(path) if _STARTING.search(path) else None
        for start in _STARTS.finditer(source.text) if source else ():
            words = [word for word in re.split(r"[\s\"',\[\]]+", start[1]) if word]
            if not words or any(word.startswith(("-", "$")) for word in words):
                return None
            found.update(dict.fromkeys(words))
            place = place or path
    return (place, ", ".join(f"`{name}`" for name in found)) if found else None


def read_procfile(source: Source, around: Around) -> Iterator[Line]:
    """`name: command`, one a line, restarted by the platform; `release` runs once, and `Procfile.dev` is for a desk."""
    named = around.once("of a Procfile", _named)
    restart = "platform" if source.path.rpartition("/")[2].lower() == "procfile" else ""
    for number, line in enumerate(source.lines, 1):
        entry = re.match(r"\s*([A-Za-z0-9_-]+):\s*(\S.*)$", line)
        name = entry.group(1) if entry else ""
        if entry and name != "release" and (count := _quantity(name, around)):
            stop = OF_PROCFILE if restart else NO_ORDER
            memory = _dyno(name, around)
            left = named is not None and f"`{name}`" not in named[1]
            apart = f"`{named[0]}` ne lance du Procfile que {named[1]}" if named and left else ""
            yield Line(entry.group(2), number, number, restart, stop=stop, memory=memory, copies=count, asleep=apart)
