"""The command by which a file starts a worker, where a script of the project or a shell stands between the two."""

import shlex
from collections.abc import Iterator, Sequence

from audit.model.stops import Entry
from audit.reading.deployment.command_wrappers import unwrapped
from audit.reading.deployment.dockerfiles import read_image
from audit.reading.deployment.entry_scripts import called_script
from audit.reading.deployment.file_references import Around
from audit.reading.deployment.process_runs import SHELLS, Run

_OUTSIDE_CONTAINERS = frozenset({"supervisor", "systemd", "procfile", "shell", "makefile"})


def entry_of(chain: Sequence[Run], around: Around) -> Entry | None:
    """The words of the outermost command, and the scripts that it comes through; None where the worker is started bare.

    `chain`: from the run that starts the worker to those that start it. A script that no file starts tells no command.
    """
    starter = next((run for run in chain if run.kind != "shell" and run.line.command), None)
    if starter is None:
        return None
    words = _words(starter, around)
    if not words:
        return None
    scripts = tuple(dict.fromkeys(_scripts(words, starter, chain, around)))
    is_shell = unwrapped(words)[:1] and unwrapped(words)[0].rpartition("/")[2] in SHELLS
    if not scripts and not is_shell:
        return None
    outermost = chain[-1].kind not in _OUTSIDE_CONTAINERS
    return Entry(words, scripts, first=starter.kind not in _OUTSIDE_CONTAINERS and outermost)


def _words(run: Run, around: Around) -> tuple[str, ...]:
    """What is executed: after the `ENTRYPOINT` of its image, given to a shell where the file does so."""
    try:
        own = shlex.split(run.line.command)
    except ValueError:
        return ()
    source = around.source(run.line.entry) if run.line.entry else None
    image = read_image(source, run.line.target) if source else None
    if run.line.stop.shell:
        own = [run.line.stop.shell, "-c", run.line.command]
    return (*(image.entrypoint if image else ()), *own)


def _scripts(words: Sequence[str], starter: Run, chain: Sequence[Run], around: Around) -> Iterator[str]:
    """Those that the words name, then those that start one another down to the worker."""
    dockerfile = starter.line.entry or (starter.path if starter.kind == "dockerfile" else "")
    for place in range(len(words)):
        script = (
            called_script(unwrapped(words[place:]), around, dockerfile) if "/" in words[place] or not place else None
        )
        if script:
            yield script.path
    for run in reversed(chain):
        if run.kind == "shell":
            yield run.path
