"""Copied beside the worker and run in place of `celery`: the canary's queue is declared first, as a project may forbid unknown ones."""

import sys
from typing import Any

from celery import signals
from celery.__main__ import main
from kombu import Exchange, Queue


def _declare(instance: Any, **_: Any) -> None:
    name = sys.argv[sys.argv.index("-Q") + 1]
    instance.app.amqp.queues.add(Queue(name, Exchange(name, type="direct"), routing_key=name))


if __name__ == "__main__":
    signals.celeryd_init.connect(_declare)
    main()
