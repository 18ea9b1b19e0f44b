"""Process files in YAML: compose and render.yaml."""

import shlex
from collections.abc import Iterator
from typing import Any

import yaml

from audit.probes.source.files import Source
from audit.probes.source.line import Line


class YamlError(ValueError):
    """The file is not YAML this probe can read; the message is French."""


def _load(source: Source) -> tuple[dict[str, Any], yaml.Node | None]:
    try:
        loaded = yaml.safe_load(source.text)
        return (loaded if isinstance(loaded, dict) else {}), yaml.compose(source.text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise YamlError(f"YAML invalide, ligne {mark.line + 1 if mark else '?'}") from error


def read_compose(source: Source) -> Iterator[Line]:
    """Services with a command of their own."""
    loaded, node = _load(source)
    services = loaded.get("services")
    lines = _entries(value_of(node, "services"))
    for name, service in services.items() if isinstance(services, dict) else ():
        if isinstance(service, dict) and _is_started(service):
            command = " ".join(filter(None, (_command(service.get("entrypoint")), _command(service.get("command")))))
            if command:
                first, last = lines.get(str(name), (1, 1))
                yield Line(command, first, last, _restart(service), _environment(service.get("environment")))


def _deploy(service: dict[str, Any]) -> dict[str, Any]:
    deploy = service.get("deploy")
    return deploy if isinstance(deploy, dict) else {}


def _is_started(service: dict[str, Any]) -> bool:
    """Whether `docker compose up` starts it: not a service with profiles, nor one that has no replica."""
    replicas = (_deploy(service).get("replicas"), service.get("scale"))
    return not service.get("profiles") and "0" not in [str(n) for n in replicas if isinstance(n, int | str)]


def _restart(service: dict[str, Any]) -> str:
    policy = str(service.get("restart", "no")).partition(":")[0]
    condition = _deploy(service).get("restart_policy")
    if isinstance(condition, dict):
        return "compose" if condition.get("condition", "any") in ("any", "on-failure") else ""
    return "compose" if policy in {"always", "unless-stopped", "on-failure"} else ""


def _command(value: Any) -> str:
    if isinstance(value, list):
        return shlex.join(str(word) for word in value if isinstance(word, str | int | float)).replace("$$", "$")
    return value.replace("$$", "$") if isinstance(value, str) else ""


def _environment(value: Any) -> dict[str, str]:
    if isinstance(value, dict):
        return {str(k): str(v) for k, v in value.items() if isinstance(v, str | int | float)}
    pairs = [item.partition("=") for item in value if isinstance(item, str)] if isinstance(value, list) else []
    return {name: text for name, equals, text in pairs if equals}


def read_render(source: Source) -> Iterator[Line]:
    """Services of render.yaml, restarted by the platform."""
    loaded, node = _load(source)
    services = loaded.get("services")
    items = value_of(node, "services")
    nodes = items.value if isinstance(items, yaml.SequenceNode) else []
    for service, place in zip(services if isinstance(services, list) else [], nodes, strict=False):
        if isinstance(service, dict) and service.get("type") != "cron":
            command = _command(service.get("startCommand")) or _command(service.get("dockerCommand"))
            if command:
                yield Line(command, *lines_of(place, place), "platform", _render_environment(service.get("envVars")))


def _render_environment(value: Any) -> dict[str, str]:
    entries = [e for e in value if isinstance(e, dict)] if isinstance(value, list) else []
    return {str(e["key"]): str(e["value"]) for e in entries if "key" in e and "value" in e}


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
