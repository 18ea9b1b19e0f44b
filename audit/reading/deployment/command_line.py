"""A command line found in a process file."""

from dataclasses import dataclass, field

from audit.model.probes import Probe
from audit.reading.deployment.stop_orders import NO_ORDER, StopOrder


@dataclass(frozen=True)
class Line:
    """The command, the lines of the file that declare it, what restarts it, and the variables it is given.

    `doubt`: why, in French, that restart cannot be told. `copies`: how many run at once, None when that is not told.
    `builds`, `image`: without a command, the Dockerfile (a path of the target) or the image whose own command it runs.
    `user`: the one that a container is given, empty for its image's. `stop`: what its file says of its stop.
    `entry`: the Dockerfile whose `ENTRYPOINT`, if any, comes before the command. `entrypoint`: that of a Dockerfile, word by word.
    `probe`: what asks whether its container lives. `mounts`: folders of its container that outlive it.
    `memory`: the most that its container may use, as written. `before`: what its unit runs first.
    `on_failure`: it is restarted only after a failure. `optional`: it is started only where it is asked for, by a profile.
    `target`: the stage of the Dockerfile that it builds, or that it is; empty for the last.
    `built`: the Dockerfile of its image, with a command of its own or without.
    `asleep`: why, in French, nothing starts it unasked. `of_image`: the image whose `ENTRYPOINT` may come before the command.
    `host`: the name of host that its container is given, `host` for its machine's.
    `forks`: who runs it follows what it leaves behind.
    """

    command: str
    first: int
    last: int
    restart: str
    variables: dict[str, str] = field(default_factory=dict)
    doubt: str = ""
    copies: int | None = 1
    builds: str = ""
    image: str = ""
    user: str = ""
    stop: StopOrder = NO_ORDER
    entry: str = ""
    entrypoint: tuple[str, ...] = ()
    probe: Probe | None = None
    mounts: tuple[str, ...] = ()
    memory: str = ""
    before: str = ""
    on_failure: bool = False
    optional: bool = False
    built: str = ""
    forks: bool = False
    asleep: str = ""
    of_image: str = ""
    target: str = ""
    host: str = ""
