"""The process that is watched in place of Celery: the end of its pipe, or what its script goes on with."""

from collections.abc import Sequence

from audit.reading.deployment import shell_structure as shell
from audit.reading.deployment.process_runs import Run

_WATCHING = frozenset({"compose", "kubernetes", "systemd", "supervisor", "circus", "dockerfile", "render"})


def watched_instead(chain: Sequence[Run]) -> tuple[str, str]:
    """Why what is watched is the end of a pipe, and why it may be, or may be another process, in French; empty for nothing.

    `chain`: the run of a process, those that start its file, and those that start theirs.
    """
    run = chain[0]
    watching = next((one for one in chain if one.kind in _WATCHING), None)
    for held, text in ((run.handed, run.script), (run.command, run.line.command)):
        path = held.reached.path if held else ()
        pipe = next((at for at, edge in enumerate(path) if _is_headed(edge)), None)
        if pipe is None:
            continue
        if any(isinstance(edge.parent, shell.Background) for edge in path[:pipe]):
            return (f"`$!` y est celui du bout du tube, `{run.path}`", "") if "$!" in text else ("", "")
        if watching is None or any(isinstance(edge.parent, shell.Loop) for edge in path):
            continue
        told = f"`{watching.path}` surveille un tube dont Celery n'est pas le bout"
        return (told, "") if watching.line.on_failure and not _fails(path[pipe].parent) else ("", told)
    if run.alone and watching is not None and not watching.line.forks:
        return "", f"`{watching.path}` surveille ce que `{run.path}` lance ensuite"
    return "", ""


def _is_headed(edge: shell.Edge) -> bool:
    return isinstance(edge.parent, shell.Pipeline) and edge.child is not edge.parent.commands[-1]


def _fails(pipe: shell.Node) -> bool:
    return isinstance(pipe, shell.Pipeline) and pipe.pipefail
