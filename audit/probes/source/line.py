"""A command line found in a process file."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Line:
    """The command, the lines of the file that declare it, what restarts it, and the variables it is given."""

    command: str
    first: int
    last: int
    restart: str
    variables: dict[str, str] = field(default_factory=dict)
