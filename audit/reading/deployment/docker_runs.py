"""`docker run IMAGE command…`: the command behind it, and what Docker is told of its container."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from audit.reading.deployment.command_wrappers import unwrapped
from audit.reading.deployment.stop_orders import seconds

_DOCKER = frozenset({"docker", "podman", "nerdctl"})
_ALONE = frozenset((
    "-d", "--detach", "-i", "-t", "-it", "-ti", "-dit", "-itd", "-td", "-id", "--interactive", "--tty", "--rm", "--init",
    "--privileged", "--read-only", "--no-healthcheck", "-P", "--publish-all", "-q", "--quiet", "--oom-kill-disable",
))  # fmt: skip
_KEPT = frozenset({"always", "unless-stopped", "on-failure"})


@dataclass(frozen=True)
class Container:
    """The image, and the command that it is given, none for its own; `restarts`: Docker starts it again; `left`: whoever starts it does not wait. `host`: the name of host that it is given; `grace`: what it is left to stop."""

    image: str
    words: tuple[str, ...]
    restarts: bool
    left: bool
    user: str = ""
    memory: str = ""
    host: str = ""
    grace: float | None = None
    variables: dict[str, str] = field(default_factory=dict)


def container_of(words: Sequence[str]) -> Container | None:
    """What `docker run` starts; None for any other command."""
    rest = unwrapped(words)
    if len(rest) < 3 or rest[0].rpartition("/")[2] not in _DOCKER or "run" not in rest[1:3]:
        return None
    rest = rest[rest.index("run") + 1 :]
    said: list[tuple[str, str]] = []
    while rest and rest[0].startswith("-"):
        name, equals, value = rest.pop(0).partition("=")
        if not equals and name not in _ALONE and rest:
            value = rest.pop(0)
        said.append((name, value))
    given = dict(said)
    pairs = (value.partition("=") for name, value in said if name in {"-e", "--env"})
    policy = given.get("--restart", "no").partition(":")
    if not rest or "--entrypoint" in given:
        return None
    of_host = "host" in {given.get("--network"), given.get("--net")}
    return Container(
        rest[0],
        tuple(rest[1:]),
        restarts=policy[0] in _KEPT and not policy[2],
        left=bool({"-d", "--detach", "-dit", "-itd", "-td", "-id"} & given.keys()),
        user=given.get("-u", given.get("--user", "")),
        memory=given.get("-m", given.get("--memory", "")),
        host="host" if of_host else given.get("--hostname", given.get("-h", "")),
        grace=seconds(given["--stop-timeout"]) if "--stop-timeout" in given else None,
        variables={name: text for name, equals, text in pairs if equals},
    )
