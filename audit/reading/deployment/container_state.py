"""What services and pods say of their containers beside their command: the probe of their life, and folders that outlive them."""

import shlex
from collections.abc import Mapping
from typing import Any

from audit.model.probes import Probe
from audit.reading.deployment.stop_orders import seconds
from audit.reading.deployment.untyped_values import listed, tables, within


def service_memory(service: Mapping[str, Any]) -> str:
    """The most memory that a compose service may use, as written; empty where nothing limits it."""
    return str(service.get("mem_limit") or within(service, "deploy", "resources", "limits", "memory") or "")


def pod_memory(container: Any) -> str:
    """The most memory that a container of a pod may use, as written; empty where nothing limits it."""
    return str(within(container, "resources", "limits", "memory") or "")


def service_probe(service: Mapping[str, Any]) -> Probe | None:
    """The `healthcheck` of a compose service, which only marks its container; without a command, none is run."""
    check = service.get("healthcheck")
    if not isinstance(check, dict):
        return None
    command = "" if check.get("disable") is True else _test(check.get("test"))
    # One that is taken away replaces that of the image too.
    return Probe(command, kills=False, timeout=seconds(str(check.get("timeout", "30s"))))


def _test(value: Any) -> str:
    if isinstance(value, list):
        words = [str(word) for word in value if word not in {"CMD", "CMD-SHELL", "NONE"}]
        return words[0] if "CMD-SHELL" in value and words else shlex.join(words)
    return value if isinstance(value, str) else ""


def pod_probe(container: Mapping[str, Any]) -> Probe | None:
    """The `livenessProbe` of a container that runs a command; Kubernetes gives it 1 s, three times, every 10 s by default."""
    probe, words = container.get("livenessProbe"), within(container, "livenessProbe", "exec", "command")
    if not isinstance(probe, dict) or not isinstance(words, list):
        return None
    period, failures = (
        seconds(str(probe.get(name, n))) for name, n in (("periodSeconds", 10), ("failureThreshold", 3))
    )
    patience = None if period is None or failures is None else period * failures
    return Probe(
        shlex.join(map(str, words)), kills=True, timeout=seconds(str(probe.get("timeoutSeconds", 1))), patience=patience
    )


def service_mounts(service: Mapping[str, Any]) -> tuple[str, ...]:
    """Where a compose service mounts volumes or folders of the host."""
    found = []
    for volume in listed(service.get("volumes")):
        if isinstance(volume, dict):
            found += [str(volume.get("target", ""))] if volume.get("type", "volume") != "tmpfs" else []
        else:
            source, colon, rest = str(volume).partition(":")
            found.append(rest.partition(":")[0] if colon else source)
    return tuple(filter(None, found))


def pod_mounts(spec: Mapping[str, Any], container: Mapping[str, Any]) -> tuple[str, ...]:
    """Where a container mounts volumes: even an `emptyDir` outlives it, as long as its pod."""
    fixed = {str(v.get("name")) for v in tables(spec.get("volumes")) if {"configMap", "secret"} & v.keys()}
    mounts = tables(container.get("volumeMounts"))
    return tuple(str(mount.get("mountPath", "")) for mount in mounts if str(mount.get("name")) not in fixed)
