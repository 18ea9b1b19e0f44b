"""Redis and its kin as deployment files start them: eviction, and what is kept on disk."""

import re
from collections.abc import Iterator, Mapping, Sequence
from posixpath import basename, dirname, join, normpath
from typing import Any

import yaml

from audit.model.observations.deployment_statements import BrokerService
from audit.reading.deployment.compose_files import dockerfile_of, interpolated, lines_of, value_of
from audit.reading.deployment.compose_layers import layered
from audit.reading.deployment.file_references import Around
from audit.reading.deployment.kubernetes_files import config_maps, containers_of
from audit.reading.deployment.kustomizations import patched
from audit.reading.deployment.server_commands import is_of_tests
from audit.reading.deployment.server_options import configured, service_of, words_of
from audit.reading.deployment.untyped_values import listed, name_of, pairs_of, table, tables
from audit.reading.source_files import Source, Tree

_SERVERS = frozenset(("redis", "valkey", "keydb", "dragonfly", "redis-stack", "redis-stack-server", "redict"))
_HELD = re.compile(r"redis|valkey|keydb|dragonfly|redict|keyvalue")
_DATA = "/data"
_FLAGS = ("REDIS_EXTRA_FLAGS", "VALKEY_EXTRA_FLAGS", "REDIS_ARGS", "VALKEY_ARGS")


def broker_services(tree: Tree) -> Iterator[BrokerService]:
    """The servers of compose files, of workloads and of render.yaml."""
    around = Around(tree)
    for path in tree.paths:
        source = around.source(path) if path.endswith((".yaml", ".yml")) and not is_of_tests(path) else None
        if source and _HELD.search(source.text.lower()):
            yield from _of_file(source, around)


def _of_file(source: Source, around: Around) -> Iterator[BrokerService]:
    try:
        documents = [d for d in yaml.safe_load_all(source.text) if isinstance(d, dict)]
        nodes = list(yaml.compose_all(source.text, Loader=yaml.SafeLoader))
    except (yaml.YAMLError, RecursionError):
        return
    if basename(source.path).startswith("values"):
        yield from _of_values(source, documents, around)
    maps = [d.get("data") for d in documents if d.get("kind") == "ConfigMap"]
    written = {name: str(text) for held in tables(maps) for name, text in held.items()}
    for document, node in zip(documents, nodes, strict=False):
        services = document.get("services")
        if isinstance(services, dict):
            yield from _of_compose(source, layered(source, services, around), value_of(node, "services"), around)
        elif isinstance(services, list):
            yield from _of_render(source, services, value_of(node, "services"))
        elif "spec" in document:
            yield from _of_pods(source, patched(source.path, document, around), node, _files_of_maps(around) | written)


def _of_values(source: Source, documents: Sequence[Mapping[str, Any]], around: Around) -> Iterator[BrokerService]:
    """The server of a chart that this one depends on, where its values say that it keeps nothing, or how it is configured."""
    chart = around.source(join(dirname(source.path), "Chart.yaml"))
    for name, given in (
        pair for document in documents for pair in document.items() if chart and isinstance(pair[1], dict)
    ):
        if (
            name not in _SERVERS
            or given.get("enabled") is False
            or not re.search(rf"name:\s*{name}\b", chart.text if chart else "")
        ):
            continue
        parts = [given, *(table(given.get(key)) for key in ("master", "primary", "standalone"))]
        kept = tables([part.get("persistence") for part in parts])
        said, _ = configured(["/values.conf"], lambda _, one=given: str(one.get("commonConfiguration") or ""))
        off = any(one.get("enabled") is False for one in kept)
        number = next(n for n, line in enumerate(source.lines, 1) if line.startswith(f"{name}:"))
        names = (str(name), f"{name}-master", f"{name}-primary", f"{name}-headless")
        yield service_of(source.excerpt(number, number, "yaml"), names, said, "", in_memory=off)


def _files_of_maps(around: Around) -> dict[str, str]:
    """The files that `ConfigMap`s of the target hold, by name; nothing of one that two of them hold differently."""
    held = [pair for one in config_maps(around).values() for pair in one.items()]
    return {name: text for name, text in held if all(text == other for also, other in held if also == name)}


def _of_compose(
    source: Source, services: Mapping[str, Any], node: yaml.Node | None, around: Around
) -> Iterator[BrokerService]:
    for name, service in services.items():
        if not isinstance(service, dict):
            continue
        image, first = _built(source, service, around)
        if not _is_server(image or str(service.get("image", ""))):
            continue
        words = [*first, *words_of(service.get("entrypoint")), *words_of(service.get("command"))]
        words += _extra(service.get("environment"))
        said, unread = configured(words, lambda file, one=service: _mounted(source, one, file, around))
        names = (str(name), str(service.get("container_name") or name), str(service.get("hostname") or name))
        place = value_of(node, str(name))
        excerpt = source.excerpt(*lines_of(place, place), "yaml") if place else None
        yield service_of(excerpt, names, said, unread, in_memory=_is_in_memory(service))


def _is_in_memory(service: Mapping[str, Any]) -> bool:
    """Whether the folder of the data of a service of compose is a `tmpfs`."""
    given = service.get("tmpfs")
    targets = [str(one) for one in (given if isinstance(given, list) else [given] if given else [])]
    targets += [str(v.get("target", "")) for v in tables(service.get("volumes")) if v.get("type") == "tmpfs"]
    return any(target.partition(":")[0].rstrip("/") == _DATA for target in targets)


def _built(source: Source, service: Mapping[str, Any], around: Around) -> tuple[str, list[str]]:
    """The image that a service's Dockerfile starts from, and the words of its `CMD`; empty where it builds none."""
    path = dockerfile_of(source.path, service.get("build"))
    image = around.source(path) if path else None
    if image is None:
        return "", []
    bases = re.findall(r"(?im)^\s*FROM\s+(?:--\S+\s+)*(\S+)", image.text)
    commands = re.findall(r"(?im)^\s*CMD\s+(.+)$", image.text)
    return (bases[-1] if bases else ""), (words_of(commands[-1].strip("[]").replace(",", " ")) if commands else [])


def _is_server(image: str) -> bool:
    name = basename(interpolated(image).partition("@")[0]).partition(":")[0]
    return name in _SERVERS


def _extra(environment: Any) -> list[str]:
    """Options that official and usual images take from their environment."""
    pairs = pairs_of(environment)
    return [word for flag in _FLAGS if pairs.get(flag) is not None for word in words_of(str(pairs[flag]))]


def _mounted(source: Source, service: Mapping[str, Any], file: str, around: Around) -> Source | None:
    """The file of the target that a service sees at this path."""
    for volume in listed(service.get("volumes")):
        if isinstance(volume, dict):
            held, target = str(volume.get("source", "")), str(volume.get("target", ""))
        else:
            held, _, rest = str(volume).partition(":")
            target = rest.partition(":")[0]
        inside = file.removeprefix(target.rstrip("/")) if target and file.startswith(target.rstrip("/")) else None
        if inside is not None and held.startswith("."):
            return around.source(normpath(join(dirname(source.path), held) + inside))
    alike = [p for p in around.tree.paths if basename(p) == basename(file)]
    return around.source(alike[0]) if len(alike) == 1 else None


def _of_render(source: Source, services: Sequence[Any], node: yaml.Node | None) -> Iterator[BrokerService]:
    places = node.value if isinstance(node, yaml.SequenceNode) else []
    for service, place in zip(services, places, strict=False):
        if isinstance(service, dict) and service.get("type") in {"redis", "keyvalue"}:
            policy = str(service.get("maxmemoryPolicy") or service.get("maxMemoryPolicy") or "").replace("_", "-")
            excerpt = source.excerpt(*lines_of(place, place), "yaml")
            yield BrokerService("", excerpt, (str(service.get("name", "")),), policy.lower(), limited=True)


def _of_pods(
    source: Source, document: Mapping[str, Any], node: yaml.Node | None, written: Mapping[str, str]
) -> Iterator[BrokerService]:
    spec, containers, _ = containers_of(document, node)
    name = name_of(document)
    for container, place in containers:
        if place and isinstance(container, dict) and _is_server(str(container.get("image", ""))):
            words = [*words_of(container.get("command")), *words_of(container.get("args"))]
            said, unread = configured(words, lambda file: written.get(basename(file)))
            excerpt = source.excerpt(*lines_of(place, place), "yaml")
            names = (name, str(container.get("name", name)))
            yield service_of(excerpt, names, said, unread, in_memory=_is_lost_with_its_pod(container, spec))


def _is_lost_with_its_pod(container: Mapping[str, Any], spec: Mapping[str, Any]) -> bool:
    """Whether the folder of the data of a container is an `emptyDir` of its pod."""
    empty = {volume.get("name") for volume in tables(spec.get("volumes")) if "emptyDir" in volume}
    mounted = tables(container.get("volumeMounts"))
    return any(m.get("name") in empty and str(m.get("mountPath", "")).rstrip("/") == _DATA for m in mounted)
