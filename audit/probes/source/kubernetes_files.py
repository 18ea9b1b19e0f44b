"""Process files of Kubernetes: what the containers of a workload run, and whether it is started again."""

import shlex
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from audit.probes.source.compose_files import YamlError, lines_of, value_of
from audit.probes.source.files import Source
from audit.probes.source.line import Line

# Kinds whose pods are always started again; a Pod of its own is, unless it says otherwise. Jobs end.
_LASTING = frozenset({"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController"})
_TO_PODS: tuple[str, ...] = ("spec", "template", "spec")


def read_kubernetes(source: Source) -> Iterator[Line]:
    """Commands of containers. An image that runs its own command says nothing here."""
    try:
        documents = list(yaml.safe_load_all(source.text))
        nodes = list(yaml.compose_all(source.text, Loader=yaml.SafeLoader))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise YamlError(f"YAML invalide, ligne {mark.line + 1 if mark else '?'}") from error
    for document, node in zip(documents, nodes, strict=False):
        if isinstance(document, dict):
            yield from _workload(document, node)


def _workload(document: Mapping[str, Any], node: yaml.Node | None) -> Iterator[Line]:
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
    if not isinstance(spec, dict) or not isinstance(own, dict) or str(own.get("replicas", 1)) == "0":
        return
    restart = "kubernetes" if kind != "Pod" or spec.get("restartPolicy", "Always") != "Never" else ""
    containers, places = spec.get("containers"), value_of(node, "containers")
    items = places.value if isinstance(places, yaml.SequenceNode) else []
    for container, place in zip(containers if isinstance(containers, list) else [], items, strict=False):
        words = [*_words(container, "command"), *_words(container, "args")]
        if words:
            yield Line(shlex.join(words), *lines_of(place, place), restart, _variables(container))


def _words(container: Any, key: str) -> list[str]:
    value = container.get(key) if isinstance(container, dict) else None
    return [str(word) for word in value if isinstance(word, str | int | float)] if isinstance(value, list) else []


def _variables(container: Any) -> dict[str, str]:
    entries = container.get("env") if isinstance(container, dict) else None
    pairs = [e for e in entries if isinstance(e, dict)] if isinstance(entries, list) else []
    return {str(e["name"]): str(e["value"]) for e in pairs if "name" in e and "value" in e}
