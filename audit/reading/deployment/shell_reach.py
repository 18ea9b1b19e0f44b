"""First question put to each command of a script: is it reached?"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import Enum

from audit.reading.deployment import shell_structure as shell
from audit.reading.deployment.started_programs import started


class End(Enum):
    """Why what follows a part is not reached; `GOES_ON` when it is."""

    GOES_ON = ""
    SERVICE = "waits for a program that stays"
    EXIT = "exit"
    RETURN = "return"
    BREAK = "break"


@dataclass(frozen=True)
class Side:
    """A side of a branch."""

    branch: int
    number: int


@dataclass(frozen=True)
class Reached:
    """A command that a run of the script may reach, and the way to it.

    `on`: the sides it is on. `behind`: sides that went no further, so that a run which comes to it took others.
    `doubt`: why it is not known whether it is reached.
    """

    command: shell.Command
    path: shell.Path
    on: frozenset[Side]
    behind: "tuple[tuple[Side, End], ...]"
    doubt: str

    @property
    def always(self) -> bool:
        """Whether each run of the script comes to it, as far as each command before it succeeds."""
        either = any(isinstance(edge.parent, shell.AndOr) and not edge.guarded for edge in self.path)
        return not (either or self.on or self.behind or self.doubt)

    def excludes(self, other: "Reached") -> bool:
        """Whether one run of the script starts one of the two at most."""
        taken = {side.branch: side.number for side in other.on}
        if any(taken.get(side.branch, side.number) != side.number for side in self.on):
            return True
        return any(side in one.on for one, two in ((self, other), (other, self)) for side, _ in two.behind)

    def implies(self, other: "Reached") -> bool:
        """Whether a run that comes to this one met what the other asks for."""
        taken = {side.branch: side.number for side in self.on}
        behind = {side for side, _ in self.behind}
        return other.on <= self.on and all(
            side in behind or taken.get(side.branch, side.number) != side.number for side, _ in other.behind
        )


@dataclass
class Reach:
    """The commands reached, in order, and what each part met ends in (by the identity of the part)."""

    commands: list[Reached] = field(default_factory=list)
    ends: dict[int, End] = field(default_factory=dict)

    def end(self, node: shell.Node) -> End:
        """What a part ends in; one that is not reached ends in nothing."""
        return self.ends.get(id(node), End.GOES_ON)

    def met(self, node: shell.Node) -> bool:
        """Whether a part is reached."""
        return id(node) in self.ends


@dataclass(frozen=True)
class _Way:
    """How the reading came to a part: sides that ended, each with what it ended in, are behind it."""

    path: shell.Path = ()
    behind: tuple[tuple[Side, End], ...] = ()
    doubt: str = ""

    def past(self, *ended: End) -> "_Way":
        """The same, out of the reach of a `break` or of a `return`."""
        return replace(self, behind=tuple(b for b in self.behind if b[1] not in ended))


_Found = tuple[End, _Way]


def read_reach(script: shell.Node) -> Reach:
    """Follow a script from its first command, and leave what comes after an end."""
    reach = Reach()
    _visit(reach, script, _Way())
    return reach


def _visit(reach: Reach, node: shell.Node, way: _Way) -> _Found:
    found = _FOLLOWERS.get(type(node), _in_order)(reach, node, way)
    reach.ends[id(node)] = found[0]
    return found


def _down(reach: Reach, edge: shell.Edge, way: _Way) -> _Found:
    end, after = _visit(reach, edge.child, replace(way, path=(*way.path, edge)))
    return end, replace(after, path=way.path)


def _in_order(reach: Reach, node: shell.Node, way: _Way) -> _Found:
    for index, part in enumerate(node.parts):
        end, way = _down(reach, shell.Edge(node, part, index, guarded=isinstance(node, shell.Negated)), way)
        if end is not End.GOES_ON:
            return end, way
    return End.GOES_ON, way


def _command(reach: Reach, node: shell.Command, way: _Way) -> _Found:
    on = (Side(id(edge.parent), edge.side) for edge in way.path if edge.side is not None)
    reach.commands.append(Reached(node, way.path, frozenset(on), way.behind, way.doubt))
    if stays(node):
        return End.SERVICE, way
    return (End.EXIT if node.replaces else End.GOES_ON), way


def stays(command: shell.Command) -> bool:
    """Whether the shell that starts a command waits for a worker, a server or beat."""
    service = started(command.words, lasting=False)
    return service is not None and not service.detached


def _leave(_: Reach, node: shell.Leave, way: _Way) -> _Found:
    return End(node.word), way


def _unread(reach: Reach, node: shell.Unread, way: _Way) -> _Found:
    end, after = _in_order(reach, node, replace(way, doubt=node.reason))
    return end, replace(after, doubt=way.doubt if node.body else node.reason)


def _branch(reach: Reach, node: shell.Branch, way: _Way) -> _Found:
    """What follows is not reached only when no side goes on."""
    ends, behind, doubt = list[End](), dict.fromkeys(way.behind), way.doubt
    for number, side in enumerate(node.sides):
        end, _ = _down(reach, shell.Edge(node, side.condition, number, guarded=True), way)
        if end is not End.GOES_ON:
            return _together([*ends, end]), way
        end, after = _down(reach, shell.Edge(node, side.body, number, side=number), way)
        ends.append(end)
        behind |= dict.fromkeys(after.behind)
        doubt = doubt or after.doubt
        if end is not End.GOES_ON:
            behind[Side(id(node), number), end] = None
    end = _together(ends) if node.exhaustive else End.GOES_ON
    return end, replace(way, behind=tuple(behind), doubt=doubt)


def _together(ends: list[End]) -> End:
    if End.GOES_ON in ends:
        return End.GOES_ON
    return End.SERVICE if End.SERVICE in ends else ends[-1]


def _and_or(reach: Reach, node: shell.AndOr, way: _Way) -> _Found:
    """`cd app && exec web` goes no further; `cd app || exit` may."""
    end, way = _down(reach, shell.Edge(node, node.left, guarded=True), way)
    if end is not End.GOES_ON:
        return end, way
    end, way = _down(reach, shell.Edge(node, node.right, 1), way)
    return end if node.operator == "&&" else End.GOES_ON, way


def _loop(reach: Reach, node: shell.Loop, way: _Way) -> _Found:
    end, way = _down(reach, shell.Edge(node, node.condition, guarded=True), way)
    if end is not End.GOES_ON:
        return end, way
    last, way = _down(reach, shell.Edge(node, node.body, 1), way)
    # Nothing comes after a loop without an end, nor after what is waited for in its first turn.
    waits = node.endless or (last is End.SERVICE and node.enters)
    return End.SERVICE if waits else End.GOES_ON, way.past(End.BREAK)


def _each(reach: Reach, node: shell.Each, way: _Way) -> _Found:
    end, way = _in_order(reach, node, way)
    return end if end is End.SERVICE else End.GOES_ON, way.past(End.BREAK)


def _call(reach: Reach, node: shell.Call, way: _Way) -> _Found:
    end, way = _in_order(reach, node, way)
    return End.GOES_ON if end is End.RETURN else end, way.past(End.RETURN)


def _job(reach: Reach, node: shell.Background | shell.Subshell | shell.Shell, way: _Way) -> _Found:
    """What ends a process of its own ends nothing else, but the script waits for a service there, if it waits at all."""
    end, _ = _in_order(reach, node, way)
    if end is End.SERVICE and not isinstance(node, shell.Background):
        return end, way
    return End.EXIT if isinstance(node, shell.Shell) and node.replaces else End.GOES_ON, way


def _pipeline(reach: Reach, node: shell.Pipeline, way: _Way) -> _Found:
    """The status is the last command's, unless `pipefail`: `set -e` does not see the others die."""
    last = len(node.commands) - 1
    edges = (
        shell.Edge(node, command, index, guarded=index < last and not node.pipefail)
        for index, command in enumerate(node.commands)
    )
    ends = [_down(reach, edge, way)[0] for edge in edges]
    return End.SERVICE if End.SERVICE in ends else End.GOES_ON, way


_FOLLOWERS: dict[type[shell.Node], Callable[..., _Found]] = {
    shell.Command: _command,
    shell.Leave: _leave,
    shell.Unread: _unread,
    shell.Branch: _branch,
    shell.AndOr: _and_or,
    shell.Loop: _loop,
    shell.Each: _each,
    shell.Call: _call,
    **dict.fromkeys((shell.Background, shell.Subshell, shell.Shell), _job),
    shell.Pipeline: _pipeline,
}
