"""What a function makes of the answers it gets, and how what protects it fails: locks, checks, signatures."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class KeyTaken:
    """A key that a function sets only where it is absent, as source text, and whether it expires."""

    key: str
    expires: bool


@dataclass(frozen=True, slots=True)
class KeyDeleted:
    """A key that a function deletes, as source text, on this line; `asked`: it looks first at who holds it."""

    key: str
    line: int
    asked: bool


@dataclass(frozen=True, slots=True)
class SkippedCall:
    """A call that its function may go on without: under a condition, or, with none, whose failure is caught and passed over.

    `sure`: who calls decides it, or nothing does. `leaves`: the function ends there with nothing, which only its caller takes for a yes.
    """

    name: str
    condition: str
    sure: bool
    leaves: bool = False


@dataclass(frozen=True, slots=True)
class OpenAnswer:
    """A function that a function hands out and that answers yes to all, under a condition, written on this line."""

    condition: str
    line: int = 0

    @property
    def unless(self) -> str:
        """The condition under which it is another that is handed out."""
        inner = self.condition.removeprefix("not (")
        return inner.removesuffix(")") if inner != self.condition else f"not ({self.condition})"


@dataclass(frozen=True, slots=True)
class GuardFacts:
    """Of one function; names of calls are as written, lines count from 1 and 0 stands for none.

    `dropped`: calls whose answer is never used; `unasked`: those entered by a `with` that does not look at what it gives.
    A call whose own exception is caught is not dropped: that it went through is its answer. `tries`: it does not wait for what
    another holds, and answers whether it has it. `passed_on`: calls whose answer is the function's own. `stopping`: calls whose true answer ends the function or the turn.
    `refuses`: it raises, aborts or answers an error. `answers`: it returns or yields something. `opens_on_failure`: where an
    outage gives a true answer; `false_on_failure`: where it gives none, or a false one. `checks_then_writes`: where a key or a
    row that was found absent is written, with nothing that keeps another from writing it in between.
    `made`: local names that one call alone gives, with that call. `hands_out`: what it returns, call by call; empty for a function
    of its own, or nothing, and `?` for anything else. `compared`: comparisons, by `==` or `!=`, of what is named as a secret or a signature.
    `opens`: the functions it hands out that answer yes to all.
    """

    dropped: frozenset[str] = frozenset()
    unasked: frozenset[str] = frozenset()
    passed_on: frozenset[str] = frozenset()
    stopping: frozenset[str] = frozenset()
    refuses: bool = False
    answers: bool = False
    tries: bool = False
    opens_on_failure: int = 0
    false_on_failure: int = 0
    taken: tuple[KeyTaken, ...] = ()
    deleted: tuple[KeyDeleted, ...] = ()
    checks_then_writes: int = 0
    compared: tuple[str, ...] = ()
    skipped: tuple[SkippedCall, ...] = ()
    made: tuple[tuple[str, str], ...] = ()
    hands_out: tuple[str, ...] = ()
    opens: tuple[OpenAnswer, ...] = ()
