"""Options that a publication gives, and that Celery reads nowhere: they go into the message, without effect."""

from difflib import get_close_matches

# What `apply_async`, `send_task` and what they call take by name (Celery 5.6.3, Kombu 5.6.2).
_TAKEN = frozenset((
    "args", "kwargs", "task_id", "producer", "link", "link_error", "shadow", "countdown", "eta", "expires", "connection",
    "router", "result_cls", "publisher", "add_to_parent", "group_id", "group_index", "retries", "chord", "reply_to",
    "time_limit", "soft_time_limit", "root_id", "parent_id", "route_name", "chain", "task_type", "ignore_result", "queue",
    "exchange", "exchange_type", "routing_key", "priority", "serializer", "compression", "headers", "retry", "retry_policy",
    "delivery_mode", "declare", "mandatory", "immediate", "timeout", "confirm_timeout", "content_type", "content_encoding",
    "callbacks", "errbacks", "argsrepr", "kwargsrepr", "origin", "timezone", "now", "create_sent_event", "name", "message_id",
    "correlation_id", "replaced_task_nesting", "stamped_headers", "throw", "using", "type", "user_id", "app_id", "timestamp",
))  # fmt: skip
# Options of a task, which one message does not change.
_OF_TASKS = frozenset((
    "max_retries", "rate_limit", "acks_late", "reject_on_worker_lost", "acks_on_failure_or_timeout", "autoretry_for",
    "retry_backoff", "retry_backoff_max", "retry_jitter", "default_retry_delay", "track_started",
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
