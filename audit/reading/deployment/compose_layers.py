"""Services of a compose file as Docker sees them: what each extends, and the file laid over it."""

import re
from collections.abc import Mapping
from posixpath import basename, dirname, join, normpath
from typing import Any

import yaml

from audit.reading.deployment.file_references import Around
from audit.reading.source_files import Source

Service = dict[str, Any]
UNREAD = "x-unread"
_BASE = re.compile(r"((?:docker-)?compose)\.ya?ml")
_PRODUCTION = r"[.-]prod(uction)?\.ya?ml"
_MOST = 20


def layered(source: Source, services: Mapping[str, Any], around: Around) -> dict[str, Service]:
    """Services with what they extend and what is laid over them; `x-unread` tells, in French, what could not be decided."""
    found = {
        str(name): _extended(source.path, services, str(name), around, 0)
        for name, service in services.items()
        if isinstance(service, dict)
    }
    above, below = _above(source.path, around), _below(source.path, around)
    over, under = services_of(above, around), services_of(below, around)
    for name, service in found.items():
        if isinstance(over.get(name), dict):
            found[name] = _laid(service, _extended(above, over, name, around, 0), above)
        elif isinstance(under.get(name), dict) and (".override." in source.path or not _whole(service)):
            found[name] = _merged(_extended(below, under, name, around, 0), service)
    return found


def services_of(path: str, around: Around) -> dict[str, Any]:
    """Services that another compose file declares; none when it cannot be read."""
    source = around.source(path) if path else None
    try:
        loaded = yaml.safe_load(source.text) if source else None
    except yaml.YAMLError:
        return {}
    services = loaded.get("services") if isinstance(loaded, dict) else None
    return services if isinstance(services, dict) else {}


def _above(path: str, around: Around) -> str:
    """The file of production laid over this one, else the override that Docker reads unasked; empty for none."""
    stem = _BASE.fullmatch(basename(path))
    if not stem:
        return ""
    beside = around.beside(path)
    for pattern in (_PRODUCTION, r"\.override\.ya?ml"):
        found = [p for p in beside if re.fullmatch(re.escape(stem.group(1)) + pattern, basename(p))]
        if found:
            return found[0]
    return ""


def _below(path: str, around: Around) -> str:
    """The base file that this one is laid over, as its name says; empty for none."""
    stem = re.fullmatch(r"((?:docker-)?compose)[.-][\w.-]+\.ya?ml", basename(path))
    bases = [p for p in around.beside(path) if (base := _BASE.fullmatch(basename(p))) and stem and base[1] == stem[1]]
    return bases[0] if bases else ""


def _whole(service: Service) -> bool:
    """Whether a service stands alone: it needs an image, or something to build."""
    return bool({"image", "build"} & service.keys())


def _laid(service: Service, over: Service, path: str) -> Service:
    # A command written in both is read in both.
    merged = _merged(service, {k: v for k, v in over.items() if k not in {"command", "entrypoint"} or k not in service})
    # A file of production that names an image may stand alone, or be laid over this one.
    if ".override." in path or not _whole(over):
        return merged
    told = [(s.get("restart"), s.get("deploy")) for s in (service, merged)]
    return service if told[0] == told[1] else {**service, UNREAD: f"`{path}` règle autrement son redémarrage"}


def _extended(path: str, services: Mapping[str, Any], name: str, around: Around, depth: int) -> Service:
    service = services.get(name)
    if not isinstance(service, dict):
        return {UNREAD: f"le service `{name}`, étendu par `{path}`, n'a pas été trouvé"}
    given = service.get("extends")
    if not given or depth > _MOST:
        return service
    given = given if isinstance(given, dict) else {"service": given}
    file = given.get("file")
    other = normpath(join(dirname(path), str(file))) if file else path
    held = services_of(other, around) if file else services
    return _merged(_extended(other, held, str(given.get("service")), around, depth + 1), service)


def _merged(under: Service, over: Service) -> Service:
    merged = dict(under)
    for key, value in over.items():
        before = merged.get(key)
        merged[key] = _merged(before, value) if isinstance(before, dict) and isinstance(value, dict) else value
    return merged
