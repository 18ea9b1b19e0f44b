"""A small shop: a worker confirms each order by one request to the mail gateway."""

import json
import os
from urllib.request import Request, urlopen

from celery import Celery

app = Celery("shop", broker=os.environ.get("REDIS_URL", "redis://localhost:6379/0"))
app.conf.update(
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    broker_connection_retry_on_startup=True,
)


@app.task(autoretry_for=(OSError,), retry_backoff=True, max_retries=5)
def confirm(order: str) -> None:
    body = json.dumps({"order": order, "text": f"Your order {order} is on its way."})
    headers = {"Content-Type": "application/json"}
    urlopen(Request(os.environ["GATEWAY_URL"], body.encode(), headers), timeout=10).close()
