"""The target's own worker, with one module more and every address private."""

from __future__ import annotations

import os
import sys
from typing import Any

from .canary_tasks import keep_own_limits, own_pid
from .private_application import QUEUE, AstrayError, check_addresses
from .process_entry import MODULE, begin


def main(arguments: str) -> None:
    """Run `celery worker` on the target's application until it ends."""
    wanted, app, report = begin(arguments)
    from celery import signals  # noqa: PLC0415 - the target's own

    if wanted["visibility"] is not None:
        given = {**(app.conf.broker_transport_options or {}), "visibility_timeout": wanted["visibility"]}
        app.conf.broker_transport_options = given

    def checked(instance: Any = None, **_: Any) -> None:
        # Signal receivers that raise are only logged: the process itself must end before it consumes.
        keep_own_limits(app)
        # The consumer has read every task's pace already.
        consumer = getattr(instance, "consumer", None)
        if consumer is not None:
            consumer.reset_rate_limits()
        try:
            check_addresses(app, wanted["broker"], wanted["backend"])
        except AstrayError as error:
            report.write("failure", text=str(error))
            os._exit(70)

    def ready(sender: Any, **_: Any) -> None:
        checked()
        pool = getattr(sender, "pool", None)
        report.write("ready", pid=own_pid(), pool=type(pool).__module__, limit=getattr(pool, "limit", None))

    signals.celeryd_after_setup.connect(checked, weak=False)
    signals.worker_ready.connect(ready, weak=False)
    sys.exit(_run(app, ["worker", "-I", MODULE, "-Q", QUEUE, "-n", wanted["node"], *wanted["options"]]))


def _run(app: Any, words: list[str]) -> Any:
    """As the `celery` command does: `worker_main` loses the code with which a worker ends."""
    try:
        from celery.bin.celery import celery as command  # noqa: PLC0415 - the target's own; Celery 4 has none
    except ImportError:
        return app.worker_main(words)
    command.params[0].default = app
    return command.main(args=words, standalone_mode=False)
