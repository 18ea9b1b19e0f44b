"""The order of things inside the target's interpreter."""

from __future__ import annotations

import json
import platform
import resource
import sys
import warnings
from importlib import metadata
from pathlib import Path
from typing import Any

from .asgi_routes import report_routes
from .celery_facts import report_celery
from .json_lines import Report
from .landlock import confine
from .loading import LoadingError
from .network_guard import close_network

_DISTRIBUTIONS = ("celery", "kombu", "redis", "fastapi", "starlette", "pydantic", "uvicorn")
_DEPRECATIONS = (DeprecationWarning, PendingDeprecationWarning, FutureWarning)
_MAX_WARNINGS = 200
_MAX_FILE_BYTES = 64 << 20


def main(arguments: str) -> None:
    """Read the target that the JSON arguments name (`descriptor`, `root`, `celery_app`, `asgi_app`) and report on it."""
    wanted = json.loads(arguments)
    report, root = Report(wanted["descriptor"]), Path(wanted["root"])
    refusals: list[str] = []
    _prepare(root, refusals)
    report.write("confined", value=confine(str(Path.cwd())))
    report.write("versions", values=_versions())
    seen = _record_warnings()
    for name, read in ((wanted["celery_app"], report_celery), (wanted["asgi_app"], report_routes)):
        if name:
            try:
                read(name, root, report)
            except LoadingError as error:
                report.write("failure", text=str(error))
    for category, message, path, line in seen:
        report.write("warning", category=category, message=message, path=path, line=line)
    for destination in refusals:
        report.write("refusal", destination=destination)
    report.write("end")


def _prepare(root: Path, refusals: list[str]) -> None:
    # A target that prints for ever fills no disk: Python ignores SIGXFSZ, the write fails.
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    soft = _MAX_FILE_BYTES if hard == resource.RLIM_INFINITY else min(hard, _MAX_FILE_BYTES)
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    sys.argv = ["celery"]
    sys.path[:] = [str(root), *(entry for entry in sys.path if entry)]
    close_network(refusals)


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name in _DISTRIBUTIONS:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def _record_warnings() -> dict[tuple[str, str, str, int], None]:
    """Every distinct deprecation warned about from now on, in order: category, message, file and line."""
    seen: dict[tuple[str, str, str, int], None] = {}

    def note(message: Any, category: type[Warning], filename: str, lineno: int, *_: object, **__: object) -> None:
        if issubclass(category, _DEPRECATIONS) and len(seen) < _MAX_WARNINGS:
            seen[category.__name__, str(message), filename, lineno] = None

    warnings.simplefilter("always")
    warnings.showwarning = note
    return seen
