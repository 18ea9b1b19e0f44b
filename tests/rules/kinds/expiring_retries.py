"""Retries that keep the expiration which a call gave the first message."""

from audit.model.findings import Outcome
from tests.rules.kinds.program import ALARM, PASSES, Program

_TASK = """from celery import Celery

app = Celery("shop", broker="redis://localhost/0")


@app.task(bind=True, max_retries=3)
def send(self, key):
    try:
        deliver(key)
    except OSError as error:
        raise self.retry(exc=error, countdown=300)


def go(key):
    {0}
"""


def _given(name: str, call: str, outcomes: frozenset[Outcome] = ALARM) -> Program:
    return Program("expires-after-delay", name, outcomes, _TASK.format(call))


PROGRAMS = (
    _given("retried after the expiration of a call", "send.apply_async((key,), expires=120)"),
    _given("third retry after the expiration of a call", "send.apply_async((key,), expires=700)"),
    _given("retried after the expiration of a signature", "send.s(key).set(expires=120).delay()"),
    _given("retried after the expiration given by name", "app.send_task('shop.send', args=[key], expires=120)"),
    _given("retried before the expiration of a call", "send.apply_async((key,), expires=1200)", PASSES),
    _given("first message that waits", "send.apply_async((key,), countdown=10, expires=120)"),
    _given("no expiration", "send.apply_async((key,))", PASSES),
    _given("expiration of another task", "app.send_task('other', expires=120)", PASSES),
)
