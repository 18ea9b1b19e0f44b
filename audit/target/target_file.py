"""Reads the target file: what is audited, and which symbol plays which role."""

import logging
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from audit.target.waivers import Waiver, WaiverError, read_waivers

_logger = logging.getLogger(__name__)

ROLES = {
    "sender": "the Celery task that sends one message",
    "campaign_sender": "the Celery task that sends a campaign",
    "webhook": "the HTTP endpoint the gateway calls",
    "webhook_processor": "the function that processes one inbound message",
    "follow_up_scheduler": "the function that creates Message 2 and schedules its sending",
    "recovery": "the task that takes interrupted campaigns up again",
    "health_check": "the periodic health check task",
    "expiry": "the periodic task that expires the 24 h window",
    "monitoring_sync": "the periodic task that persists the monitoring counters",
    "monitoring_reset": "the periodic task that resets the daily counters",
    "lock_cleanup": "the periodic task that releases dead locks",
    "campaign_lock": "the function or class that locks a campaign",
    "idempotency": "the function that makes a second execution of a send harmless",
    "service_client": (
        "the function that gives access to data under the service role (several allowed, comma separated)"
    ),
    "watchdog": "the process that alerts when workers are down",
}

_TABLES: dict[str, dict[str, type]] = {
    "target": {
        "name": str,
        "root": str,
        "python": str,
        "celery_app": str,
        "asgi_app": str,
        "process_files": list,
        "exclude": list,
        "environment": list,
        "driver": str,
        "fault_driver": str,
    },
    "checkpoint": {"spec": str, "task": str},
    "spec": {"kiro": str},
    "criteria": {},
    "quality": {"junit": str, "coverage": str},
    "evidence": {"soak": str, "heartbeats": str},
    "roles": {**dict.fromkeys(ROLES, str), "absent": list},
}


class TargetError(Exception):
    """The target file or the target's root cannot be used; the message is one line for the user."""


@dataclass(frozen=True)
class Target:
    """What is audited.

    `roles` maps a role to symbols `package.module:name`; `absent` lists roles declared not to exist. `kiro` is the
    folder of a Kiro spec, relative to the root, and `criteria` maps its criteria `N.M` to the rules that cover them.
    `evidence` holds absolute paths: the journal of a soak, an export of production heartbeats. `junit` and `coverage`
    are XML files that its own test run writes, relative to the root. `environment` holds `NAME=value`: what the target
    needs to be imported, and nothing secret.
    """

    name: str
    root: Path
    python: str = ""
    celery_app: str = ""
    asgi_app: str = ""
    process_files: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    environment: tuple[str, ...] = ()
    driver: str = ""
    fault_driver: str = ""
    spec: str = ""
    task: str = ""
    kiro: str = ""
    criteria: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    junit: str = ""
    coverage: str = ""
    evidence: tuple[Path, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    roles: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    absent: frozenset[str] = frozenset()

    def role(self, name: str) -> str:
        """First symbol that plays this role, or an empty string."""
        symbols = self.roles.get(name, ())
        return symbols[0] if symbols else ""


def load_target(path: Path) -> Target:
    """Read `audit.toml` (or `[tool.audit]` of `pyproject.toml`) at or in `path`.

    A directory without either is a target with nothing declared. Raises TargetError with the file and the key at fault.
    """
    try:
        return _load(path)
    except (OSError, RuntimeError) as error:  # no right to look, a name too long, a loop of links
        raise TargetError(f"{path}: cannot be read: {error}") from error


def _load(path: Path) -> Target:
    if not path.exists():
        raise TargetError(f"{path}: no such target")
    if path.is_file():
        return _target_from(path, path.parent)
    if not path.is_dir():
        raise TargetError(f"{path}: neither a directory nor a target file")
    for name in ("audit.toml", "pyproject.toml"):
        if (path / name).is_file() and (name == "audit.toml" or "audit" in _tool_tables(path / name)):
            return _target_from(path / name, path)
    _logger.debug("%s: no audit.toml and no [tool.audit] in pyproject.toml: nothing is declared", path)
    return Target(name=path.resolve().name, root=path.resolve())


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except RecursionError as error:
        raise TargetError(f"{path}: not valid TOML: nested too deep") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise TargetError(f"{path}: not valid TOML: {error}") from error


def _tool_tables(path: Path) -> dict[str, Any]:
    tool = _read_toml(path).get("tool", {})
    return tool if isinstance(tool, dict) else {}


def _target_from(path: Path, base: Path) -> Target:
    document = _read_toml(path) if path.name != "pyproject.toml" else _tool_tables(path).get("audit", {})
    document = dict(document)
    waivers = _waivers(path, document.pop("waiver", []))
    _check(path, document)
    target, roles = document.get("target", {}), document.get("roles", {})
    root = (base / target.get("root", ".")).resolve()
    if not root.is_dir():
        raise TargetError(f"{path}: target.root: {root} is not a directory")
    _logger.debug("target file %s: tables %s; root %s", path, ", ".join(document) or "none", root)
    checkpoint = document.get("checkpoint", {})
    return Target(
        name=target.get("name", root.name),
        root=root,
        **{key: target.get(key, "") for key in ("python", "celery_app", "asgi_app", "driver", "fault_driver")},
        process_files=tuple(target.get("process_files", ())),
        exclude=tuple(target.get("exclude", ())),
        environment=tuple(target.get("environment", ())),
        spec=checkpoint.get("spec", ""),
        task=checkpoint.get("task", ""),
        kiro=_spec_folder(path, root, document.get("spec", {}).get("kiro", "")),
        criteria={name: _several(value) for name, value in document.get("criteria", {}).items()},
        **{key: document.get("quality", {}).get(key, "") for key in _TABLES["quality"]},
        evidence=tuple((base / p).absolute() for p in document.get("evidence", {}).values() if p),
        waivers=waivers,
        roles={name: _several(value) for name, value in roles.items() if name != "absent"},
        absent=frozenset(roles.get("absent", ())),
    )


def _waivers(path: Path, entries: object) -> tuple[Waiver, ...]:
    try:
        return read_waivers(entries)
    except WaiverError as error:
        raise TargetError(f"{path}: {error}") from error


def _several(value: str) -> tuple[str, ...]:
    return tuple(s.strip() for s in value.split(","))


def _spec_folder(path: Path, root: Path, kiro: str) -> str:
    """The spec's folder as a posix path relative to the root. Raises TargetError unless it is one, below the root."""
    if not kiro:
        return ""
    folder = (root / kiro).resolve()
    if not folder.is_dir() or not folder.is_relative_to(root):
        raise TargetError(f"{path}: spec.kiro: {kiro} is not a directory below {root}")
    return folder.relative_to(root).as_posix()


def _check(path: Path, document: dict[str, Any]) -> None:
    """Raise TargetError on an unknown table or key, or a value of the wrong type."""
    for table, content in document.items():
        if table not in _TABLES:
            raise TargetError(_unknown(path, table, _TABLES))
        if not isinstance(content, dict):
            raise TargetError(f"{path}: {table} must be a table")
        for key, value in content.items():
            expected = _TABLES[table].get(key)
            if table == "criteria" and re.fullmatch(r"[0-9]{1,4}\.[0-9]{1,4}", key):
                expected = str
            if expected is None:
                keys = _TABLES[table] or {'"N.M"': str}
                raise TargetError(_unknown(path, f"{table}.{key}", {f"{table}.{k}": 0 for k in keys}))
            strings = value if isinstance(value, list) else [value]
            if not isinstance(value, expected) or not all(isinstance(v, str) for v in strings):
                kind = "a list of strings" if expected is list else "a string"
                raise TargetError(f"{path}: {table}.{key} must be {kind}")
            if any("\0" in v for v in strings):
                raise TargetError(f"{path}: {table}.{key} holds a NUL character")
    unknown = set(document.get("roles", {}).get("absent", ())) - set(ROLES)
    if unknown:
        raise TargetError(_unknown(path, f"roles.absent: {min(unknown)}", {f"roles.absent: {r}": 0 for r in ROLES}))


def _unknown(path: Path, key: str, known: Mapping[str, object]) -> str:
    close = get_close_matches(key, known, n=1)
    hint = f"; did you mean {close[0]}?" if close else f"; known here: {', '.join(known)}"
    return f"{path}: unknown key {key}{hint}"
