"""The other files of a target that a process file refers to, or that are laid over it."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from posixpath import dirname
from typing import Any, TypeVar

import yaml

from audit.reading.source_files import Source, Tree, read_text

Made = TypeVar("Made")
_SCRIPTS = (".sh", ".bash", ".yml", ".yaml", ".mk", ".service", ".target", ".env", ".conf", ".ini", ".j2", ".in", ".tf")


@dataclass(frozen=True)
class Around:
    """Files of the tree, each read once."""

    tree: Tree
    _read: dict[str, Source | None] = field(default_factory=dict)
    _made: dict[str, Any] = field(default_factory=dict)

    def source(self, path: str) -> Source | None:
        """A file of the tree; None when it has none of this path that can be read."""
        if path not in self._read:
            self._read[path] = read_text(self.tree, path) if path in self.tree.paths else None
        return self._read[path]

    def once(self, name: str, make: "Callable[[Around], Made]") -> Made:
        """What is made of these files, under a name: it is made when first asked for."""
        if name not in self._made:
            self._made[name] = make(self)
        made: Made = self._made[name]
        return made

    def documents(self, path: str) -> Iterator[Any]:
        """What a file of YAML holds, as far as it can be read."""
        source = self.source(path)
        try:
            yield from yaml.safe_load_all(source.text) if source else ()
        except (yaml.YAMLError, RecursionError):
            return

    def beside(self, path: str) -> list[str]:
        """Paths in the same folder, sorted."""
        return [p for p in self.tree.paths if dirname(p) == dirname(path)]

    def inside(self, folder: str, suffix: str) -> list[str]:
        """Paths of this suffix directly in a folder, sorted."""
        return [p for p in self.tree.paths if dirname(p) == folder and p.endswith(suffix)]

    def scripts(self, text: str) -> Iterator[Source]:
        """What holds a text among scripts, plays, pipelines, units and files of variables, whatever their suffix."""
        for path in self.tree.paths:
            name = path.rpartition("/")[2]
            if "." not in name or name.startswith(".env") or name.endswith(_SCRIPTS):
                source = self.source(path)
                if source and text in source.text:
                    yield source

    def given_once(self, name: str) -> str:
        """The one text that files of deployment give to a variable; empty where they give none, or several."""
        given = re.compile(rf"(?m)^\s*(?:-\s+)?(?:export\s+|ENV\s+|.*\s)?{name}\s*[=:]\s*[\"']?([\w./-]+)")
        texts = (source.text for source in self.holding(name, ".env", ".sh", "file", ".yml", ".yaml", ".service"))
        found = {value for text in texts for value in given.findall(text)}
        return found.pop() if len(found) == 1 else ""

    def holding(self, text: str, *suffixes: str) -> Iterator[Source]:
        """Files of these suffixes that hold a text."""
        for path in self.tree.paths:
            source = self.source(path) if path.endswith(suffixes) else None
            if source and text in source.text:
                yield source


def assignments(text: str) -> dict[str, str]:
    """The variables that a file of `NAME=value` lines, or a script, sets."""
    pairs = re.findall(r"(?m)^\s*(?:export\s+)?(\w+)=(.*)$", text)
    return {name: value.strip().strip("\"'") for name, value in pairs}
