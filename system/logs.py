"""Logs on standard output: one JSON object a line, or coloured text in a terminal; no telephone number, no secret."""

import logging
import sys
from collections.abc import Mapping
from typing import Any

import structlog
from pydantic import SecretStr
from structlog.typing import EventDict, Processor

from system import correlation
from system.config import Settings
from system.domain.masking import SHORTEST_SECRET, masked

# They log every URL they ask for, or every step of every request.
QUIET = ("httpx", "httpcore")
# Every few seconds: what they find is told where it is found, and a failure is an error.
ROUTINE = frozenset(
    {
        "system.tasks.periodic_tasks.sweep_expired_leases",
        "system.tasks.periodic_tasks.close_overdue_campaigns",
        "system.tasks.heartbeat_tasks.record_heartbeat",
    }
)
# What ends the arguments of uvicorn's line for a webhook that is stored: path, version of HTTP, status.
STORED = ("/webhooks/wassenger", "1.1", 200)
SERVERS = ("database_url", "redis_url", "broker_url")


def secrets_of(settings: Settings) -> tuple[str, ...]:
    """The settings' secrets. The passwords of servers' URLs are recognised by their form."""
    values = [getattr(settings, name) for name in Settings.model_fields if name not in SERVERS]
    secrets = (value.get_secret_value() for value in values if isinstance(value, SecretStr))
    return tuple(secret for secret in secrets if len(secret) >= SHORTEST_SECRET)


class _Masking:
    """Masks whatever was put into the event, at the end of the chain."""

    def __init__(self, secrets: tuple[str, ...]) -> None:
        self._secrets = secrets

    def __call__(self, _logger: Any, _name: str, event: EventDict) -> EventDict:
        for key, value in event.items():
            if key not in {"timestamp", "level", "logger", "correlation_id"}:
                event[key] = masked(value, self._secrets)
        return event


def of_interest(record: logging.LogRecord) -> bool:
    """Not what a database row tells already: the end of a routine task, a webhook answered 200 (its events are in `webhook_inbox`)."""
    if record.name == "uvicorn.access":
        return not (isinstance(record.args, tuple) and record.args[2:] == STORED)
    if not record.name.startswith("celery.") or record.levelno > logging.INFO:
        return True
    arguments = record.args
    told = [arguments.get("name")] if isinstance(arguments, Mapping) else arguments or ()
    return not any(isinstance(word, str) and word in ROUTINE for word in told)


def _correlate(_logger: Any, _name: str, event: EventDict) -> EventDict:
    identifier = correlation.current()
    if identifier is not None:
        event["correlation_id"] = identifier
    return event


def formatter(secrets: tuple[str, ...], *, terminal: bool) -> logging.Formatter:
    """What makes a line of a record and of its `extra`."""
    shared: list[Processor] = [
        structlog.stdlib.ExtraAdder(),
        _correlate,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last: Processor = (
        structlog.dev.ConsoleRenderer() if terminal else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            _Masking(secrets),
            last,
        ],
    )


def configure(settings: Settings, *, level: int = logging.INFO) -> None:
    """Makes every log of this process go through here; of this process alone, so never at import."""
    handler = logging.StreamHandler(sys.stdout)
    handler.addFilter(of_interest)
    handler.setFormatter(formatter(secrets_of(settings), terminal=sys.stdout.isatty()))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        server = logging.getLogger(name)
        server.handlers.clear()
        server.propagate = True
