"""Services of a compose file as Docker sees them: what each extends, and the file laid over it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from posixpath import basename, dirname, join, normpath
from typing import Any

from audit.model.desks import is_for_a_desk
from audit.reading.deployment.file_references import Around
from audit.reading.deployment.untyped_values import pairs_of, table
from audit.reading.source_files import Source

Service = dict[str, Any]
UNREAD = "x-unread"
_BASE = re.compile(r"((?:docker-)?compose)\.ya?ml")
_PRODUCTION = r"[.-]prod(uction)?\.ya?ml"
_MOST = 20
_GIVEN = re.compile(r"(?:^|\s|=|\"|')(?:-f|--file|-c|--compose-file)(?:[ =]|\W{2,4})([^\s\"',\]]+)")
_COMPOSE_FILE = re.compile(r"\bCOMPOSE_FILE\s*[:?]?[=:]\s*([^\s#]+)")
# What Ansible gives to Compose.
_FILES = re.compile(r"(?m)^\s*files:\s*(\[[^\]]*\]|(\n\s*-\s*\S+\.ya?ml\s*?)+$)")
_LISTED = re.compile(r"[\w./{}$-]+\.ya?ml")
_SERVING = re.compile(r"(?i)prod|serve|deploy|live|release")


def layered(source: Source, services: Mapping[str, Any], around: Around) -> dict[str, Service]:
    """Services with what they extend and what is laid over them; `x-unread` tells, in French, what could not be decided."""
    chain = _asked(source.path, around)
    if chain:
        files = [(path, services if path == source.path else services_of(path, around)) for path in chain]
        return {str(name): _piled(files, str(name), around) for name in services if isinstance(services[name], dict)}
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


def is_told_elsewhere(path: str, name: str, around: Around) -> bool:
    """Whether the command of a service, or without one its image, is that of another file of those that are given together."""
    chain = _asked(path, around)
    held = [(p, s) for p in chain if isinstance(s := services_of(p, around).get(name), dict)]
    commands = [p for p, service in held if {"command", "entrypoint"} & service.keys()]
    images = [p for p, service in held if _whole(service) or "extends" in service]
    return bool(chain) and path not in (commands[-1:] or images[:1])


def _piled(files: Sequence[tuple[str, Mapping[str, Any]]], name: str, around: Around) -> Service:
    """A service as the files that are given together make it, in their order."""
    found: Service = {}
    for path, services in files:
        if isinstance(services.get(name), dict):
            found = _merged(found, _extended(path, services, name, around, 0))
    return found


def _asked(path: str, around: Around) -> tuple[str, ...]:
    """The files among which a script, or `COMPOSE_FILE`, gives this one, in their order; empty where none gives several.

    Those of production before others, those of a desk never.
    """
    chains = [chain for chain in around.once("compose chains", lambda one: [*_chains(one)]) if path in chain]
    served = [chain for chain in chains if not any(map(is_for_a_desk, chain))]
    return max(served, key=lambda chain: (any(map(_SERVING.search, chain)), len(chain)), default=())


def _chains(around: Around) -> Iterator[tuple[str, ...]]:
    for source in around.holding(
        "", "akefile", "ustfile", ".mk", ".sh", ".bash", ".yml", ".yaml", ".service", ".env", ".json"
    ):
        folder = dirname(source.path)
        told = [_LISTED.findall(block[0]) for block in _FILES.finditer(source.text)]
        for line in re.sub(r"\\\n", " ", source.text).splitlines():
            listed = _COMPOSE_FILE.search(line)
            told.append(re.split("[:,]", listed[1]) if listed else _GIVEN.findall(line))
        for named in told:
            paths = [_found(name.strip("\"'"), folder, around) for name in named]
            if len(paths) > 1 and all(paths):
                yield tuple(dict.fromkeys(paths))


def _found(name: str, folder: str, around: Around) -> str:
    """The file of the tree that a script names, from its own folder, from the root, or by the end of its path."""
    if not name.endswith((".yml", ".yaml")):
        return ""
    plain = re.sub(r"^\$[({]?\w+[)}]?/", "", name)
    ends = [p for p in around.tree.paths if p == plain.lstrip("./") or p.endswith(f"/{basename(plain)}")]
    ways = [p for p in (normpath(join(folder, plain)), normpath(plain.lstrip("/"))) if p in around.tree.paths]
    return next(iter(ways), ends[0] if len(ends) == 1 else "")


def services_of(path: str, around: Around) -> dict[str, Any]:
    """Services that another compose file declares; none when it cannot be read."""
    return table(table(next(around.documents(path), None)).get("services"))


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
        before, after = (_paired(one) if key == "environment" else one for one in (merged.get(key), value))
        merged[key] = _merged(before, after) if isinstance(before, dict) and isinstance(after, dict) else after
    return merged


def _paired(value: Any) -> Any:
    return pairs_of(value) if isinstance(value, list) else value
