"""What overlays of Kustomize change in the objects of Kubernetes that they take from other files."""

import copy
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from posixpath import basename, dirname, join, normpath
from typing import Any

import yaml

from audit.model.desks import is_not_served
from audit.reading.deployment.file_references import Around, assignments
from audit.reading.deployment.untyped_values import listed, name_of, table, tables, within

_NAME = re.compile(r"(?i)kustomization(\.ya?ml)?")
_SERVING = re.compile(r"(?i)prod|live")
_MOST = 20
Document = Mapping[str, Any]


@dataclass(frozen=True)
class _Overlay:
    """A kustomization: the files that it takes, the other kustomizations, the copies that it asks for, and its patches."""

    path: str
    files: frozenset[str]
    below: tuple[str, ...]
    copies: tuple[tuple[str, Any], ...]
    patches: tuple["_Patch", ...]


@dataclass(frozen=True)
class _Patch:
    """The file that holds it, empty for one that is written in place; what it aims at, and what it says."""

    path: str
    target: Mapping[str, Any]
    change: Any


def patched(path: str, document: Document, around: Around) -> Document:
    """An object of a file as the overlay that serves makes it: the one of production, else the first that is for no desk."""
    overlays = _overlays(around)
    tops = [one for one in overlays.values() if not any(one.path in other.below for other in overlays.values())]
    serving = [top for top in tops if _reaches(top, path, overlays, 0) and not is_not_served(dirname(top.path))]
    if not serving:
        return document
    chosen = max(serving, key=lambda top: bool(_SERVING.search(top.path)))
    return _made(chosen, path, copy.deepcopy(dict(document)), overlays, 0)


def taken(around: Around) -> frozenset[str]:
    """The files that some kustomization takes, or that patch what it takes."""
    overlays = _overlays(around).values()
    return frozenset(p for one in overlays for p in (*one.files, *(patch.path for patch in one.patches)))


def is_patch(path: str, around: Around) -> bool:
    """Whether a file only changes what others declare."""
    return any(path == patch.path for one in _overlays(around).values() for patch in one.patches)


def generated_maps(around: Around) -> Iterator[tuple[str, dict[str, str]]]:
    """The `ConfigMap`s that `configMapGenerator` makes: their names, and what they hold where they are deployed.

    What two overlays that serve say differently is left to the environment, as `${NAME}`.
    """
    written: dict[tuple[str, bool], list[tuple[str, dict[str, str]]]] = {}
    for path in (p for p in around.tree.paths if _NAME.fullmatch(basename(p))):
        for entry in tables(within(next(around.documents(path), None), "configMapGenerator")):
            creates = entry.get("behavior", "create") == "create"
            told = written.setdefault((str(entry.get("name")), creates), [])
            told.append((path, _generated(entry, dirname(path), around)))
    for name, creates in written:
        if creates:
            yield name, _agreed(written[name, True]) | _agreed(written.get((name, False), []))


def _agreed(maps: Sequence[tuple[str, dict[str, str]]]) -> dict[str, str]:
    """What the maps of production say, else those of any overlay that serves; `${NAME}` where they differ."""
    served = [one for one in maps if not is_not_served(dirname(one[0]))] or maps
    chosen = [held for path, held in served if _SERVING.search(path)] or [held for _, held in served]
    told = {key: {held[key] for held in chosen if key in held} for held in chosen for key in held}
    return {key: texts.pop() if len(texts) == 1 else f"${{{key}}}" for key, texts in told.items()}


def _generated(entry: Mapping[str, Any], folder: str, around: Around) -> dict[str, str]:
    named = [*listed(entry.get("envs")), *filter(None, [entry.get("env")])]
    texts = (around.source(normpath(join(folder, str(name)))) for name in named)
    held = {name: value for source in texts if source for name, value in assignments(source.text).items()}
    held |= dict(str(one).split("=", 1) for one in listed(entry.get("literals")) if "=" in str(one))
    for one in listed(entry.get("files")):
        key, equals, file = str(one).partition("=")
        source = around.source(normpath(join(folder, file if equals else key)))
        held |= {basename(key): source.text} if source else {}
    return held


def _overlays(around: Around) -> dict[str, _Overlay]:
    return around.once("kustomizations", _every_overlay)


def _every_overlay(around: Around) -> dict[str, _Overlay]:
    return {p: made for p in around.tree.paths if _NAME.fullmatch(basename(p)) and (made := _read(p, around))}


def _read(path: str, around: Around) -> _Overlay | None:
    said = next(around.documents(path), None)
    if not isinstance(said, dict):
        return None
    named = [str(one) for key in ("resources", "bases", "components") for one in listed(said.get(key))]
    ways = [normpath(join(dirname(path), one)) for one in named]
    below = tuple(p for p in around.tree.paths if _NAME.fullmatch(basename(p)) and dirname(p) in ways)
    copies = tuple((str(e.get("name")), e.get("count")) for e in tables(said.get("replicas")))
    return _Overlay(path, frozenset(ways), below, copies, tuple(_patches(path, said, around)))


def _reaches(one: _Overlay, path: str, overlays: Mapping[str, _Overlay], depth: int) -> bool:
    if path in one.files:
        return True
    return depth < _MOST and any(_reaches(overlays[p], path, overlays, depth + 1) for p in one.below if p in overlays)


def _made(
    one: _Overlay, path: str, document: dict[str, Any], overlays: Mapping[str, _Overlay], depth: int
) -> dict[str, Any]:
    """The object, with what the kustomizations below this one change in it, then this one."""
    for below in one.below if depth < _MOST else ():
        if below in overlays and _reaches(overlays[below], path, overlays, depth + 1):
            document = _made(overlays[below], path, document, overlays, depth + 1)
    own = document.get("spec")
    for name, count in one.copies:
        if name == name_of(document) and isinstance(own, dict):
            own["replicas"] = count
    for patch in one.patches:
        if isinstance(patch.change, list) and patch.target and _is_target(patch.target, document):
            _operated(document, patch.change)
        elif isinstance(patch.change, dict) and _is_target(patch.target or _identity(patch.change), document):
            document = _merged(document, patch.change)
    return document


def _patches(of: str, said: Mapping[str, Any], around: Around) -> Iterator[_Patch]:
    for key in ("patches", "patchesStrategicMerge", "patchesJson6902"):
        for entry in listed(said.get(key)):
            held = entry if isinstance(entry, dict) else {"patch" if "\n" in str(entry) else "path": entry}
            target = held.get("target")
            path = normpath(join(dirname(of), str(held["path"]))) if "path" in held else ""
            try:
                changes = list(around.documents(path)) if path else list(yaml.safe_load_all(str(held.get("patch", ""))))
            except yaml.YAMLError:
                continue
            yield from (_Patch(path, table(target), change) for change in changes)


def _identity(change: Document) -> Mapping[str, Any]:
    return {"kind": change.get("kind"), "name": re.escape(name_of(change))}


def _is_target(target: Mapping[str, Any], document: Document) -> bool:
    kind, name = target.get("kind"), str(target.get("name") or "")
    if (kind and kind != document.get("kind")) or (name and not re.fullmatch(name, name_of(document))):
        return False
    labels = within(document, "metadata", "labels")
    asked = [pair.partition("=") for pair in str(target.get("labelSelector") or "").split(",") if pair]
    return all(isinstance(labels, dict) and str(labels.get(key.strip())) == told.strip("= ") for key, _, told in asked)


def _merged(under: Any, over: Any) -> Any:
    """A strategic merge: lists of named parts are merged by their names, others are replaced."""
    if isinstance(under, dict) and isinstance(over, dict):
        found = {key: value for key, value in under.items() if over.get(key, "") is not None}
        changes = {key: value for key, value in over.items() if value is not None and not str(key).startswith("$")}
        return found | {key: _merged(found.get(key), value) for key, value in changes.items()}
    if (
        isinstance(under, list)
        and isinstance(over, list)
        and all(isinstance(i, dict) and "name" in i for i in [*under, *over])
    ):
        gone = {item["name"] for item in over if item.get("$patch") == "delete"}
        given = {item["name"]: item for item in over if item["name"] not in gone}
        kept = [_merged(item, given.pop(item["name"], {})) for item in under if item["name"] not in gone]
        return [*kept, *given.values()]
    return over


def _operated(document: dict[str, Any], operations: list[Any]) -> None:
    """JSON 6902: `add`, `replace` and `remove`, where the way leads somewhere."""
    for one in tables(operations):
        *way, last = [
            part.replace("~1", "/").replace("~0", "~") for part in str(one.get("path", "")).split("/")[1:]
        ] or [""]
        held: Any = document
        for part in way:
            if isinstance(held, dict):
                held = held.get(part)
            else:
                held = (
                    held[int(part)] if isinstance(held, list) and part.isdecimal() and int(part) < len(held) else None
                )
        if isinstance(held, dict):
            held.pop(last, None) if one.get("op") == "remove" else held.update({last: one.get("value")})
        elif isinstance(held, list) and one.get("op") == "add":
            held.insert(int(last) if last.isdecimal() else len(held), one.get("value"))
        elif isinstance(held, list) and last.isdecimal() and int(last) < len(held):
            held[int(last) : int(last) + 1] = [one.get("value")] if one.get("op") != "remove" else []
