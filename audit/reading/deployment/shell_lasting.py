"""What a shell does after a command of its own died: it stops, it ends, well or not, or something keeps it alive."""

import re

from audit.reading.deployment import shell_structure as shell
from audit.reading.deployment.shell_reach import Reached, stays


def goes_on_after(edge: shell.Edge, scope: shell.Node, *, certainly: bool = False) -> bool:
    """Whether what comes after a part keeps the shell alive, when nothing leaves it first; `certainly`: in all branches."""
    for part in edge.after:
        if not (certainly and isinstance(part, shell.Branch)) and goes_on(part, scope):
            return True
        if _leaves(part, {"exit", "return", "break"}):
            return False
    return False


def exits_after(edge: shell.Edge) -> bool:
    """Whether what comes after a part ends the shell."""
    return any(_leaves(part, {"exit"}) for part in edge.after)


def _leaves(node: shell.Node, words: set[str]) -> bool:
    if isinstance(node, shell.Sequence):
        return any(_leaves(step, words) for step in node.steps)
    return isinstance(node, shell.Leave) and node.word in words


def goes_on(node: shell.Node, scope: shell.Node) -> bool:
    """Whether a part keeps a shell alive: it sleeps for hours, follows a file, serves, loops, or waits for a job of `scope`."""
    if isinstance(node, shell.Background) or (isinstance(node, shell.Call) and node.again):
        return False
    if isinstance(node, shell.Wait):
        return any(isinstance(part, shell.Background) and _works(part) for part in shell.below(scope))
    return _endures(node) or any(goes_on(part, scope) for part in node.parts)


def _works(job: shell.Background) -> bool:
    return any(isinstance(part, shell.Command) or _endures(part) for part in shell.below(job))


def _endures(node: shell.Node) -> bool:
    if isinstance(node, shell.Builtin):
        hours = (re.fullmatch(r"inf(inity)?|\d{4,}|\d+[hd]", word) for word in node.words[1:])
        return node.words[0] == "sleep" and any(hours)
    if isinstance(node, shell.Command):
        return stays(node) or (node.words[0] == "tail" and node.words[1:2] != ("-n",))
    return isinstance(node, shell.Loop) and node.endless


def stops_at(reached: Reached, at: int) -> bool:
    """Whether `set -e` ends, at the death of a command, the shell that runs the step `at` of the way to it."""
    path = reached.path
    shells = shell.holding(path, shell.Shell)
    first = max((index for index in shells if index <= at), default=0)
    inner = min((index for index in shells if index > at), default=len(path))
    item = path[inner].parent if inner < len(path) else reached.command
    guarded = any(edge.guarded for edge in path[first:inner])
    return isinstance(item, shell.Command | shell.Shell) and item.errexit and not guarded


def hides_failure(reached: Reached) -> bool:
    """Whether the failure of a command is not that of the text which holds it: `|| true`, `; exit 0`, `| tee`."""
    for edge in reached.path[::-1]:
        parent = edge.parent
        if isinstance(parent, shell.Background | shell.Loop):
            return False
        if isinstance(parent, shell.Pipeline) and not parent.pipefail and edge.child is not parent.commands[-1]:
            return True
        if reached.command.replaces:
            continue
        if isinstance(parent, shell.AndOr) and parent.operator == "||" and edge.child is parent.left:
            return _ends_well(parent.right)
        if isinstance(parent, shell.Sequence) and parent.steps[edge.index + 1 :]:
            stops = reached.command.errexit and not edge.guarded
            if not stops:
                return _ends_well(parent.steps[-1])
    return False


def _ends_well(last: shell.Node) -> bool:
    """Whether what runs last is no failure by itself: anything but an `exit` of another number."""
    while isinstance(last, shell.Sequence) and last.steps:
        last = last.steps[-1]
    return not isinstance(last, shell.Leave) or last.loops == 0
