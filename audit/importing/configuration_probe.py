"""The configuration probe: what the target really is once imported, in its own interpreter, without network."""

import logging
import os
import shutil
import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from audit.importing.isolation import Isolation, strongest_isolation
from audit.importing.target_interpreter import Transcript, listen
from audit.model.facts import BeatEntry, Deprecation, Facts, Function, Parameter, Route, Setting, Task
from audit.model.findings import Excerpt, Level
from audit.model.secret_masking import Masker
from audit.target.target_file import Target

_logger = logging.getLogger(__name__)
_NAME = "configuration"


def collect(target: Target, deadline_seconds: float = 20.0, isolation: Isolation | None = None) -> Facts:
    """Import the applications of the target in `target.python` and report what they are.

    Never raises for what the target does: `failure` says why nothing was learned, `failures` what was not.
    """
    if not target.celery_app and not target.asgi_app:
        return _failed("Ni `target.celery_app` ni `target.asgi_app` n'est déclaré : il n'y a rien à importer.")
    python = interpreter(target)
    if not python:
        return _failed(f"L'interpréteur « {target.python} » de `target.python` est introuvable.")
    chosen = isolation or strongest_isolation()
    declared = declared_environment(target)
    if not all("=" in variable and name for variable, name in zip(target.environment, declared, strict=True)):
        return _failed("Une entrée de `target.environment` n'a pas la forme « NOM=valeur ».")
    environ = {**os.environ, **declared}
    arguments = {"root": str(target.root.resolve()), "celery_app": target.celery_app, "asgi_app": target.asgi_app}
    _logger.debug("importing with %s, isolated by: %s", python, chosen.name)
    transcript = listen(python, arguments, chosen, environ, deadline_seconds)
    try:
        facts = _facts(transcript, target.root.resolve(), chosen, Masker(environ))
    except (KeyError, TypeError, ValueError, AttributeError):
        return _failed("L'interpréteur de la cible a produit une sortie illisible.")
    if declared:
        # By name: what they are given may be a secret.
        lent = f"{facts.versions['isolation']} ; environnement prêté : {', '.join(declared)}"
        facts = replace(facts, versions={**facts.versions, "isolation": lent})
    for failure in facts.failures:
        _logger.debug("not imported: %s", failure)
    return facts


def declared_environment(target: Target) -> dict[str, str]:
    """The variables of `target.environment`, by name."""
    return dict(variable.partition("=")[::2] for variable in target.environment)


def _failed(failure: str) -> Facts:
    return Facts(Level.CONFIGURATION, _NAME, failure=failure)


def interpreter(target: Target) -> str:
    """Path of the interpreter, not resolved: the link is what makes a virtual environment. Empty when there is none."""
    if not target.python:
        return sys.executable
    wanted = target.root / target.python if os.sep in target.python else target.python
    return str(shutil.which(wanted) or "")


def _facts(transcript: Transcript, root: Path, isolation: Isolation, masker: Masker) -> Facts:
    records: dict[str, list[dict[str, Any]]] = {}
    for record in transcript.records:
        records.setdefault(record["kind"], []).append(record)
    failures = _failures(records, transcript, masker)
    learned = records.keys() & {"settings", "task", "beat", "routes_read"}
    functions = [_function(r["function"], masker) for kind in ("task", "route") for r in records.get(kind, ())]
    beat = records.get("beat", [])
    versions = {name: str(value) for r in records.get("versions", ()) for name, value in r["values"].items()}
    return Facts(
        Level.CONFIGURATION,
        _NAME,
        failure="" if learned else " ".join(failures) or "L'interpréteur de la cible n'a rien rapporté.",
        failures=failures,
        settings={s.name: s for r in records.get("settings", ()) for s in _settings(r["values"], masker)},
        functions={function.symbol: function for function in functions},
        tasks=tuple(_task(r, masker) for r in records.get("task", ())),
        beat=tuple(_beat_entry(e, masker) for r in beat for e in r["entries"]),
        beat_known=bool(beat) and all(r["known"] is True for r in beat),
        routes=tuple(_route(r) for r in records.get("route", ())),
        routes_known="routes_read" in records,
        deprecations=tuple(_deprecations(records.get("warning", ()), root, masker)),
        versions={**versions, "isolation": isolation.name + _writes(records.get("confined", ()))},
    )


def _writes(confined: Iterable[Mapping[str, Any]]) -> str:
    """Whether what the import writes stays in a directory that goes away."""
    return ", écritures confinées" if any(r["value"] is True for r in confined) else ", écritures non confinées"


def _failures(records: Mapping[str, list[dict[str, Any]]], transcript: Transcript, masker: Masker) -> tuple[str, ...]:
    said = [str(r["text"]) for r in records.get("failure", ())]
    refused = [str(r["destination"]) for r in records.get("refusal", ())]
    said += [f"L'import a tenté de joindre « {destination} » : la sonde l'a refusé." for destination in refused]
    return tuple(masker.text(text) for text in [*said, transcript.stopped] if text)


def _settings(values: Mapping[str, Any], masker: Masker) -> Iterable[Setting]:
    for name, value in values.items():
        yield Setting(name, masker.value(value, name))


def _task(record: Mapping[str, Any], masker: Masker) -> Task:
    return Task(record["name"], record["function"]["symbol"], masker.value(record["options"]))


def _function(record: Mapping[str, Any], masker: Masker) -> Function:
    parameters = (
        Parameter(p["name"], p["annotation"], masker.value(p["default"], p["name"]), p["depends"])
        for p in record["parameters"]
    )
    return Function(record["symbol"], tuple(parameters))


def _beat_entry(record: Mapping[str, Any], masker: Masker) -> BeatEntry:
    return BeatEntry(
        record["name"],
        record["task"],
        record.get("seconds"),
        record.get("crontab", ""),
        masker.value(record["options"]),
    )


def _route(record: Mapping[str, Any]) -> Route:
    return Route(record["method"], record["path"], record["function"]["symbol"], tuple(record["dependencies"]))


def _deprecations(records: Iterable[Mapping[str, Any]], root: Path, masker: Masker) -> Iterable[Deprecation]:
    for record in records:
        message = " ".join(masker.text(record["message"]).split())
        excerpt = _quoted(Path(record["path"]), record["line"], root, masker)
        what = f"Avertissement `{record['category']}` à l'import : {message}"
        yield Deprecation(what, "Suivre le remplacement que cet avertissement indique", excerpt)


def _quoted(path: Path, line: int, root: Path, masker: Masker) -> Excerpt | None:
    """The line of the target's own code that a warning points to; None for a dependency's."""
    try:
        real = path.resolve()
        if root not in real.parents or "site-packages" in real.parts:
            return None
        text = real.read_text(encoding="utf-8", errors="replace").splitlines()[line - 1]
    except (OSError, IndexError):
        return None
    return Excerpt(real.relative_to(root).as_posix(), line, line, masker.text(text))
