"""What exposes a target: secrets written in the code, certificates that are not verified, environment files that git tracks."""

from dataclasses import dataclass

from audit.model.observations.observation import Observation


@dataclass(frozen=True)
class HardcodedSecret(Observation):
    """A secret written in full, at this `line` (from 1) of `path`; `what`: its name, in French. It is never quoted.

    `only` says in French in which case it serves, where that is no fault for sure.
    """

    what: str
    path: str
    line: int
    only: str = ""


@dataclass(frozen=True)
class UnreadSecret(Observation):
    """A text that may be a secret: `what` says of it in French what is not known."""

    what: str


@dataclass(frozen=True)
class TrackedFiles(Observation):
    """How many files, `count`, the git index of the target's root tracks."""

    count: int


@dataclass(frozen=True)
class TrackedEnvironment(Observation):
    """A file of environment variables, `path`, that git tracks."""

    path: str


@dataclass(frozen=True)
class UnverifiedCertificate(Observation):
    """A connection whose certificate is not verified; `argument` is what gives it up, as written (`verify=False`).

    `condition`: what decides it, as written, where another value of it verifies.
    """

    argument: str
    condition: str = ""


@dataclass(frozen=True)
class UnreadVerification(Observation):
    """A connection of which the reading does not tell whether the certificate is verified: `argument`, as written.

    `silenced`: `argument` is a call that keeps quiet the warning of those that are not.
    """

    argument: str
    silenced: bool = False


@dataclass(frozen=True)
class ReadDeployment(Observation):
    """How many deployment files were searched for secrets; `aside`: those that serve tests, a developer or a reader, which were not."""

    count: int
    aside: tuple[str, ...] = ()
