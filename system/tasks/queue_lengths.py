"""How many wake-ups wait in each queue."""

from typing import Any

from kombu import Queue
from kombu.exceptions import OperationalError

from system.tasks.celery_app import celery_app
from system.tasks.celery_config import task_queues


def queue_lengths() -> dict[str, int] | None:
    """Messages by queue, as the broker tells; None when it is away."""
    with celery_app.connection_for_read() as connection:
        try:
            connection.ensure_connection(max_retries=1, interval_start=0)
            return {queue.name: _length(connection, queue) for queue in task_queues}
        except (OperationalError, *connection.connection_errors):
            return None


def _length(connection: Any, queue: Queue) -> int:
    # A channel each: a broker closes the one in which it is asked for a queue that does not exist yet.
    with connection.channel() as channel:
        try:
            return int(queue.bind(channel).queue_declare(passive=True).message_count)
        except connection.channel_errors:
            return 0
