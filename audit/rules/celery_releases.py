"""The settings that each release of Celery declares, and their defaults: one table, written by `python -m tests.celery_defaults`."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from audit.model.plain_value import PlainValue
from audit.model.word_tables import word_set

# What parts of Celery, its result stores and usual schedulers read without declaring it.
UNDECLARED = word_set("""
    arangodb_host beat_dburi beat_engine_options beat_log_file beat_schema dynamodb_endpoint_url gcs_threadpool_maxsize
    redbeat_key_prefix redbeat_lock_key redbeat_lock_timeout redbeat_redis_options redbeat_redis_url
    redis_backend_credential_provider redis_backend_health_check_interval redis_client_name result_backend_db
    result_backend_thread_safe task_cls visibility_timeout
""")


@cache
def _table() -> Mapping[str, Any]:
    text = files("audit.rules").joinpath("celery_releases.json").read_text(encoding="utf-8")
    found: Mapping[str, Any] = json.loads(text)
    return found


@dataclass(frozen=True)
class CeleryRelease:
    """A line of releases, such as `5.6`. `told`: the target says that it is its own; else it is the newest that is known.

    `asked`: the line that the target names, which may be older than all that are known.
    """

    name: str
    told: bool = False
    asked: str = ""

    def declares(self, setting: str) -> bool:
        """Whether this release reads the setting."""
        return self._default(setting) is not None

    def is_before(self, line: str) -> bool:
        """Whether another line of releases came later."""
        return _numbers(self.name) < _numbers(line)

    def default(self, setting: str) -> PlainValue:
        """Its default; None as well where there is none, or none that can be written."""
        default = self._default(setting) or []
        value: PlainValue = default[1] if len(default) > 1 else None
        return value

    def default_text(self, setting: str) -> str:
        """Its default as Python writes it; empty where this release does not declare the setting."""
        default = self._default(setting)
        return str(default[0]) if default else ""

    def _default(self, setting: str) -> list[Any] | None:
        told = _table()["settings"].get(setting, {"defaults": {}})["defaults"]
        since = [line for line in told if _numbers(line) <= _numbers(self.name)]
        found: list[Any] | None = told[max(since, key=_numbers)] if since else None
        return found


def release(version: str) -> CeleryRelease:
    """The line of a version such as `5.3.6`, `5.3.*` or `4.*`; the newest that is known where the version does not say."""
    lines = [one.rpartition(".")[0] for one in _table()["releases"]]
    if len(_numbers(version)) < 2:
        major = [line for line in lines if _numbers(line)[:1] == _numbers(version)]
        told = bool(major) and major[-1] != lines[-1]
        return (
            CeleryRelease(major[-1], told=True, asked=version.removesuffix(".*")) if told else CeleryRelease(lines[-1])
        )
    asked = _numbers(version)[:2]
    older = [line for line in lines if _numbers(line) <= asked]
    return CeleryRelease(older[-1] if older else lines[0], told=True, asked=".".join(map(str, asked)))


def first_release(setting: str) -> str:
    """The first line of releases that reads a setting; empty for none."""
    return next((line for line in _table()["settings"].get(setting, {"defaults": {}})["defaults"]), "")


def declared_settings() -> frozenset[str]:
    """Every setting that some release reads."""
    return frozenset(_table()["settings"]) | UNDECLARED


def is_boolean(setting: str) -> bool:
    """Whether Celery takes the setting for a boolean, so that any text but the empty one is true."""
    return bool(_table()["settings"].get(setting, {}).get("type") == "bool")


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())
