"""Tasks of render."""«¦

import os

import redis
from celery import Task
from celery.exceptions import Reject»

from .celery import app

«¦DELIVERIES = 3


class Bounded(Task):
    """A task given up after it was delivered too often: its process dies each time."""

    abstract = True

    def __call__(self, *args: object, **kwargs: object) -> object:
        store = redis.Redis.from_url(os.environ["COUNTER_URL"], socket_timeout=5)
        key = f"deliveries:{self.request.id}"
        count = store.incr(key)
        store.expire(key, 86400)
        if count > DELIVERIES:
            raise Reject("delivered too often", requeue=False)
        return super().__call__(*args, **kwargs)

»
@app.task«¦(base=Bounded)»
def thumbnail(picture_id: int) -> None:
    """Shrink one picture; a huge one is killed by the kernel for its memory."""
    from PIL import Image

    with Image.open(f"/data/{picture_id}.tif") as picture:
        picture.thumbnail((400, 400))
        picture.save(f"/data/{picture_id}.jpg")
