"""How a process is stopped: who asks it, which of its processes the signal reaches, and how long it is waited for."""

from dataclasses import dataclass, field
from enum import StrEnum

from audit.model.findings import Excerpt


class Receives(StrEnum):
    """What the stop signal reaches.

    MAIN: the program's main process alone; GROUP: its children as well; NOBODY: a shell that keeps the signal to itself;
    UNKNOWN: it cannot be told.
    """

    MAIN = "main"
    GROUP = "group"
    NOBODY = "nobody"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Entry:
    """The command by which a file starts a process through scripts of the project, or through a shell.

    `words`: the command, as it is executed; `scripts`: paths of the scripts on the way, the outermost first;
    `first`: it is process 1 of a container, to which the system gives no signal that it does not handle.
    """

    words: tuple[str, ...]
    scripts: tuple[str, ...]
    first: bool


@dataclass(frozen=True)
class Stop:
    """One way that a process is stopped.

    `by`: who stops it, empty where no file says; `why`: what decides what the signal reaches, a French clause.
    `grace`: seconds until SIGKILL, None where they are not told. `signal`: TERM, QUIT…, as the process gets it.
    `remapped`: whether `REMAP_SIGTERM=SIGQUIT` is in its environment, None where that is not told.
    `place`: the lines that decide. `entry`: how it is started, where that is not by its own command alone.
    """

    by: str
    receives: Receives
    why: str = ""
    grace: float | None = None
    signal: str = "TERM"
    remapped: bool | None = False
    place: Excerpt | None = None
    entry: Entry | None = field(default=None, compare=False)

    @property
    def is_soft(self) -> bool | None:
        """Whether a Celery worker answers by a soft shutdown, and not by a warm one, which waits for its tasks without end."""
        if self.signal == "QUIT":
            return True
        return self.remapped if self.signal == "TERM" else False
