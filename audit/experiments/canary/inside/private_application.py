"""The target's Celery application, every address of it turned to the private server, and the proof that it is."""

from __future__ import annotations

import importlib.util
import os
import threading
from pathlib import Path
from typing import Any

from _audit_inside.json_lines import Report
from _audit_inside.loading import LoadingError, cause, load

REDIS_TRANSPORTS = frozenset({"redis", "rediss", "sentinel"})
AMQP_TRANSPORTS = frozenset({"amqp", "amqps", "pyamqp"})
QUEUE = "_audit_canary"
# In the current directory, which is private.
_DATABASE = "db+sqlite:///audit-canary-results.sqlite"
_ADDRESSES = ("BROKER_URL", "BROKER_READ_URL", "BROKER_WRITE_URL")
_CREDENTIALS = (
    *("broker_host", "broker_port", "broker_user", "broker_password", "broker_vhost"),
    *("redis_host", "redis_port", "redis_db", "redis_username", "redis_password"),
)

# What decides how RabbitMQ delivers. Not the exchange of dead letters, nor bounds: other messages are no part of this.
_ARGUMENTS = frozenset({"x-queue-type", "x-delivery-limit", "x-consumer-timeout", "x-max-priority"})


class AstrayError(Exception):
    """The application would still reach something else than the private server; the message is a French sentence."""


def load_application(name: str, root: Path, report: Report) -> Any:
    """The target's application, configured. Raises LoadingError with a French sentence."""
    report.stage(f"L'import de « {name.partition(':')[0]} »")
    app = load(name, "target.celery_app", root)
    try:
        from celery import Celery  # noqa: PLC0415 - the target comes first, and may have no Celery
    except ImportError as error:
        raise LoadingError(f"Celery ne s'importe pas dans l'interpréteur de la cible : {cause(error, root)}.") from None
    if not isinstance(app, Celery):
        raise LoadingError(f"« {name} » est de type {type(app).__name__}, ce n'est pas une application Celery.")
    report.stage("La lecture des réglages Celery")
    try:
        len(app.conf)
    except BaseException as error:  # noqa: BLE001 - the target's code
        raise LoadingError(f"La lecture des réglages Celery a échoué : {cause(error, root)}.") from None
    return app


def broker_kind(app: Any) -> str:
    """`redis` or `amqp`, as the application's own addresses say. Raises AstrayError for any other: it delivers otherwise."""
    own = {str(c.transport_cls) for c in (app.connection_for_read(), app.connection_for_write())}
    if own <= REDIS_TRANSPORTS:
        app._audit_transport = "sentinel" if "sentinel" in own else ""  # noqa: SLF001 - read by our publisher
        return "redis"
    if own <= AMQP_TRANSPORTS:
        return "amqp"
    names = ", ".join(f"« {name} »" for name in sorted(own))
    raise AstrayError(f"La cible utilise le transport {names} : le canari ne sait lancer que Redis et RabbitMQ.")


def redirect(app: Any, broker: str, backend: str) -> None:
    """Turn every broker and backend address to the private server. Results that nobody kept are still not kept."""
    kept = str(app.conf.result_backend or "")
    changes: dict[str, Any] = dict.fromkeys(_CREDENTIALS)
    changes.update({name.lower(): broker for name in _ADDRESSES})
    changes.update(broker_use_ssl=False, redis_backend_use_ssl=None)
    # Celery lets the environment win over the configuration: it is set too, for the life of this process.
    os.environ.update({f"CELERY_{name}": broker for name in _ADDRESSES})
    if kept and kept != "disabled" and not kept.startswith(("rpc", "disabled")):
        changes["result_backend"] = os.environ["CELERY_RESULT_BACKEND"] = _private_results(app, kept, backend)
    app.conf.update(changes)
    # What an import of the target may have opened already points at the old addresses.
    app._pool = None  # noqa: SLF001
    app._local = threading.local()  # noqa: SLF001
    app._backend_cache = None  # noqa: SLF001
    _declare_queue(app)


def _private_results(app: Any, kept: str, backend: str) -> str:
    """Where results go: Redis, or a database of its own kind, since a chord counts its tasks otherwise there."""
    scheme = kept.partition("://")[0]
    if scheme.startswith("db+") and importlib.util.find_spec("sqlalchemy"):
        app._audit_results = ""  # noqa: SLF001 - read by our publisher
        return _DATABASE
    redis = scheme.partition("+")[0] in REDIS_TRANSPORTS
    app._audit_results = "" if redis else scheme[:40]  # noqa: SLF001 - read by our publisher
    return backend


def _declare_queue(app: Any) -> None:
    """The canary's own queue, also where the target forbids queues it did not declare."""
    from kombu import Exchange, Queue  # noqa: PLC0415 - the target's own

    kept = {name: value for name, value in _queue_arguments(app).items() if name in _ARGUMENTS}
    queue = Queue(QUEUE, Exchange(QUEUE, type="direct"), routing_key=QUEUE, queue_arguments=kept or None)
    app.amqp.queues.add(queue)


def _queue_arguments(app: Any) -> dict[str, Any]:
    """The arguments of the queue in which the target's tasks wait by default, its kind among them."""
    own = app.amqp.queues.get(app.conf.task_default_queue)
    declared = dict(getattr(own, "queue_arguments", None) or {})
    kind = app.conf.get("task_default_queue_type", "classic")
    return {**({"x-queue-type": kind} if kind != "classic" else {}), **declared}


def check_addresses(app: Any, broker: str, backend: str) -> None:
    """Raise AstrayError unless both broker connections and the result backend are the private server's."""
    for name in ("connection_for_read", "connection_for_write"):
        connection = getattr(app, name)()
        used = {connection.as_uri(include_password=True).rstrip("/"), *(connection.alt or ())}
        if used - {broker, broker.rstrip("/")}:
            raise AstrayError(f"`{name}` ne mène pas au serveur privé : le worker n'a pas été lancé.")
    results = app.backend
    address = getattr(results, "connparams", None)
    if type(results).__name__ in {"DisabledBackend", "RPCBackend"} or getattr(results, "url", "") == _DATABASE[3:]:
        return
    if address is None or f"{address.get('host')}:{address.get('port')}" not in backend:
        kind = type(results).__name__
        raise AstrayError(f"Les résultats ({kind}) n'iraient pas au serveur privé : le worker n'a pas été lancé.")
