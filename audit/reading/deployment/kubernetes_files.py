"""Process files of Kubernetes: what the containers of a workload run, and whether it is started again."""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import zip_longest
from typing import Any

import yaml

from audit.reading.deployment.command_line import Line
from audit.reading.deployment.compose_files import YamlError, lines_of, value_of
from audit.reading.deployment.container_state import pod_memory, pod_mounts, pod_probe
from audit.reading.deployment.file_references import Around
from audit.reading.deployment.kustomizations import generated_maps, is_patch, patched
from audit.reading.deployment.start_orders import copies_asked
from audit.reading.deployment.stop_orders import of_pod
from audit.reading.deployment.untyped_values import count, listed, name_of, table, tables, within
from audit.reading.source_files import Source

# Kinds whose pods are always started again; a Pod of its own is, unless it says otherwise. Jobs end.
_LASTING = frozenset({"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Rollout"})
_SCALERS = ("HorizontalPodAutoscaler", "ScaledObject")
_TO_PODS: tuple[str, ...] = ("spec", "template", "spec")


def read_kubernetes(source: Source, around: Around) -> Iterator[Line]:
    """Commands of containers, and the images of those that run their own."""
    found = [] if is_patch(source.path, around) else _documents(source)
    found = [(patched(source.path, document, around), node) for document, node in found]
    scales: dict[str, Mapping[str, Any]] = {}
    for kind in _SCALERS if found else ():
        for held in around.holding(kind, ".yaml", ".yml"):
            scales |= _scales(held)
    for document, node in found:
        for line in _workload(document, node, scales, config_maps(around)):
            asked = copies_asked(name_of(document), around) if name_of(document) else ""
            copies = count(asked) if asked else line.copies
            yield replace(line, copies=copies, memory=line.memory or _by_default(around))


def _by_default(around: Around) -> str:
    """The limit of memory that a `LimitRange` of the target gives to containers that have none; empty where none does."""
    for source in around.holding("LimitRange", ".yaml", ".yml"):
        for document, _ in _documents(source):
            for limit in tables(within(document, "spec", "limits")) if document.get("kind") == "LimitRange" else ():
                if limit.get("type") == "Container" and "memory" in table(limit.get("default")):
                    return str(limit["default"]["memory"])
    return ""


def _documents(source: Source) -> list[tuple[Mapping[str, Any], yaml.Node | None]]:
    """Each object with its place, those of lists included."""
    try:
        documents = list(yaml.safe_load_all(source.text))
        nodes = list(yaml.compose_all(source.text, Loader=yaml.SafeLoader))
    except yaml.YAMLError as error:
        raise YamlError.of(error) from error
    found: list[tuple[Mapping[str, Any], yaml.Node | None]] = []
    for document, node in zip(documents, nodes, strict=False):
        items, places = within(document, "items"), value_of(node, "items")
        if isinstance(items, list) and isinstance(places, yaml.SequenceNode):
            found += [(d, n) for d, n in zip(items, places.value, strict=True) if isinstance(d, dict)]
        elif isinstance(document, dict):
            found.append((document, node))
    return found


def _scales(source: Source) -> dict[str, Mapping[str, Any]]:
    """What autoscalers say, by the name of the workload that each scales."""
    try:
        documents = _documents(source)
    except YamlError:
        return {}
    specs = tables([d.get("spec") for d, _ in documents if d.get("kind") in _SCALERS])
    return {str(s["scaleTargetRef"].get("name")): s for s in specs if isinstance(s.get("scaleTargetRef"), dict)}


def _workload(
    document: Mapping[str, Any],
    node: yaml.Node | None,
    scales: Mapping[str, Mapping[str, Any]],
    maps: Mapping[str, Mapping[str, str]],
) -> Iterator[Line]:
    kind, copies = document.get("kind"), _copies(document, scales)
    spec, held, node = containers_of(document, node, ("spec",) if kind == "Pod" else _TO_PODS)
    if (kind != "Pod" and kind not in _LASTING) or copies == 0:
        return
    restart = "" if spec.get("restartPolicy") == "Never" else "kubernetes"
    # A container that a patch adds is told where its workload is.
    for container, place in ((one, place or node) for one, place in held):
        words, image = [*_words(container, "command"), *_words(container, "args")], _image(container)
        if words or image:
            first, last = lines_of(place, place)
            image, user = "" if words else image, _user(container) or _user(spec)
            variables = _variables(container, maps)
            stop, probe, mounts = of_pod(spec, container), pod_probe(container), pod_mounts(spec, container)
            stop = replace(stop, hidden=stop.hidden and not _is_known(container, maps))
            command = shlex.join(words) if words else ""
            line = Line(command, first, last, restart, variables, copies=copies, image=image, user=user)
            entered = _image(container) if _words(container, "args") and not _words(container, "command") else ""
            # The containers of a pod have one name of host.
            pod = f"pod {name_of(document)}" if len(held) > 1 else ""
            memory, host = pod_memory(container), "host" if spec.get("hostNetwork") is True else pod
            line = replace(line, stop=stop, probe=probe, mounts=mounts, memory=memory, of_image=entered, host=host)
            yield replace(line, before=_first(spec))


def containers_of(
    document: Mapping[str, Any], node: yaml.Node | None, path: Sequence[str] = _TO_PODS
) -> tuple[dict[str, Any], list[tuple[Any, Any]], Any]:
    """The pods of a workload, their containers with the place of each that is written there, and the place of the pods."""
    for key in path:
        node = value_of(node, key)
    spec, places = table(within(document, *path)), value_of(node, "containers")
    nodes = places.value if isinstance(places, yaml.SequenceNode) else []
    return spec, [*zip_longest(listed(spec.get("containers")), nodes)][: len(listed(spec.get("containers")))], node


def _copies(document: Mapping[str, Any], scales: Mapping[str, Mapping[str, Any]]) -> int | None:
    """How many pods; None for one a machine, and where an autoscaler may add some."""
    name = name_of(document)
    if document.get("kind") == "DaemonSet":
        return None
    if name and name in scales:
        said = scales[name]
        least = str(said.get("minReplicas", said.get("minReplicaCount", 1)))
        most = str(said.get("maxReplicas", said.get("maxReplicaCount", 2)))
        return int(least) if least.isdecimal() and (int(least) > 1 or most == least) else None
    return count(table(document.get("spec")).get("replicas", 1))


def _first(spec: Mapping[str, Any]) -> str:
    """What the pod runs before its containers: each start of the worker comes after it."""
    first = ([*_words(one, "command"), *_words(one, "args")] for one in listed(spec.get("initContainers")))
    return "\n".join(shlex.join(words) for words in first)


def _user(held: Any) -> str:
    told = within(held, "securityContext", "runAsUser")
    return "" if told is None else str(told)


def _image(container: Any) -> str:
    return str(within(container, "image") or "")


def _words(container: Any, key: str) -> list[str]:
    return [str(word) for word in listed(within(container, key)) if isinstance(word, str | int | float)]


def config_maps(around: Around) -> Mapping[str, Mapping[str, str]]:
    """What each `ConfigMap` of the target holds, by its name; nothing of one that several files write differently."""
    return around.once("config maps", _agreed)


def _agreed(around: Around) -> Mapping[str, Mapping[str, str]]:
    found: dict[str, list[dict[str, str]]] = {}
    for source in around.holding("ConfigMap", ".yaml", ".yml"):
        for document in _maps(source):
            held = {str(k): str(v) for k, v in document["data"].items()}
            found.setdefault(name_of(document), []).append(held)
    for name, generated in generated_maps(around):
        found.setdefault(name, []).append(generated)
    return {name: held[0] for name, held in found.items() if held.count(held[0]) == len(held)}


def _maps(source: Source) -> list[Mapping[str, Any]]:
    try:
        documents = _documents(source)
    except YamlError:
        return []
    return [d for d, _ in documents if d.get("kind") == "ConfigMap" and isinstance(d.get("data"), dict)]


def _variables(container: Any, maps: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """What `envFrom` gives of a `ConfigMap`, and `env` over it, by a value or by a key of one."""
    found: dict[str, str] = {}
    for entry in tables(within(container, "envFrom")):
        prefix, held = str(entry.get("prefix", "")), maps.get(_of_map(entry, "configMapRef"), {})
        found |= {f"{prefix}{name}": text for name, text in held.items()}
    for entry in tables(within(container, "env")):
        if "name" in entry and "value" in entry:
            found[str(entry["name"])] = str(entry["value"])
        elif isinstance(given := entry.get("valueFrom"), dict):
            key = table(given.get("configMapKeyRef")).get("key", "")
            text = maps.get(_of_map(given, "configMapKeyRef"), {}).get(str(key))
            found |= {str(entry.get("name")): text} if text is not None else {}
    return found


def _is_known(container: Any, maps: Mapping[str, Mapping[str, str]]) -> bool:
    """Whether all that a container is given comes from `ConfigMap`s of the target."""
    alone = [e.get("valueFrom") for e in tables(within(container, "env")) if "REMAP_SIGTERM" in str(e.get("name"))]
    return not any(alone) and all(_of_map(e, "configMapRef") in maps for e in tables(within(container, "envFrom")))


def _of_map(held: Mapping[str, Any], key: str) -> str:
    return str(table(held.get(key)).get("name", ""))
