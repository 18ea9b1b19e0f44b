"""Retries without `retry()`: a task that publishes itself again, or that an error callback publishes again."""

from audit.model.findings import Outcome
from tests.rules.kinds.program import PASSES, Program

_RESERVED = frozenset({Outcome.RESERVATION})
_HEAD = """from celery import Celery, Task
from celery.signals import task_failure

app = Celery("shop", broker="redis://localhost/0")

"""


def _again(name: str, text: str, outcomes: frozenset[Outcome] = _RESERVED) -> Program:
    return Program("retries-bounded", name, outcomes, f"{_HEAD}{text}")


def _failed(
    name: str, then: str, outcomes: frozenset[Outcome] = _RESERVED, options: str = "", own: str = "key"
) -> Program:
    lines = "".join(f"        {line}\n" for line in then.split("\n"))
    text = (
        f"\n@app.task({options})\ndef send({own}, n=0):\n    try:\n        deliver(key)\n    except OSError:\n{lines}"
    )
    return _again(name, text, outcomes)


_CALLED = "\n@app.task\ndef send(key):\n    deliver(key)\n\n\n"
_ERROR = """@app.task
def again(request, error, trace):
    {0}


def go(key):
    send.apply_async((key,), link_error=again.s())
"""

PROGRAMS = (
    _failed("published again", "send.apply_async((key,), countdown=30)"),
    _failed("published again by its name", "app.send_task('shop.send', args=[key])"),
    _failed("published again by a signature", "send.si(key).apply_async(countdown=9)"),
    _failed("published again by itself", "self.apply_async((key,))", options="bind=True", own="self, key"),
    _failed("counted", "if n < 5:\n    send.delay(key, n + 1)", PASSES),
    _failed("counted, and left", "if n >= 5:\n    raise\nsend.delay(key, n + 1)", PASSES),
    _failed("another task", "report.delay(key)", PASSES),
    _again("error callback", _CALLED + _ERROR.format("send.apply_async(request.args, link_error=again.s())")),
    _again(
        "error callback of a signature", _CALLED + _ERROR.format("send.s(request.args).on_error(again.s()).delay()")
    ),
    _again("error callback once", _CALLED + _ERROR.format("send.apply_async(request.args)"), PASSES),
    _again(
        "hook of a class",
        "\nclass Own(Task):\n    def on_failure(self, exc, task_id, args, kwargs, einfo):\n        self.apply_async(args, kwargs)\n\n\n"
        "@app.task(base=Own)\ndef send(key):\n    deliver(key)\n",
    ),
    _again(
        "signal",
        f"{_CALLED}@task_failure.connect\ndef failed(sender, args, kwargs, **_):\n    sender.apply_async(args, kwargs)\n",
    ),
)
