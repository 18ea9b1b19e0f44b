"""A command that a process file runs, and the runs of other files that start that file."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import takewhile
from typing import TYPE_CHECKING

from audit.model.facts import Process
from audit.model.findings import Excerpt
from audit.reading.deployment.command_line import Line
from audit.reading.deployment.command_wrappers import unwrapped
from audit.reading.deployment.started_programs import empties

if TYPE_CHECKING:
    from audit.reading.deployment.shell_scripts import Command

_HANDS_OVER = re.compile(r"\$[{]?[@*]")
SHELLS = frozenset({"bash", "sh", "dash", "ash", "zsh"})
# Those that end when one of their processes does.
_PROCFILE_RUNNERS = frozenset({"honcho", "foreman", "forego", "hivemind", "overmind", "goreman"})


@dataclass(frozen=True)
class Run:
    """A command that a line of a process file runs, or (`words` empty) an image that it starts.

    `alone`: its death does not end what its file starts. `process` is what it starts, when that is known.
    `called`: the words of a service after the `ENTRYPOINT` of its image, when they start nothing by themselves. `command`: how the shell comes to it. `handed`: where `script`, the text of the script that is run, comes to what it is handed.
    """

    kind: str
    line: Line
    words: tuple[str, ...]
    restart: str
    excerpt: Excerpt
    alone: bool = False
    process: Process | None = None
    command: "Command | None" = None
    handed: "Command | None" = None
    called: tuple[str, ...] = ()
    script: str = ""

    @property
    def path(self) -> str:
        """The file that holds it."""
        return self.excerpt.path

    @property
    def doubt(self) -> str:
        """Why it is not known what brings it back, whoever runs its file."""
        if self.alone:
            return ""
        return (self.command.doubt if self.command else "") or self.line.doubt

    @property
    def is_settled(self) -> bool:
        """Whether those that run its file change nothing to what brings it back."""
        return self.alone or bool(self.doubt) or (bool(self.restart) and self.kind != "procfile")

    @cached_property
    def empties(self) -> str:
        """What it empties, as `commands.empties` says it."""
        return empties(self.words)


def runners(run: Run, runs: Sequence[Run]) -> list[Run]:
    """Runs of other files that start this file."""
    find = {"dockerfile": _image_runners, "procfile": _procfile_runners, "shell": _script_runners}.get(run.kind)
    return find(run, runs) if find else []


def _image_runners(run: Run, runs: Sequence[Run]) -> list[Run]:
    built = {r.line.image for r in runs if r.line.builds == run.path} - {""}
    return [r for r in runs if not r.words and (r.line.builds == run.path or r.line.image in built)]


def _procfile_runners(_: Run, runs: Sequence[Run]) -> list[Run]:
    return [r for r in runs if _starts_procfile(r.words) and r.kind != "makefile"]


def _script_runners(run: Run, runs: Sequence[Run]) -> list[Run]:
    name = run.path.rpartition("/")[2]
    naming = [r for r in runs if r.path != run.path and any(word.endswith(name) for word in r.called or r.words)]
    scripts = {r.path for r in runs if r.kind == "shell"} if naming else set()
    return [r for r in naming if run.path in _scripts_of(r, scripts, runs)]


def _scripts_of(runner: Run, scripts: set[str], runs: Sequence[Run]) -> list[str]:
    """The script that it runs, and the one that this script, the `ENTRYPOINT` of an image, is given and hands over to.

    An entry without any command of its own only hands over, or is no script of the target.
    """
    first = _script(runner.called or runner.words, scripts)
    text = next((r.line.command for r in runs if r.kind == "shell" and r.path == first), "")
    handed = runner.called and (not first or _HANDS_OVER.search(text))
    return [first, *([_script(runner.words, scripts)] if handed else [])]


def _starts_procfile(words: Sequence[str]) -> bool:
    inner = unwrapped(words)
    return bool(
        inner[1:]
        and inner[0].rpartition("/")[2] in _PROCFILE_RUNNERS
        and inner[1] in {"start", "s"}
        and not {"-f", "--procfile"} & set(inner)
    )


def _script(words: Sequence[str], scripts: set[str]) -> str:
    """The script of the target that a command runs, known by the end of its path; empty when none, or several, may be it."""
    name = _run_file(unwrapped(words))
    parts = name.split("/")[::-1]
    alike = [(_common(parts, path), path) for path in sorted(scripts) if path.rpartition("/")[2] == parts[0]]
    best = max((count for count, _ in alike), default=0)
    found = [path for count, path in alike if count == best]
    return found[0] if len(found) == 1 else ""


def _run_file(words: Sequence[str]) -> str:
    """The first word, or the one that a shell is given."""
    if words and words[0].rpartition("/")[2] in SHELLS:
        words = [word for word in words[1:] if not word.startswith("-")]
    return words[0] if words else ""


def _common(parts: Sequence[str], path: str) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(parts, path.split("/")[::-1], strict=False)))
