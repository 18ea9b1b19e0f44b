"""Process files in YAML: compose and render.yaml."""

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import replace
from posixpath import basename, dirname, join, normpath
from typing import Any

import yaml

from audit.reading.deployment.command_line import Line
from audit.reading.deployment.compose_layers import UNREAD, is_told_elsewhere, layered
from audit.reading.deployment.container_state import service_memory, service_mounts, service_probe
from audit.reading.deployment.dockerfiles import stage_names
from audit.reading.deployment.file_references import Around, assignments
from audit.reading.deployment.start_orders import copies_asked, is_profile_asked, stopped_sooner
from audit.reading.deployment.stop_orders import StopOrder, of_render, seconds, signal_name
from audit.reading.deployment.untyped_values import count, listed, table, tables
from audit.reading.source_files import Source

_RUN = frozenset({"command", "entrypoint"})


class YamlError(ValueError):
    """The file is not YAML this probe can read; the message is French."""

    @classmethod
    def of(cls, error: yaml.YAMLError) -> "YamlError":
        """The same with the line of a parser's error."""
        mark = getattr(error, "problem_mark", None)
        return cls(f"YAML invalide, ligne {mark.line + 1 if mark else '?'}")


def _load(source: Source) -> tuple[dict[str, Any], yaml.Node | None]:
    try:
        loaded = yaml.safe_load(source.text)
        return table(loaded), yaml.compose(source.text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise YamlError.of(error) from error


def read_compose(source: Source, around: Around) -> Iterator[Line]:
    """Services with a command of their own, and those that run the command of their image."""
    loaded, node = _load(source)
    written = table(loaded.get("services"))
    lines = _entries(value_of(node, "services"))
    services = layered(source, written, around)
    for name, service in services.items():
        # What is only changed here is told where its command, or what has one, is written.
        own = written[name].keys()
        here = _RUN & own or "extends" in own or (not _RUN & service.keys() and {"image", "build"} & own)
        if here and _copies(service) != 0 and not is_told_elsewhere(source.path, name, around):
            line = _line(source.path, service, *lines.get(name, (1, 1)), around)
            asked = copies_asked(name, around, of_compose=True)
            yield replace(line, copies=count(asked) if asked else line.copies, before=_first(service, services))


def _first(service: dict[str, Any], services: Mapping[str, dict[str, Any]]) -> str:
    """The commands of the services that must have ended before this one starts."""
    awaited = table(service.get("depends_on")).items()
    ended = [name for name, how in awaited if table(how).get("condition") == "service_completed_successfully"]
    return "\n".join(_command(services.get(name, {}).get("command")) for name in ended)


def _line(path: str, service: dict[str, Any], first: int, last: int, around: Around) -> Line:
    command = " ".join(filter(None, (_command(service.get("entrypoint")), _command(service.get("command")))))
    restart, doubt = _restart(service)
    doubt = str(service.get(UNREAD, "")) or (doubt and f"`{path}` {doubt}") or _by_swarm(path, service)
    build, image = service.get("build"), service.get("image")
    target = _stage(build, dockerfile_of(path, build), around)
    is_optional = bool(service.get("profiles")) and not is_profile_asked(service.get("profiles"), around)
    if target is None and not command:
        doubt = doubt or f"`{path}` lance une étape de son image que l'audit ne suit pas"
    return Line(
        command,
        first,
        last,
        "" if doubt else restart,
        {**_of_files(path, service.get("env_file"), around)[0], **_environment(service.get("environment"))},
        doubt=doubt,
        copies=_copies(service),
        builds="" if command else dockerfile_of(path, build),
        image="" if command else str(image or ""),
        user=interpolated(service.get("user")),
        stop=_stop(path, service, around),
        probe=service_probe(service),
        mounts=service_mounts(service),
        memory=interpolated(service_memory(service)),
        on_failure=_condition(service)[0] == "on-failure",
        optional=is_optional,
        asleep=f"`{path}` ne le lance que sous un profil (`profiles`)" if is_optional else "",
        built=dockerfile_of(path, build),
        entry=dockerfile_of(path, build) if command and not service.get("entrypoint") else "",
        of_image=str(image or "") if command and not (build or service.get("entrypoint")) else "",
        target=target or "",
        host="host" if service.get("network_mode") == "host" else interpolated(service.get("hostname")),
    )


def _by_swarm(path: str, service: dict[str, Any]) -> str:
    """The doubt that a file of another name than compose's leaves, when it says nothing: Swarm starts everything again."""
    said = "restart" in service or "restart_policy" in _deploy(service)
    usual = re.match(r"(docker-)?compose", basename(path).lower())
    return "" if said or usual else f"rien ne dit si Compose, ou Swarm qui relance tout, lance `{path}`"


def _stop(path: str, service: dict[str, Any], around: Around) -> StopOrder:
    grace, signal = seconds(interpolated(service.get("stop_grace_period", "10s"))), service.get("stop_signal")
    return StopOrder(
        "Docker",
        grace,
        doubt=stopped_sooner(grace, around),
        signal=signal_name(interpolated(signal)) if signal else "",
        hidden=_of_files(path, service.get("env_file"), around)[1] or _is_passed(service.get("environment")),
    )


def _is_passed(environment: Any) -> bool:
    """Whether `REMAP_SIGTERM` is named without a value: that of whoever starts the service."""
    if isinstance(environment, dict):
        return "REMAP_SIGTERM" in environment and environment["REMAP_SIGTERM"] is None
    return isinstance(environment, list) and "REMAP_SIGTERM" in environment


def _of_files(path: str, value: Any, around: Around) -> tuple[dict[str, str], bool]:
    """Variables of the files of `env_file`, and whether one was not read."""
    listed = value if isinstance(value, list) else [value] if value else []
    names = [str(item.get("path", "") if isinstance(item, dict) else item) for item in listed]
    sources = [around.source(normpath(join(dirname(path), interpolated(name)))) for name in names]
    found: dict[str, str] = {}
    for source in sources:
        found |= assignments(source.text) if source else {}
    return found, None in sources


def dockerfile_of(path: str, build: Any) -> str:
    """The Dockerfile that a service builds, from the root of the target; empty for none."""
    given = build if isinstance(build, dict) else {"context": build}
    if not build:
        return ""
    context = normpath(join(dirname(path), interpolated(given.get("context", "."))))
    return normpath(join(context, interpolated(given.get("dockerfile", "Dockerfile"))))


def _stage(build: Any, dockerfile: str, around: Around) -> str | None:
    """The stage that a service builds, empty for the last; None where the Dockerfile does not tell it."""
    wanted = interpolated(table(build).get("target"))
    source = around.source(dockerfile) if wanted else None
    names = stage_names(source) if source else []
    if not wanted or wanted in names[-1:]:
        return ""
    return wanted if wanted in names else None


def _deploy(service: dict[str, Any]) -> dict[str, Any]:
    return table(service.get("deploy"))


def _copies(service: dict[str, Any]) -> int | None:
    """How many containers; None for one a machine, or for what is not said here."""
    if _deploy(service).get("mode") in ("global", "global-job"):
        return None
    return count(interpolated(_deploy(service).get("replicas", service.get("scale", 1))))


def _condition(service: dict[str, Any]) -> tuple[str, str]:
    """When it is started again, and how many times at most, empty for any."""
    policy, _, most = interpolated(service.get("restart", "no")).partition(":")
    condition = _deploy(service).get("restart_policy")
    if isinstance(condition, dict):
        policy, most = interpolated(condition.get("condition", "any")), interpolated(condition.get("max_attempts", ""))
    return policy, most


def _restart(service: dict[str, Any]) -> tuple[str, str]:
    """What starts it again, and why that cannot be told."""
    policy, most = _condition(service)
    if "$" in policy:
        return "", f"règle le redémarrage par `{policy}`, que rien ne donne"
    if policy not in {"always", "unless-stopped", "on-failure", "any"}:
        return "", ""
    if most and most != "0":
        return "", f"ne le relance qu'un nombre limité de fois ({most})"
    return "compose", ""


def interpolated(value: Any) -> str:
    """The text of a value, `${NAME:-default}` being its default and `${NAME}` itself."""
    return re.sub(r"\$\{\w+:?-([^{}]*)\}", r"\1", "" if value is None else _plain(value))


def _plain(value: Any) -> str:
    # YAML reads a bare `no` as a boolean.
    return {False: "no", True: "yes"}[value] if isinstance(value, bool) else str(value)


def _command(value: Any) -> str:
    if isinstance(value, list):
        return shlex.join(str(word) for word in value if isinstance(word, str | int | float)).replace("$$", "$")
    return value.replace("$$", "$") if isinstance(value, str) else ""


def _environment(value: Any) -> dict[str, str]:
    if isinstance(value, dict):
        return {str(k): interpolated(str(v)) for k, v in value.items() if isinstance(v, str | int | float)}
    pairs = [item.partition("=") for item in listed(value) if isinstance(item, str)]
    return {name: interpolated(text) for name, equals, text in pairs if equals}


def read_render(source: Source) -> Iterator[Line]:
    """Services of render.yaml, restarted by the platform."""
    loaded, node = _load(source)
    items = value_of(node, "services")
    nodes = items.value if isinstance(items, yaml.SequenceNode) else []
    for service, place in zip(listed(loaded.get("services")), nodes, strict=False):
        if isinstance(service, dict) and service.get("type") != "cron":
            command = _command(service.get("startCommand")) or _command(service.get("dockerCommand"))
            if command:
                first, last = lines_of(place, place)
                copies = count(service.get("numInstances", 1))
                variables = _render_environment(service.get("envVars"))
                yield Line(
                    command,
                    first,
                    last,
                    "platform",
                    variables,
                    copies=copies,
                    stop=of_render(service),
                    built=_image_of_render(service),
                )


def _image_of_render(service: dict[str, Any]) -> str:
    """The Dockerfile that Render builds for a service, from the root of the repository; empty for none."""
    given = service.get("dockerfilePath") or ("Dockerfile" if service.get("runtime") == "docker" else "")
    return normpath(str(given)) if given else ""


def _render_environment(value: Any) -> dict[str, str]:
    return {str(e["key"]): str(e["value"]) for e in tables(value) if "key" in e and "value" in e}


def value_of(node: yaml.Node | None, key: str) -> yaml.Node | None:
    """What a mapping holds under a key; None for anything else."""
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    return next((value for name, value in pairs if name.value == key), None)


def _entries(node: yaml.Node | None) -> dict[str, tuple[int, int]]:
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    return {str(name.value): lines_of(name, value) for name, value in pairs}


def lines_of(start: yaml.Node, end: yaml.Node) -> tuple[int, int]:
    """First and last line; the end mark of a block stands at the start of what follows it."""
    last = _last_leaf(end)
    return start.start_mark.line + 1, max(last, start.start_mark.line + 1)


def _written_here(name: yaml.Node, value: yaml.Node) -> yaml.Node:
    """The value, unless it is an alias of something written above."""
    return value if value.start_mark.line >= name.start_mark.line else name


def _last_leaf(node: yaml.Node) -> int:
    while isinstance(node, yaml.CollectionNode) and node.value and not node.flow_style:
        child = node.value[-1]
        node = _written_here(*child) if isinstance(child, tuple) else child
    mark = node.end_mark
    empty = isinstance(node, yaml.ScalarNode) and not node.value
    return node.start_mark.line + 1 if empty else mark.line + (1 if mark.column else 0)
