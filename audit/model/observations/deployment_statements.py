"""What deployment files say beside the commands they start."""

from dataclasses import dataclass

from audit.model.observations.observation import Observation
from audit.model.unknown import Unknown


@dataclass(frozen=True)
class ForcedRoot(Observation):
    """A line that sets `C_FORCE_ROOT`, with which Celery runs as root."""


@dataclass(frozen=True)
class ContainerUser(Observation):
    """The `user` of an image's last stage: empty for the root of an official image, UNKNOWN where another file says.

    `scripted`: a script runs before the command, and may change it.
    """

    user: str | Unknown
    scripted: bool = False


@dataclass(frozen=True)
class HealthCheck(Observation):
    """A command that asks workers whether they live; `own_node`: it names the node it asks."""

    own_node: bool


@dataclass(frozen=True)
class WatchedWorker(Observation):
    """A worker in the background of a script that reads `$!`; `piped`: that is the end of a pipe, not the worker."""

    piped: bool


@dataclass(frozen=True)
class PinnedCelery(Observation):
    """A release of Celery that a file of dependencies asks for: `version` is exact, or ends with `.*`."""

    version: str


@dataclass(frozen=True)
class ResultCleaning(Observation):
    """A line that names `celery.backend_cleanup`, which removes results that expired."""


@dataclass(frozen=True)
class DroppedVolumes(Observation):
    """A command of a script that removes the volumes of what it then starts again."""


@dataclass(frozen=True)
class BrokerService(Observation):
    """A Redis, or one of its kin, that a deployment file starts under these `names`, and what it does with its keys.

    `policy` is its `maxmemory-policy`, `memory` its `maxmemory`, both empty where none is written; `limited`: its host bounds it anyway.
    `forgets`: neither a snapshot nor a journal is kept, as is written. `unread`: why, in French, part of its options is not known.
    """

    names: tuple[str, ...]
    policy: str = ""
    memory: str = ""
    limited: bool = False
    forgets: bool = False
    unread: str = ""


@dataclass(frozen=True)
class WorkerStartedByCode(Observation):
    """A call of the project's Python code that starts a worker; `options`, the names of those written there; `whole`: no
    other can be.
    """

    options: tuple[str, ...] = ()
    whole: bool = False


@dataclass(frozen=True)
class OtherScheduler(Observation):
    """A call that gives the publication of a task to a scheduler of the process itself, such as APScheduler."""


@dataclass(frozen=True)
class BeatStartedByCode(Observation):
    """A call of the project's Python code that starts beat alone."""
