"""Options that a publication or a task gives, and that Celery reads nowhere: they have no effect."""

import ast
from collections.abc import Iterator
from difflib import get_close_matches

from audit.model.observations.messages import UselessOption
from audit.model.word_tables import word_set
from audit.reading.behaviour.scope import Scope, last

WORDS = ("task(",)

# What `apply_async`, `send_task` and what they call take by name (Celery 5.6.3, Kombu 5.6.2).
_TAKEN = word_set("""
    args kwargs task_id producer link link_error shadow countdown eta expires connection router result_cls publisher
    add_to_parent group_id group_index retries chord reply_to time_limit soft_time_limit root_id parent_id route_name
    chain task_type ignore_result queue exchange exchange_type routing_key priority serializer compression headers retry
    retry_policy delivery_mode declare mandatory immediate timeout confirm_timeout content_type content_encoding
    callbacks errbacks argsrepr kwargsrepr origin timezone now create_sent_event name message_id correlation_id
    replaced_task_nesting stamped_headers throw using type user_id app_id timestamp
""")
# Options of a task, which one message does not change.
_OF_TASKS = frozenset((
    "max_retries", "rate_limit", "acks_late", "reject_on_worker_lost", "acks_on_failure_or_timeout", "autoretry_for",
    "retry_backoff", "retry_backoff_max", "retry_jitter", "default_retry_delay", "track_started",
))  # fmt: skip
# What a decorator of Celery 5.6.3 takes, or what its classes of tasks read.
_TASK_TAKES = _OF_TASKS | frozenset((
    "name", "bind", "base", "shared", "lazy", "typing", "ignore_result", "trail", "send_events", "store_errors_even_if_ignored",
    "time_limit", "soft_time_limit", "serializer", "compression", "backend", "dont_autoretry_for", "retry_kwargs", "throws",
    "queue", "exchange", "routing_key", "priority", "expires", "delivery_mode", "resultrepr_maxsize", "abstract", "filter",
    "pydantic", "pydantic_strict", "pydantic_context", "pydantic_dump_kwargs", "retry_policy", "options", "from_config",
    "default_queue", "link", "link_error", "headers", "accept_magic_kwargs", "run_every", "relative", "request_stack",
))  # fmt: skip
# Other words for some of them. Kombu takes `expiration` for RabbitMQ, as the time that a message may wait in its queue.
_OTHER_WORDS = {
    "expiration": "expires", "expire": "expires", "expires_in": "expires", "expiry": "expires", "ttl": "expires",
    "delay": "countdown", "delay_seconds": "countdown", "wait": "countdown", "hard_time_limit": "time_limit",
}  # fmt: skip
_CLOSE = 0.85


def meant_option(written: str) -> str:
    """The option that a keyword stands for where Celery reads no such one; `task` for one of a task; empty for any other."""
    if written in _OF_TASKS:
        return "task"
    if written in _TAKEN or written.startswith(("_", "x_")):
        return ""
    return _OTHER_WORDS.get(written) or next(iter(get_close_matches(written, sorted(_TAKEN), n=1, cutoff=_CLOSE)), "")


def meant_task_option(written: str) -> str:
    """The option that a keyword of `@app.task` resembles where Celery reads no such one; empty for any other."""
    if written in _TASK_TAKES or written.startswith("_"):
        return ""
    return next(iter(get_close_matches(written, sorted(_TASK_TAKES), n=1, cutoff=_CLOSE)), "")


def misspelled_options(scope: Scope) -> Iterator[UselessOption]:
    """UselessOption: each keyword of the decorator of a task that resembles an option, and that the project reads nowhere."""
    for decorator in getattr(scope.root, "decorator_list", []):
        if not isinstance(decorator, ast.Call) or last(decorator.func) not in {"task", "shared_task"}:
            continue
        for given in (k for k in decorator.keywords if k.arg):
            written = str(given.arg)
            meant = meant_task_option(written)
            if meant and not _is_read(scope, written):
                yield scope.observed(
                    UselessOption, given.value, written=written, meant=meant, method=ast.unparse(decorator.func)
                )


def _is_read(scope: Scope, name: str) -> bool:
    """Whether the project asks a task for an attribute of this name: a class of its own may give it a meaning."""
    return bool(scope.machine.project.naming(f".{name}") or scope.machine.project.naming(f'"{name}"'))
