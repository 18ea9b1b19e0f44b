"""Which process a stop signal reaches, on the way from what a file starts to a command of it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from audit.model.stops import Receives
from audit.model.word_tables import word_set
from audit.reading.deployment import shell_structure as shell
from audit.reading.deployment.command_wrappers import unwrapped, wrappers
from audit.reading.deployment.shell_reach import Reached

SCRIPT = "script"
_ENDING = frozenset({"TERM", "SIGTERM", "15", "EXIT", "0"})
# Those that start the command as a child of theirs, and of which it is not known what they pass on.
_CHILDREN = word_set("""
    timeout flock runuser setsid time catchsegv dockerize conda mamba pdm rye hatch dotenv honcho foreman watchmedo
    infisical op doppler
""")


@dataclass(frozen=True)
class Reach:
    """The answer, what decides it (in French), and what the signal became on the way, empty for itself."""

    receives: Receives
    why: str = ""
    signal: str = ""


MAIN = Reach(Receives.MAIN)
_UNAWAITED = Reach(
    Receives.NOBODY,
    "le `trap` du script transmet le signal, mais son seul `wait` rend alors la main : le script finit avant le worker",
)


def reach_of(reached: Reached, root: str, variables: Mapping[str, str], script: str = "") -> list[Reach]:
    """What each shell and each wrapper on the way does with the signal, from the outside in.

    `root`: the shell that runs the whole text: `sh` or `bash` that is given it, SCRIPT for that of a file, empty for none.
    """
    path = reached.path
    if root == SCRIPT and shell.holding(path, shell.Background):
        trapped = _trapped(path, script)
        if trapped:
            return [trapped, *wrapped(reached.command.words, variables)]
    return [*_shells(reached, root, variables), *wrapped(reached.command.words, variables)]


def _shells(reached: Reached, root: str, variables: Mapping[str, str]) -> Iterator[Reach]:
    path, name, start = reached.path, root, 0
    for index in shell.holding(path, shell.Job):
        job = path[index].parent
        given = isinstance(job, shell.Shell)
        yield _passed(name, path[start:index], replaces=isinstance(job, shell.Shell) and job.replaces)
        if isinstance(job, shell.Shell):
            yield from wrapped(job.words, variables)
        inner = unwrapped(job.words)[0].rpartition("/")[2] if isinstance(job, shell.Shell) else ""
        name, start = (inner if given else SCRIPT), index
    yield _passed(name, path[start:], replaces=reached.command.replaces)


def _passed(name: str, path: shell.Path, *, replaces: bool) -> Reach:
    """What a shell does for a part of it. Bash given a text replaces itself by its last command; dash does not (measured, 0.5.12)."""
    if replaces or not name:
        return MAIN
    if name == "bash":
        steps = [edge for edge in path if not isinstance(edge.parent, shell.Job)]
        if all(isinstance(edge.parent, shell.Sequence) and len(edge.parent.steps) == 1 for edge in steps):
            return MAIN
        if all(not edge.after and isinstance(edge.parent, shell.Sequence | shell.AndOr) for edge in steps):
            return Reach(Receives.UNKNOWN, "selon sa version, `bash -c` reste entre le signal et sa dernière commande")
    if name == SCRIPT:
        return Reach(Receives.NOBODY, "le shell du script reste, sans `exec`, et garde le signal pour lui")
    return Reach(Receives.NOBODY, f"le shell (`{name} -c`) reste, sans `exec`, et garde le signal pour lui")


def _trapped(path: shell.Path, script: str) -> Reach | None:
    """What the traps of a script do for its jobs; None when it has none that answers to the signal."""
    handlers = [
        part.handler
        for part in shell.below(path[0].parent)
        if isinstance(part, shell.Trap)
        and {s.upper() for s in part.signals} & _ENDING
        and part.handler not in {"", "-"}
    ]
    if not handlers:
        return None
    said = " ; ".join([*handlers, *(body for handler in handlers for body in _bodies(handler, script))])
    if re.search(r"\bkill\b[^;\n]*(\s0\b|\s--\s+-|\s-\$\$|\s-\$\{)", said):
        return Reach(Receives.GROUP, "le `trap` du script envoie le signal à tout son groupe")
    if re.search(r"\bp?kill\b", said):
        return _UNAWAITED if not re.search(r"\bwait\b|\bkill\s+-0\b", said) and _waits_once(path[0].parent) else MAIN
    return Reach(Receives.UNKNOWN, "un `trap` du script répond au signal, et ce qu'il fait ne se lit pas")


def _waits_once(script: shell.Node) -> bool:
    """Whether the last thing that a script does is its only `wait`, which a signal that is trapped ends at once (measured, bash 5.2)."""
    parts = list(shell.below(script))
    waits = [part for part in parts if isinstance(part, shell.Wait)]
    last = script.parts[-1] if script.parts else script
    while isinstance(last, shell.Sequence | shell.AndOr) and last.parts:
        last = last.parts[-1] if isinstance(last, shell.Sequence) else last.parts[0]
    return len(waits) == 1 and last is waits[0]


def _bodies(handler: str, script: str) -> Iterator[str]:
    """The text of the functions that a handler names."""
    for name in re.findall(r"[A-Za-z_][\w-]*", handler):
        found = re.search(
            rf"(?ms)^\s*(?:function\s+)?{re.escape(name)}\s*(?:\(\s*\))?\s*\{{(.*?)(?:^\s*\}}|\}}\s*$)", script
        )
        if found:
            yield found.group(1)


def wrapped(words: Sequence[str], variables: Mapping[str, str]) -> Iterator[Reach]:
    """What the wrappers of a command do with the signal."""
    for name, options in wrappers(words):
        if name == "dumb-init":
            alone = {"-c", "--single-child"} & set(options) or variables.get("DUMB_INIT_SETSID") == "0"
            signal = "QUIT" if re.search(r"(^|\s|=)15:3(\s|$)", " ".join(options)) else ""
            why = "`dumb-init`, sans `--single-child`, envoie le signal à tous les processus"
            yield Reach(Receives.MAIN, "", signal) if alone else Reach(Receives.GROUP, why, signal)
        elif name == "tini" and any(re.fullmatch(r"-[svw]*g[svw]*", option) for option in options):
            yield Reach(Receives.GROUP, "`tini -g` envoie le signal à tous les processus")
        elif name in _CHILDREN:
            yield Reach(Receives.UNKNOWN, f"rien ne dit si `{name}` transmet le signal")
