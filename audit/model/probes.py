"""A probe of an orchestrator, which runs a command in the container of a process."""

from dataclasses import dataclass

from audit.model.findings import Excerpt


@dataclass(frozen=True)
class Probe:
    """`kills`: a container that fails it is stopped. It gives up on its command after `timeout` seconds, and fails after `patience`.

    `asks`: the command, or the script that it names, asks Celery workers whether they live: its own node alone
    (`own_node`), for `reply` seconds. Durations are None where they are not told. `mute`: why, in French, it asks nobody.
    """

    command: str
    kills: bool
    timeout: float | None = None
    patience: float | None = None
    asks: bool = False
    own_node: bool = False
    reply: float | None = 1.0
    place: Excerpt | None = None
    mute: str = ""
