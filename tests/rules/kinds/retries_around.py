"""Tasks that ask for no retry themselves: what retries them from outside, a class or options, may be unread."""

from audit.model.findings import Outcome
from tests.rules.kinds.program import Program

_HEAD = 'from celery import Celery, Task\n\napp = Celery("shop", broker="redis://localhost/0")\n'
_PLAIN = "def send(pk):\n    deliver(pk)\n"
_OF_LIBRARY = f"from lib.tasks import Limited\n\n\n@app.task(base=Limited)\n{_PLAIN}"
_OF_PROJECT = (
    "class Own(Task):\n    def __call__(self, *args):\n        try:\n            return super().__call__(*args)\n"
    f"        except OSError:\n            raise self.retry()\n\n\n@app.task(base=Own)\n{_PLAIN}"
)
_HANDED = "from lib.again import *\n\n\n@app.task(bind=True)\ndef send(self, pk):\n    again(self, pk)\n"
_CAUGHT = (
    "@app.task(bind=True)\ndef send(self, pk):\n    try:\n        self.retry()\n    except Exception:\n        pass\n"
)
_IN_BODY = ("retry-not-caught", "retry-not-swallowed")


def _asked(rule: str, name: str, outcome: Outcome, text: str) -> Program:
    return Program(rule, name, frozenset({outcome}), f"{_HEAD}\n\n{text}")


PROGRAMS = (
    *(_asked(rule, "nobody asks for a retry", Outcome.NOT_APPLICABLE, f"@app.task\n{_PLAIN}") for rule in _IN_BODY),
    *(_asked(rule, "a library's class may retry", Outcome.NOT_APPLICABLE, _OF_LIBRARY) for rule in _IN_BODY),
    *(
        _asked(rule, "options may retry", Outcome.NOT_APPLICABLE, f"@app.task(**OPTIONS)\n{_PLAIN}")
        for rule in _IN_BODY
    ),
    *(_asked(rule, "the project's class retries", Outcome.UNDETERMINED, _OF_PROJECT) for rule in _IN_BODY),
    *(_asked(rule, "the task is handed on", Outcome.UNDETERMINED, _HANDED) for rule in _IN_BODY),
    _asked("retry-not-caught", "a retry is caught", Outcome.DEFECT, _CAUGHT),
    _asked("retry-not-swallowed", "a retry is caught, by a task of no role", Outcome.UNDETERMINED, _CAUGHT),
    _asked("autoretry-narrow", "nobody asks for a retry", Outcome.NOT_APPLICABLE, f"@app.task\n{_PLAIN}"),
    _asked("autoretry-narrow", "a library's class may retry", Outcome.UNDETERMINED, _OF_LIBRARY),
)
