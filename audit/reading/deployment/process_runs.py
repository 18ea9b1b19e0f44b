"""A command that a process file runs, and the runs of other files that start that file."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import dropwhile, takewhile
from typing import TYPE_CHECKING

from audit.model.facts import Process
from audit.model.findings import Excerpt
from audit.reading.deployment.command_line import Line
from audit.reading.deployment.command_wrappers import unwrapped

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
    `by`: the runs of other files that start it, where that is settled. `called`: the words of a service after the `ENTRYPOINT` of its image, when they start nothing by themselves. `command`: how the shell comes to it. `handed`: where `script`, the text of the script that is run, comes to what it is handed.
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
    by: "tuple[Run, ...] | None" = None

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


def runners(run: Run | str, runs: Sequence[Run]) -> list[Run]:
    """Runs of other files that start this file, or a script of this path."""
    if isinstance(run, str):
        return _script_runners(run, runs)
    if run.by is not None:
        return list(run.by)
    if run.kind == "shell":
        return _script_runners(run.path, runs)
    find = {"dockerfile": _image_runners, "procfile": _procfile_runners}.get(run.kind)
    return find(run, runs) if find else []


def _image_runners(run: Run, runs: Sequence[Run]) -> list[Run]:
    built = [r for r in runs if r.line.builds == run.path and r.line.target == run.line.target]
    images = {r.line.image for r in built} - {""}
    others = {r.line.builds for r in runs if r.line.builds} | {r.path for r in runs if r.kind == "dockerfile"}
    if not built and others == {run.path}:
        # The only image of the target, run under the name of its application.
        images = {r.line.image for r in runs if _is_named_after(r.line.image, run)}
    return [r for r in runs if not r.words and (r in built or (not r.line.builds and r.line.image in images))]


def _is_named_after(image: str, run: Run) -> bool:
    application = str(run.process.options.get("app", "")).partition(":")[0].partition(".")[0] if run.process else ""
    name = image.rpartition("/")[2].partition("@")[0].partition(":")[0].replace("-", "_")
    return bool(application) and name in {application, f"{application}_worker", f"{application}_celery"}


def _procfile_runners(_: Run, runs: Sequence[Run]) -> list[Run]:
    return [r for r in runs if _starts_procfile(r.words) and r.kind != "makefile"]


def _script_runners(path: str, runs: Sequence[Run]) -> list[Run]:
    name = path.rpartition("/")[2]
    naming = [r for r in runs if r.path != path and any(word.endswith(name) for word in r.called or r.words)]
    scripts = _scripts(path, runs) if naming else set()
    return [r for r in naming if path in _scripts_of(r, scripts, runs)]


def _scripts(path: str, runs: Sequence[Run]) -> set[str]:
    return {path, *(r.path for r in runs if r.kind == "shell")}


def _scripts_of(runner: Run, scripts: set[str], runs: Sequence[Run]) -> list[str]:
    """The script that it runs, and the one that this script, the `ENTRYPOINT` of an image, is given and hands over to.

    An entry without any command of its own only hands over, or is no script of the target.
    """
    first = _script(runner.called or runner.words, scripts)
    text = next((r.line.command for r in runs if r.kind == "shell" and r.path == first), "")
    handed = runner.called and (not first or _HANDS_OVER.search(text))
    return [first, *([_script(runner.words, scripts)] if handed else [])]


def arguments_of(runner: Run, path: str, runs: Sequence[Run]) -> tuple[str, ...]:
    """What a run gives to the script that it starts."""
    scripts = _scripts(path, runs)
    given = runner.called or runner.words
    words = unwrapped(given if _script(given, scripts) == path else runner.words)
    if words and words[0].rpartition("/")[2] in SHELLS:
        words = list(dropwhile(lambda word: word.startswith("-"), words[1:]))
    return tuple(words[1:])


def ends_with(words: Sequence[str], command: Sequence[str]) -> bool:
    """Whether these words end with a command, wrappers aside."""
    inner = unwrapped(command)
    return unwrapped(words)[-len(inner) :] == inner


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
