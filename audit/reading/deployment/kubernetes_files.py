"""Process files of Kubernetes: what the containers of a workload run, and whether it is started again."""

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import yaml

from audit.reading.deployment.command_line import Line
from audit.reading.deployment.compose_files import YamlError, lines_of, value_of
from audit.reading.deployment.container_state import pod_memory, pod_mounts, pod_probe
from audit.reading.deployment.file_references import Around
from audit.reading.deployment.kustomizations import generated_maps, is_patch, patched
from audit.reading.deployment.start_orders import copies_asked
from audit.reading.deployment.stop_orders import of_pod
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
            asked = copies_asked(_name(document), around) if _name(document) else ""
            copies = (int(asked) if asked.isdecimal() else None) if asked else line.copies
            yield replace(line, copies=copies, memory=line.memory or _by_default(around))


def _by_default(around: Around) -> str:
    """The limit of memory that a `LimitRange` of the target gives to containers that have none; empty where none does."""
    for source in around.holding("LimitRange", ".yaml", ".yml"):
        for document, _ in _documents(source):
            spec = document.get("spec")
            limits = spec.get("limits") if document.get("kind") == "LimitRange" and isinstance(spec, dict) else None
            for limit in limits if isinstance(limits, list) else []:
                given = limit.get("default") if isinstance(limit, dict) and limit.get("type") == "Container" else None
                if isinstance(given, dict) and "memory" in given:
                    return str(given["memory"])
    return ""


def _documents(source: Source) -> list[tuple[Mapping[str, Any], yaml.Node | None]]:
    """Each object with its place, those of lists included."""
    try:
        documents = list(yaml.safe_load_all(source.text))
        nodes = list(yaml.compose_all(source.text, Loader=yaml.SafeLoader))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise YamlError(f"YAML invalide, ligne {mark.line + 1 if mark else '?'}") from error
    found: list[tuple[Mapping[str, Any], yaml.Node | None]] = []
    for document, node in zip(documents, nodes, strict=False):
        items, places = (document.get("items") if isinstance(document, dict) else None), value_of(node, "items")
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
    specs = [d.get("spec") for d, _ in documents if d.get("kind") in _SCALERS]
    told = [(s, s.get("scaleTargetRef")) for s in specs if isinstance(s, dict)]
    return {str(target.get("name")): spec for spec, target in told if isinstance(target, dict)}


def _workload(
    document: Mapping[str, Any],
    node: yaml.Node | None,
    scales: Mapping[str, Mapping[str, Any]],
    maps: Mapping[str, Mapping[str, str]],
) -> Iterator[Line]:
    kind, path = document.get("kind"), _TO_PODS
    if kind == "Pod":
        path = ("spec",)
    elif kind not in _LASTING:
        return
    spec: Any = document
    for key in path:
        spec = spec.get(key) if isinstance(spec, dict) else None
        node = value_of(node, key)
    own = document.get("spec")
    copies = _copies(document, scales)
    if not isinstance(spec, dict) or not isinstance(own, dict) or copies == 0:
        return
    restart = "" if spec.get("restartPolicy") == "Never" else "kubernetes"
    containers, places = spec.get("containers"), value_of(node, "containers")
    items = places.value if isinstance(places, yaml.SequenceNode) else []
    held = containers if isinstance(containers, list) else []
    # A container that a patch adds is told where its workload is.
    for container, place in zip(held, [*items, *[node] * len(held)], strict=False):
        words, image = [*_words(container, "command"), *_words(container, "args")], _image(container)
        if words or image:
            first, last = lines_of(place, place)
            image, user = "" if words else image, _user(container) or _user(spec)
            variables = _variables(container, maps)
            stop, probe, mounts = of_pod(spec, container), pod_probe(container), pod_mounts(spec, container)
            stop = replace(stop, hidden=stop.hidden and not _is_known(container, maps))
            command = "\n".join([*_emptying(spec), shlex.join(words)]) if words else ""
            line = Line(command, first, last, restart, variables, copies=copies, image=image, user=user)
            entered = _image(container) if _words(container, "args") and not _words(container, "command") else ""
            memory, host = pod_memory(container), "host" if spec.get("hostNetwork") is True else ""
            yield replace(line, stop=stop, probe=probe, mounts=mounts, memory=memory, of_image=entered, host=host)


def _name(document: Mapping[str, Any]) -> str:
    named = document.get("metadata")
    return str(named.get("name", "")) if isinstance(named, dict) else ""


def _copies(document: Mapping[str, Any], scales: Mapping[str, Mapping[str, Any]]) -> int | None:
    """How many pods; None for one a machine, and where an autoscaler may add some."""
    own, name = document.get("spec"), _name(document)
    if document.get("kind") == "DaemonSet":
        return None
    if name and name in scales:
        said = scales[name]
        least = str(said.get("minReplicas", said.get("minReplicaCount", 1)))
        most = str(said.get("maxReplicas", said.get("maxReplicaCount", 2)))
        return int(least) if least.isdecimal() and (int(least) > 1 or most == least) else None
    told = str(own.get("replicas", 1)) if isinstance(own, dict) else "1"
    return int(told) if told.isdecimal() else None


def _emptying(spec: Mapping[str, Any]) -> list[str]:
    """The commands that the pod runs first and that empty queues: each start of the worker comes after them."""
    held = spec.get("initContainers")
    found = [[*_words(one, "command"), *_words(one, "args")] for one in (held if isinstance(held, list) else [])]
    return [
        shlex.join(words)
        for words in found
        if {"purge", "queue.purge", "flushdb", "flushall"} & {w.lower() for w in words}
    ]


def _user(held: Any) -> str:
    context = held.get("securityContext") if isinstance(held, dict) else None
    told = context.get("runAsUser") if isinstance(context, dict) else None
    return "" if told is None else str(told)


def _image(container: Any) -> str:
    return str(container.get("image") or "") if isinstance(container, dict) else ""


def _words(container: Any, key: str) -> list[str]:
    value = container.get(key) if isinstance(container, dict) else None
    return [str(word) for word in value if isinstance(word, str | int | float)] if isinstance(value, list) else []


def config_maps(around: Around) -> Mapping[str, Mapping[str, str]]:
    """What each `ConfigMap` of the target holds, by its name; nothing of one that several files write differently."""
    if "config maps" not in around.memo:
        found: dict[str, list[dict[str, str]]] = {}
        for source in around.holding("ConfigMap", ".yaml", ".yml"):
            for document in _maps(source):
                held = {str(k): str(v) for k, v in document["data"].items()}
                found.setdefault(_name(document), []).append(held)
        for name, generated in generated_maps(around):
            found.setdefault(name, []).append(generated)
        around.memo["config maps"] = {name: held[0] for name, held in found.items() if held.count(held[0]) == len(held)}
    known: Mapping[str, Mapping[str, str]] = around.memo["config maps"]
    return known


def _maps(source: Source) -> list[Mapping[str, Any]]:
    try:
        documents = _documents(source)
    except YamlError:
        return []
    return [d for d, _ in documents if d.get("kind") == "ConfigMap" and isinstance(d.get("data"), dict)]


def _variables(container: Any, maps: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """What `envFrom` gives of a `ConfigMap`, and `env` over it, by a value or by a key of one."""
    found: dict[str, str] = {}
    for entry in _entries(container, "envFrom"):
        prefix, held = str(entry.get("prefix", "")), maps.get(_of_map(entry, "configMapRef"), {})
        found |= {f"{prefix}{name}": text for name, text in held.items()}
    for entry in _entries(container, "env"):
        if "name" in entry and "value" in entry:
            found[str(entry["name"])] = str(entry["value"])
        elif isinstance(given := entry.get("valueFrom"), dict):
            key = given.get("configMapKeyRef")
            text = maps.get(_of_map(given, "configMapKeyRef"), {}).get(
                str(key.get("key")) if isinstance(key, dict) else ""
            )
            found |= {str(entry.get("name")): text} if text is not None else {}
    return found


def _is_known(container: Any, maps: Mapping[str, Mapping[str, str]]) -> bool:
    """Whether all that a container is given comes from `ConfigMap`s of the target."""
    alone = [e.get("valueFrom") for e in _entries(container, "env") if "REMAP_SIGTERM" in str(e.get("name"))]
    return not any(alone) and all(_of_map(e, "configMapRef") in maps for e in _entries(container, "envFrom"))


def _of_map(held: Mapping[str, Any], key: str) -> str:
    named = held.get(key)
    return str(named.get("name", "")) if isinstance(named, dict) else ""


def _entries(container: Any, key: str) -> list[dict[str, Any]]:
    entries = container.get(key) if isinstance(container, dict) else None
    return [e for e in entries if isinstance(e, dict)] if isinstance(entries, list) else []
