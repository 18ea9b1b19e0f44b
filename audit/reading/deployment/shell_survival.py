"""Third question put to each command of a script: what survives it when it dies, that nobody sees its death?"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from audit.reading.deployment import shell_structure as shell
from audit.reading.deployment.shell_lasting import exits_after, goes_on, goes_on_after, stops_at
from audit.reading.deployment.shell_reach import End, Reach, Reached, stays


class Survivor(Enum):
    """What goes on after the death of a command."""

    NOTHING = "the script ends with it"
    SCRIPT = "the script"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Survival:
    """The answer, and why (in French) it is not known."""

    survivor: Survivor
    doubt: str = ""


_NOTHING = Survival(Survivor.NOTHING)
_SCRIPT = Survival(Survivor.SCRIPT)
_AFTER_WAIT = Survival(
    Survivor.UNKNOWN, "des commandes suivent le `wait` du script, et ce qui survit à sa mort ne se lit pas"
)
_NAMED_WAIT = Survival(
    Survivor.UNKNOWN, "le `wait` du script n'attend qu'une partie de ses processus, et il ne se lit pas laquelle"
)
_AFTER_SIDE = Survival(Survivor.UNKNOWN, "le script le lance sous condition, et ce qui le suit peut survivre à sa mort")


def read_survivals(reach: Reach) -> list[Survival]:
    """What survives each command that is reached: the first survivor, from the shell that starts it to the whole script."""
    survivors = _Survivors(reach, {})
    return [next(survivors.of(reached), _NOTHING) for reached in reach.commands]


def is_meant_to_stay(reached: Reached) -> bool:
    """Whether a command is started to stay: in place of the shell, in the background, or in a loop that does not count."""
    loops = [edge.parent for edge in reached.path if isinstance(edge.parent, shell.Loop)]
    if reached.command.replaces or not all(loop.counted for loop in loops):
        return True
    inner = max(shell.holding(reached.path, shell.Loop), default=0)
    return bool(shell.holding(reached.path[inner:], shell.Background))


@dataclass(frozen=True)
class _Survivors:
    """`awaited`: what survives the jobs of each scope, by the identity of the scope."""

    reach: Reach
    awaited: dict[int, Survival]

    def of(self, reached: Reached) -> Iterator[Survival]:
        """What survives a command, at each level."""
        path, service = reached.path, stays(reached.command)
        # Whether nothing that a shell was to run after the part comes to be run: `exec`, `exit`, or `wait` until its death.
        over = reached.command.replaces
        for index in range(len(path) - 1, -1, -1):
            parent = path[index].parent
            if isinstance(parent, shell.Job):
                over = _is_over(parent)
            if isinstance(parent, shell.Background):
                yield from self.of_job(_scope(path[:index]))
            elif service and not (over or isinstance(parent, shell.Job) or stops_at(reached, index)):
                yield from self.of_followed(path, index)
                over = exits_after(path[index])

    def of_followed(self, path: shell.Path, index: int) -> Iterator[Survival]:
        """What comes after a part, when it goes on; `sure`: the death of the service, and no test, lets it run."""
        sure = all(self.reach.end(edge.child) is End.SERVICE for edge in path[index:])
        if goes_on_after(path[index], _scope(path[: index + 1]), certainly=not sure):
            yield _AFTER_SIDE if isinstance(path[index].parent, shell.Branch | shell.Each) or not sure else _SCRIPT

    def of_job(self, scope: shell.Node) -> Iterator[Survival]:
        """What survives a job in the background, when anything does."""
        if id(scope) not in self.awaited:
            self.awaited[id(scope)] = _awaited(scope, self.reach)
        if self.awaited[id(scope)] is not _NOTHING:
            yield self.awaited[id(scope)]


def _is_over(job: shell.Job) -> bool:
    return isinstance(job, shell.Background) or (isinstance(job, shell.Shell) and job.replaces)


def _scope(path: shell.Path) -> shell.Node:
    """The script, or the part of it that a process of its own runs, which holds the end of a way."""
    jobs = shell.holding(path, shell.Job)
    return path[jobs[-1]].child if jobs else path[0].parent


def _awaited(scope: shell.Node, reach: Reach) -> Survival:
    """What survives a job in the background: nothing when its scope ends as soon as one of its jobs dies."""
    parts = tuple(_own(scope, reach))
    seen = max((at for at, part in enumerate(parts) if _sees_one_die(part, parts[:at])), default=0)
    if reach.end(scope) is End.SERVICE or any(goes_on(part, scope) for part in _after_wait(parts, seen)):
        return _SCRIPT
    if not seen:
        return _NAMED_WAIT if _is_partial(parts) else _SCRIPT
    return _AFTER_WAIT if any(map(_starts, _after_wait(parts, seen))) else _NOTHING


def _after_wait(parts: shell.Parts, at: int) -> list[shell.Node]:
    """What follows; a second `wait` is for the jobs that the script is ending."""
    return [part for part in parts[at:] if not isinstance(part, shell.Wait)]


def _sees_one_die(part: shell.Node, before: shell.Parts) -> bool:
    """Whether it is a `wait` that ends when one of the jobs before it does."""
    if not isinstance(part, shell.Wait):
        return False
    jobs = _jobs(before)
    return jobs == 1 or (jobs > 1 and "-n" in part.jobs)


def _is_partial(parts: shell.Parts) -> bool:
    """Whether the waits of a scope name some of its jobs only; `${jobs[@]}` may name them all."""
    waits = (part for at, part in enumerate(parts) if isinstance(part, shell.Wait) and _jobs(parts[:at]))
    named = {job for wait in waits for job in wait.jobs}
    return 0 < len(named) < _jobs(parts) and not re.search(r"[@*]", "".join(named))


def _jobs(parts: shell.Parts) -> int:
    return sum(isinstance(part, shell.Background) and _starts(part) for part in parts)


def _own(scope: shell.Node, reach: Reach) -> Iterator[shell.Node]:
    """What a scope reaches itself: its waits, its commands, and the jobs that it starts."""
    for part in scope.parts:
        if isinstance(part, shell.Job | shell.Command | shell.Builtin | shell.Wait) and reach.met(part):
            yield part
        elif not isinstance(part, shell.Job):
            yield from _own(part, reach)


def _starts(node: shell.Node) -> bool:
    return any(isinstance(part, shell.Command) for part in shell.below(node))
