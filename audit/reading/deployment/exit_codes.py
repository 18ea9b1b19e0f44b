"""Whether a script ends well although a command of it died: who starts again « on failure » then leaves it down."""

from audit.reading.deployment import shell_structure as shell
from audit.reading.deployment.shell_reach import Reached


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
