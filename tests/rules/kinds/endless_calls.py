"""Calls that never return, iterators that never end, flags that nobody clears, and those that end."""

from audit.model.findings import Outcome
from tests.rules.kinds.program import ALARM, DOUBTED, PASSES, Program

_HEAD = """
import queue
import threading
import time

import pika
import websocket
from celery import Celery
from kafka import KafkaConsumer
from pymongo import MongoClient

app = Celery("shop", broker="redis://localhost/0")


class Poller:
    running = True
    stopped = False

    def loop(self):
        while self.running:
            time.sleep(2)

    def run(self):
        while not self.stopped:
            time.sleep(2)

    def pages(self):
        number = 0
        while True:
            number += 1
            yield number

    def stop(self):
        self.stopped = True


@app.task
def follow(key):
"""


def _task(name: str, body: str, outcomes: frozenset[Outcome] = ALARM) -> Program:
    lines = "".join(f"    {line}\n" for line in body.split("\n"))
    return Program("no-endless-loop", name, outcomes, _HEAD + lines)


PROGRAMS = (
    _task("a consumer", "for record in KafkaConsumer('orders'):\n    store(record)"),
    _task("a consumer with a limit", "for record in KafkaConsumer('orders', consumer_timeout_ms=5000):\n    print(record)", PASSES),
    _task("a consumer that is left", "for record in KafkaConsumer('orders'):\n    if record.value == key:\n        break", PASSES),
    _task("a channel", "channel = pika.BlockingConnection().channel()\nchannel.start_consuming()"),
    _task("a socket", "websocket.WebSocketApp('wss://x').run_forever(reconnect=5)"),
    _task("an event", "threading.Event().wait()"),
    _task("an event with a limit", "threading.Event().wait(5)", PASSES),
    _task("a change stream", "with MongoClient().shop.orders.watch() as stream:\n    for change in stream:\n        store(change)"),
    _task("a flag that nobody clears", "Poller().loop()"),
    _task("a flag that something sets", "Poller().run()", PASSES),
    _task("a generator of the project", "for page in Poller().pages():\n    store(page)"),
    _task("a generator that is left", "for page in Poller().pages():\n    if page > 9:\n        break", PASSES),
    _task("a generator that another function walks", "store(Poller().pages())", DOUBTED),
    _task("a queue in which nobody puts the last value", "for item in iter(queue.Queue().get, None):\n    store(item)"),
)  # fmt: skip
