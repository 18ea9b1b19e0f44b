"""The yardstick of sends: a Celery task that does nothing but the POST, under the configuration of the reference stack."""

import logging
import os
from functools import cache
from typing import Any

import httpx
from celery import Celery
from kombu import Queue

from system.tasks import celery_config

QUEUE = "bare"
app = Celery("bare", set_as_current=False)
app.config_from_object(celery_config)
app.conf.update(
    broker_url=os.environ.get("BROKER_URL", "memory://"),
    result_backend=os.environ.get("BROKER_URL", "cache+memory://"),
    task_queues=(Queue(QUEUE),),
    task_default_queue=QUEUE,
    task_routes={},
    beat_schedule={},
)


@cache
def _client() -> httpx.Client:
    # As the stack's own: one connection kept a process, and no line in the log for each request.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    return httpx.Client(headers={"Token": "sandbox"}, timeout=10, trust_env=False)


@app.task(name="bare.post", ignore_result=True)  # type: ignore[untyped-decorator]
def post(phone: str, reference: str, body: str) -> None:
    """Hands one message over."""
    message: dict[str, Any] = {
        "phone": phone,
        "device": os.environ["WASSENGER_DEVICE"],
        "reference": reference,
        "message": body,
    }
    _client().post(f"{os.environ['WASSENGER_BASE_URL']}/messages", json=message).raise_for_status()
