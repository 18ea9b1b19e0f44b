"""What a shell script does, as a tree: commands, sequences, branches, loops, calls, jobs in the background, shells."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from enum import Enum
from functools import cached_property


@dataclass(frozen=True, eq=False)
class Node:
    """A part of a script. Two parts that read the same are two."""

    @cached_property
    def parts(self) -> "tuple[Node, ...]":
        """The parts of this one, in the order in which they are met."""
        held = (getattr(self, one.name) for one in fields(self))
        nested = (value if isinstance(value, tuple) else (value,) for value in held)
        return tuple(part for values in nested for part in values if isinstance(part, Node))


@dataclass(frozen=True, eq=False)
class Command(Node):
    """A program started, its words expanded. `errexit`: `set -e` is on. `replaces`: `exec` puts it in place of the shell."""

    words: tuple[str, ...]
    first: int
    last: int
    errexit: bool
    replaces: bool


@dataclass(frozen=True, eq=False)
class Builtin(Node):
    """A command that starts nothing of interest: `echo`, `cd`, `sleep`."""

    words: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Leave(Node):
    """`exit`, `return`, or a `break` out of some loops."""

    word: str
    loops: int


@dataclass(frozen=True, eq=False)
class Wait(Node):
    """`wait` for all jobs, for those of `jobs`, or for the first to die (`-n`)."""

    jobs: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Trap(Node):
    """A text run when a signal comes, and the signals."""

    handler: str
    signals: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Unread(Node):
    """What goes past the bounds of the reading, or is not the syntax of a shell: `body` is what was made of it."""

    reason: str
    body: Node | None = None


@dataclass(frozen=True, eq=False)
class Sequence(Node):
    """Steps, one after the other."""

    steps: tuple[Node, ...] = ()

    @cached_property
    def jobs(self) -> int:
        """How many of the steps run in the background."""
        return sum(isinstance(step, Background) for step in self.steps)

    @cached_property
    def waits(self) -> tuple[Wait, ...]:
        """The steps that are a `wait`, or begin with one (`wait $! || true`)."""
        return tuple(first for first in map(_first, self.steps) if isinstance(first, Wait))


def _first(step: Node) -> Node:
    while isinstance(step, AndOr | Sequence) and step.parts:
        step = step.parts[0]
    return step


@dataclass(frozen=True, eq=False)
class Alternative(Node):
    """One side of a branch: what tells whether it is taken, and what it does."""

    condition: Node
    body: Node


@dataclass(frozen=True, eq=False)
class Branch(Node):
    """`if`, `case`, `test … && …`: one run takes one side at most, and one in all cases when it is `exhaustive`."""

    sides: tuple[Alternative, ...]
    exhaustive: bool


@dataclass(frozen=True, eq=False)
class AndOr(Node):
    """`a && b` or `a || b`, where `a` is a command and not a test."""

    operator: str
    left: Node
    right: Node


class Ends(Enum):
    """What ends a loop, `break` aside."""

    NEVER = "never"
    SUCCESS = "its condition is a command, whose success ends it"
    OTHERWISE = "a failure, a test, a count"


@dataclass(frozen=True, eq=False)
class Loop(Node):
    """`while`, `until`, `for ((;;))`. `counted`: a number of turns is all it does. `enters`: it has a first turn."""

    condition: Node
    body: Node
    ends: Ends
    counted: bool
    enters: bool

    @cached_property
    def left(self) -> bool:
        """Whether `break`, `exit`, `return` or `exec` may leave it."""
        return any(_leaves(part, loops=1, called=False) for part in self.parts)

    @property
    def endless(self) -> bool:
        """Whether nothing but a signal ends it."""
        return self.ends is Ends.NEVER and not self.left


def _leaves(node: Node, *, loops: int, called: bool) -> bool:
    """Whether a part leaves the loop that is `loops` above it, in the shell of that loop."""
    if isinstance(node, Leave):
        return {"exit": True, "return": not called, "break": not called and node.loops >= loops}[node.word]
    if isinstance(node, Command | Shell):
        return node.replaces
    if isinstance(node, Job):
        return False
    inner = loops + isinstance(node, Loop | Each)
    return any(_leaves(part, loops=inner, called=called or isinstance(node, Call)) for part in node.parts)


@dataclass(frozen=True, eq=False)
class Each(Node):
    """`for name in words`: its turns."""

    turns: tuple[Node, ...]


@dataclass(frozen=True, eq=False)
class Call(Node):
    """The body of a function where it is called. `again`: from inside itself."""

    body: Node
    again: bool


@dataclass(frozen=True, eq=False)
class Negated(Node):
    """`! command`."""

    body: Node


class Job(Node):
    """What a process of its own runs: its `exit` is not the script's."""


@dataclass(frozen=True, eq=False)
class Background(Job):
    """`… &`: what follows does not wait for it."""

    body: Node


@dataclass(frozen=True, eq=False)
class Subshell(Job):
    """`( … )`."""

    body: Node


@dataclass(frozen=True, eq=False)
class Pipeline(Job):
    """Commands joined by `|`. `pipefail`: a failure of any is its own."""

    commands: tuple[Node, ...]
    pipefail: bool


@dataclass(frozen=True, eq=False)
class Shell(Job):
    """`bash -c text`, with `errexit` and `replaces` as for a command; `words` are all those of it, wrappers included."""

    body: Node
    errexit: bool
    replaces: bool
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Edge:
    """A step from a part to one of its parts, the `index`th.

    `guarded`: its failure is no reason for `set -e` to stop. `side`: which side of a branch it is.
    """

    parent: Node
    child: Node
    index: int = 0
    guarded: bool = False
    side: int | None = None

    @property
    def after(self) -> tuple[Node, ...]:
        """What runs next in the same part when the child dies of an error; of a condition, what may run."""
        if isinstance(self.parent, Sequence | Each):
            return self.parent.parts[self.index + 1 :]
        return _otherwise(self.parent, self.index) if self.side is None else ()


def _otherwise(node: Node, index: int) -> tuple[Node, ...]:
    """What a part runs when the first of those in it, or a condition of a branch, fails."""
    if isinstance(node, Branch):
        return tuple(side.body for side in node.sides[index:])
    again = isinstance(node, Loop) and node.ends is Ends.SUCCESS
    instead = isinstance(node, AndOr) and node.operator == "||"
    return node.parts[1:] if index == 0 and (again or instead) else ()


Parts = tuple[Node, ...]
# From the whole script down to a command.
Path = tuple[Edge, ...]


def holding(path: Path, kinds: type[Node] | tuple[type[Node], ...]) -> list[int]:
    """Where a way goes through parts of these kinds, from the script down."""
    return [index for index, edge in enumerate(path) if isinstance(edge.parent, kinds)]


def below(node: Node) -> Iterator[Node]:
    """A part and all those below it, in the order in which they are met."""
    queue = [node]
    while queue:
        current = queue.pop()
        yield current
        queue.extend(reversed(current.parts))
