"""Scripts of the target as the files that run them do: each with its own arguments and variables."""

import posixpath
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from audit.reading.deployment.command_line import Line
from audit.reading.deployment.file_references import Around
from audit.reading.deployment.process_runs import Run, arguments_of, ends_with, runners
from audit.reading.deployment.received_stops import environment_of
from audit.reading.source_files import Source

if TYPE_CHECKING:
    from audit.reading.deployment.shell_scripts import Command

Make = Callable[[Source, Line, "Command"], Run]
_SERVICES = frozenset({"compose", "kubernetes"})
_REPLACED = "les services qui construisent `{}` ne lancent pas sa commande"
_UNASKED = "rien de ce qui a été lu ne lance la ligne {} de `{}`"


@dataclass(frozen=True)
class _Call:
    """A way to a script: the run that starts it, which knows what starts its own file, and what it gives."""

    runner: Run
    arguments: tuple[str, ...]
    variables: Mapping[str, str]
    known: bool


def as_called(runs: Sequence[Run], scripts: Sequence[Source], around: Around, make: Make) -> list[Run]:
    """The runs, those of each script that some of them start being what these start of it.

    What none of them reaches stays, asleep.
    """
    sourced = {script.path for script in scripts if _is_sourced(script, scripts)}
    # What a script reads in its own place is told there.
    found = [run for run in runs if run.kind != "shell" or run.path not in sourced]
    for script in sorted(scripts, key=lambda s: _depth(s.path, found, ())):
        calls = list(_calls(script, found, around))
        if not calls:
            continue
        own = [run for run in found if _is_of(run, script.path)]
        made = _made(script, calls, around, make)
        reached = {run.excerpt for run in made}
        by = tuple(call.runner for call in calls)
        left = [
            _asleep(replace(run, by=by), _UNASKED.format(run.excerpt.first_line, run.path))
            for run in own
            if run.process and run.excerpt not in reached
        ]
        at = found.index(own[0]) if own else len(found)
        others = [run for run in found if not _is_of(run, script.path)]
        found = [*others[:at], *made, *left, *others[at:]]
    return found


def _is_sourced(script: Source, scripts: Sequence[Source]) -> bool:
    name = re.escape(posixpath.basename(script.path))
    read = re.compile(rf"(?m)^\s*(?:\.|source)\s+\S?[^;&|\n]*\b{name}\b")
    return any(read.search(other.text) for other in scripts if other.path != script.path)


def _is_of(run: Run, path: str) -> bool:
    return run.kind == "shell" and run.path == path


def _depth(path: str, runs: Sequence[Run], seen: tuple[str, ...]) -> int:
    """How many scripts lead to this one."""
    above = {r.path for r in _naming(path, runs) if r.kind == "shell"} - {*seen, path}
    return 1 + max(_depth(one, runs, (*seen, path)) for one in above) if above and len(seen) < len(runs) else 0


def _naming(path: str, runs: Sequence[Run]) -> list[Run]:
    """Those that start a script; not the image whose own command services replace, or give words to."""
    found = runners(path, runs)
    served = any(r.kind in _SERVICES for r in found)
    return [r for r in found if r.kind != "dockerfile" or not served or runners(r, runs)]


def _calls(script: Source, runs: Sequence[Run], around: Around) -> Iterator[_Call]:
    for runner in _naming(script.path, runs):
        for chain in _chains(runner, runs, (script.path,)):
            given = environment_of(tuple(r for r in chain if r.kind != "shell"), around)
            arguments = arguments_of(chain[0], script.path, runs)
            # A script may export more than is read of it.
            yield _Call(chain[0], arguments, given, all(r.kind != "shell" for r in chain))


def _chains(run: Run, runs: Sequence[Run], seen: tuple[str, ...]) -> Iterator[tuple[Run, ...]]:
    """From a run to those that start its file, one way at a time."""
    above = [] if run.path in seen else runners(run, runs)
    if not above:
        yield (run,)
    for one in above:
        for chain in _chains(one, runs, (*seen, run.path)):
            yield (replace(run, by=(chain[0],)), *chain)


def _made(script: Source, calls: Sequence[_Call], around: Around, make: Make) -> list[Run]:
    """What each way starts; ways that start the same are one, for those that start it."""
    from audit.reading.deployment.shell_scripts import read_commands  # noqa: PLC0415  as in process_files

    told: dict[tuple[tuple[tuple[int, int], tuple[str, ...]], ...], tuple[list[Command], list[Run]]] = {}
    for call in calls:
        read = read_commands(script.text, dict(call.variables), call.arguments, known=call.known, around=around)
        # What it is handed is told where that is written.
        commands = [c for c in read if not (call.arguments and ends_with(call.arguments, c.words))]
        key = tuple((c.lines, c.words) for c in commands)
        told.setdefault(key, (commands, []))[1].append(call.runner)
    found = []
    for commands, by in told.values():
        line = Line(script.text, 1, len(script.lines), "")
        met: list[Run] = []
        for command in commands:
            run = replace(make(script, line, command), by=tuple(by))
            met.append(exclusive(run, met))
        found += met
    return found


def exclusive(run: Run, before: Sequence[Run]) -> Run:
    """The run, whose process is started instead of another of its role where their script does one of the two."""
    process, command = run.process, run.command
    if process is None or command is None:
        return run
    alike = [one.command for one in before if one.process and one.command and one.process.role == process.role]
    instead = any(command.reached.excludes(one.reached) for one in alike)
    return replace(run, process=replace(process, instead=instead))


def replaced(runs: Sequence[Run]) -> list[Run]:
    """The runs, the command of an image being asleep where services build it and give it others."""
    built = {r.line.built for r in runs}
    return [
        _asleep(run, _REPLACED.format(run.path))
        if run.kind == "dockerfile" and run.path in built and not runners(run, runs)
        else run
        for run in runs
    ]


def _asleep(run: Run, why: str) -> Run:
    return replace(run, process=replace(run.process, asleep=why)) if run.process else run
