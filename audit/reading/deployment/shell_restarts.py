"""Second question put to each command of a script: what starts it again when it dies?"""

from dataclasses import dataclass
from enum import Enum

from audit.reading.deployment import shell_structure as shell
from audit.reading.deployment.shell_lasting import goes_on_after, stops_at
from audit.reading.deployment.shell_reach import End, Reach, Reached


class By(Enum):
    """What starts a command again."""

    LOOP = "a loop of the script"
    NOTHING = "nothing in the script"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Restart:
    """The answer, and why (in French) it is not known."""

    by: By
    doubt: str = ""


_NOTHING = Restart(By.NOTHING)
_UNAWAITED = "une boucle le lance en arrière-plan sans l'attendre, et ce qui l'y fait relancer ne se lit pas"
_NESTED = "une boucle qui finit le lance dans une boucle sans fin, et ce qui l'y fait relancer ne se lit pas"
_RECURSIVE = "une fonction du script s'appelle elle-même après lui, et ce qui l'y fait relancer ne se lit pas"
_TRAPPED = "un `trap` du script répond à la mort de ses processus, et ce qui l'y fait relancer ne se lit pas"


def read_restarts(script: shell.Node, reach: Reach) -> list[Restart]:
    """What starts each command that is reached again: the loop nearest to it when it comes back to it, else nothing."""
    parts = list(shell.below(script))
    trapped = any(isinstance(part, shell.Trap) and _on_death(part) for part in parts)
    recursive = any(isinstance(part, shell.Call) and part.again for part in parts)
    return [_restart(reached, reach, trapped=trapped, recursive=recursive) for reached in reach.commands]


def _restart(reached: Reached, reach: Reach, *, trapped: bool, recursive: bool) -> Restart:
    by_loop = _by_loop(reached, reach)
    if by_loop.by is By.NOTHING and trapped:
        return Restart(By.UNKNOWN, _TRAPPED)
    if by_loop.by is By.NOTHING and recursive and _calls_itself(reached.path):
        return Restart(By.UNKNOWN, _RECURSIVE)
    return by_loop


def _by_loop(reached: Reached, reach: Reach) -> Restart:
    loops = shell.holding(reached.path, (shell.Loop, shell.Each))
    if not loops:
        return _NOTHING
    at = loops[-1]
    if not _comes_back(reached.path[at]):
        outer = any(_comes_back(reached.path[index]) for index in loops[:-1])
        return Restart(By.UNKNOWN, _NESTED) if outer else _NOTHING
    if stops_at(reached, at) or _outlasted(reached.path[at:], reach):
        return _NOTHING
    return _waited(reached.path[at:])


def _comes_back(edge: shell.Edge) -> bool:
    """Whether a loop comes back to its condition, or to its body, whenever what is in it dies."""
    loop = edge.parent
    if not isinstance(loop, shell.Loop) or loop.left:
        return False
    return loop.ends is (shell.Ends.NEVER if edge.child is loop.body else shell.Ends.SUCCESS)


def _outlasted(path: shell.Path, reach: Reach) -> bool:
    """Whether the turn of the loop does not end when the command dies; a job in the background does not hold it."""
    job = max(shell.holding(path, shell.Background), default=-1)
    waiting = (edge for edge in path[job + 1 :] if reach.end(edge.child) is End.SERVICE)
    return any(goes_on_after(edge, path[0].parent) for edge in waiting)


def _waited(path: shell.Path) -> Restart:
    """A job in the background is started again by a loop that waits for its death."""
    jobs = shell.holding(path, shell.Background)
    if not jobs:
        return Restart(By.LOOP)
    around = [edge.parent for edge in path[: jobs[0]] if isinstance(edge.parent, shell.Sequence)]
    # `wait` for all of several would not see one die.
    alone = around[-1].jobs == 1 and bool(around[-1].waits)
    if alone or any(wait.jobs for sequence in around for wait in sequence.waits):
        return Restart(By.LOOP)
    return _NOTHING if len(around) == 1 else Restart(By.UNKNOWN, _UNAWAITED)


def _calls_itself(path: shell.Path) -> bool:
    """Whether what follows a command calls a function that led to it."""
    following = (part for edge in path for step in edge.after for part in shell.below(step))
    return any(isinstance(part, shell.Call) and part.again for part in following)


def _on_death(trap: shell.Trap) -> bool:
    """Whether a trap does something when a child of the shell dies."""
    names = {signal.upper().removeprefix("SIG") for signal in trap.signals}
    return trap.handler not in {"", "-"} and bool(names & {"CHLD", "CLD", "17"})
