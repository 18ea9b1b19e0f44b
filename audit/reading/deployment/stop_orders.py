"""What a process file says of the stop of what it starts: the signal, to whom, and the seconds until SIGKILL."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from audit.reading.deployment.untyped_values import tables, within

_FACTORS = {
    "h": 3600.0, "hr": 3600.0, "min": 60.0, "m": 60.0, "s": 1.0, "sec": 1.0, "ms": 0.001, "us": 0.000001, "": 1.0, "d": 86400.0,
}  # fmt: skip


@dataclass(frozen=True)
class StopOrder:
    """`by`: who stops it, empty for nobody that the file names. `to_all`: the signal goes to its children too.

    `grace` is None where it is not told. `shell`: the shell that is given the command, empty for none.
    `direct`: the program is asked by its pid, whatever stands between. `hidden`: part of the environment is written elsewhere. `doubt`: why, in French, it cannot be told what the signal reaches.
    """

    by: str = ""
    grace: float | None = None
    to_all: bool = False
    signal: str = "TERM"
    shell: str = ""
    hidden: bool = False
    doubt: str = ""
    direct: bool = False


NO_ORDER = StopOrder()


def seconds(text: str) -> float | None:
    """A duration (`90`, `1m30s`, `2min 5s`, `infinity`) in seconds; None for what is none."""
    plain = text.strip().strip("\"'").lower()
    if plain in {"infinity", "inf"}:
        return float("inf")
    parts = re.findall(r"(\d+(?:\.\d+)?)\s*([a-z]*)", plain)
    if not parts or re.sub(r"(\d+(?:\.\d+)?)\s*([a-z]*)\s*", "", plain):
        return None
    if any(unit not in _FACTORS for _, unit in parts):
        return None
    return sum(float(value) * _FACTORS[unit] for value, unit in parts)


def signal_name(text: str) -> str:
    """`TERM` for `SIGTERM`, `term` or `15`."""
    name = text.strip().strip("\"'").upper().removeprefix("SIG")
    return {"15": "TERM", "3": "QUIT", "2": "INT", "9": "KILL", "": "TERM"}.get(name, name)


def of_systemd(service: Mapping[str, str]) -> StopOrder:
    """Its signal goes to the whole control group, unless `KillMode` or an `ExecStop` that waits says otherwise."""
    told = service.get("TimeoutStopSec") or service.get("TimeoutSec") or "90"
    mode, stop = service.get("KillMode", "control-group").lower(), service.get("ExecStop", "")
    asked = re.search(r"\bstopwait\b", stop)
    doubt = "" if asked or not stop else "`ExecStop` arrête le worker, et ce qu'il fait ne se lit pas"
    return StopOrder(
        "systemd",
        seconds(told),
        to_all=mode == "control-group" and not stop,
        signal="TERM" if asked else signal_name(service.get("KillSignal", "TERM")),
        doubt=doubt,
        direct=bool(asked),
    )


def of_supervisor(values: Mapping[str, str]) -> StopOrder:
    """Its signal goes to the program alone, unless `stopasgroup` says otherwise."""
    said = {key: re.split(r"\s;", value)[0].strip() for key, value in values.items()}
    to_all = said.get("stopasgroup", "false").lower() in {"true", "1", "yes", "on", "t", "y"}
    return StopOrder(
        "supervisor", seconds(said.get("stopwaitsecs", "10")), to_all, signal_name(said.get("stopsignal", "TERM"))
    )


def of_circus(values: Mapping[str, str]) -> StopOrder:
    """Circus waits 30 s by default, and asks the children too only where it is told so."""
    to_all = values.get("stop_children", "False").lower() in {"true", "1", "yes", "on"}
    return StopOrder(
        "Circus", seconds(values.get("graceful_timeout", "30")), to_all, signal_name(values.get("stop_signal", "TERM"))
    )


def of_pod(spec: Mapping[str, Any], container: Mapping[str, Any]) -> StopOrder:
    """Kubernetes waits 30 s by default, and the `preStop` of a container takes its time from them."""
    grace = seconds(str(spec.get("terminationGracePeriodSeconds", 30)))
    before = within(container, "lifecycle", "preStop")
    waits = re.search(r"\bsleep[^0-9a-z]+(?:seconds[^0-9]+)?(\d+)", str(before)) if before else None
    doubt = ""
    if waits and grace is not None and not re.search(r"celery|kill", str(before)):
        grace = max(0.0, grace - float(waits.group(1)))
    elif before:
        doubt = "`preStop` agit avant le signal, et ce qu'il fait ne se lit pas"
    return StopOrder("Kubernetes", grace, signal="", hidden=_is_hidden(container), doubt=doubt)


def _is_hidden(container: Mapping[str, Any]) -> bool:
    names = [entry.get("name") for entry in tables(container.get("env")) if "value" not in entry]
    return bool(container.get("envFrom")) or "REMAP_SIGTERM" in names


# Heroku asks every process of a dyno, and its variables are set outside of the project.
OF_PROCFILE = StopOrder("la plateforme du Procfile", 30.0, to_all=True, hidden=True)


def of_render(service: Mapping[str, Any]) -> StopOrder:
    """Render waits 30 s by default; it gives `startCommand` to a shell of its own."""
    grace = seconds(str(service.get("maxShutdownDelaySeconds", 30)))
    groups = [entry for entry in tables(service.get("envVars")) if "fromGroup" in entry]
    doubt = "" if service.get("dockerCommand") else "le shell dans lequel Render lance `startCommand` n'est pas dit"
    return StopOrder("Render", grace, hidden=bool(groups), doubt=doubt)
