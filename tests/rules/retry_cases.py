"""What stands around a retry, or retries in the place of the sender: edits of the sound application of December."""

from audit.model.findings import Outcome
from tests.acceptance.reference_copy import Edit
from tests.rules.case import Case, Table, established, fails, undetermined

_SEND = "app/tasks/message_tasks.py"
_TASK = "@celery_app.task(bind=True, max_retries=MAX_RETRIES)\n"
_RETRY = 'raise self.retry(exc=failure, countdown=calculate_retry_delay(self.request.retries), queue="retry")'
_RULE, _LOST = "retry-not-swallowed", "rattrapée"

_DECORATOR = (
    "def wrapped(function):\n    @functools.wraps(function)\n    def inner(*given, **named):\n        try:\n"
    "            return function(*given, **named)\n        except Exception:\n            {after}\n    return inner\n\n\n"
)
_NOTED = "def wrapped(function):\n    KNOWN.append(function)\n    return function\n\n\n"
_MANAGER = (
    "@contextlib.contextmanager\ndef guarded():\n    try:\n        yield\n    except Exception:\n        {after}\n\n\n"
)
_LEAVING = "class Guarded:\n    def __enter__(self):\n        return self\n\n    def __exit__(self, *error):\n        return {answer}\n\n\n"
_BASE = (
    "class Quiet(Task):\n    def __call__(self, *given, **named):\n        try:\n            return super().__call__(*given, **named)\n"
    "        except Exception:\n            {after}\n\n\n"
)
_OVER = "class Quiet(Task):\n    def retry(self, *given, **named):\n        return None\n\n\n"
_AGAIN = "class Again(Task):\n    def again(self, failure):\n        raise self.retry(exc=failure, countdown=60)\n\n\n"
_HEAD = Edit(
    _SEND, "import logging\n", "import contextlib\nimport functools\nimport logging\n\nfrom celery import Task\n"
)
_ON_QUIET = "@celery_app.task(bind=True, base=Quiet, max_retries=MAX_RETRIES)\n"
_ON_AGAIN = "@celery_app.task(bind=True, base=Again)\n"


def _task(text: str) -> Edit:
    """The decorator of the sender, and what is written before it."""
    return Edit(_SEND, _TASK, text)


def _retry(*lines: str) -> Edit:
    """The sender's retry among other lines; `RETRY` stands for it."""
    return Edit(_SEND, f"    {_RETRY}", "\n".join(f"    {line}" for line in lines).replace("RETRY", _RETRY))


def _otherwise(name: str, words: str, *edits: Edit) -> tuple[Case, Case]:
    """The sender retries in a way that cannot be followed: how many times, and after how long, stay open."""
    return (
        Case("retry-limit", name, *undetermined(words, _HEAD, *edits)),
        Case("retry-delays", name, *undetermined(words, _HEAD, *edits)),
    )


_OPTIONS = "OPTIONS = {'autoretry_for': (SendFailed,), 'max_retries': 9}\n\n\n"
_TENACITY = Edit(_SEND, "def _deliver(", "@tenacity.retry(stop=tenacity.stop_after_attempt(3))\ndef _deliver(")

TABLE: Table = {
    _RULE: {
        "decorator": fails(_LOST, _HEAD, _task(_DECORATOR.format(after="return None") + _TASK + "@wrapped\n")),
        "decorator that raises again": established(
            "", _HEAD, _task(_DECORATOR.format(after="raise") + _TASK + "@wrapped\n")
        ),
        "decorator that notes": established("", _HEAD, _task(_NOTED + _TASK + "@wrapped\n")),
        "decorator of another package": undetermined("un décorateur", _HEAD, _task(_TASK + "@elsewhere.wrapped\n")),
        "classes in a constant": fails(
            _LOST,
            _HEAD,
            _task("ERRORS = (OSError, Exception)\n\n\n" + _TASK),
            _retry("try:", "    RETRY", "except ERRORS:", "    x()"),
        ),
        "other classes in a constant": established(
            "",
            _HEAD,
            _task("ERRORS = (OSError, KeyError)\n\n\n" + _TASK),
            _retry("try:", "    RETRY", "except ERRORS:", "    x()"),
        ),
        "classes out of reach": undetermined(
            "ne se lit pas", _retry("try:", "    RETRY", "except elsewhere.ERRORS:", "    x()")
        ),
        "own context manager": fails(
            _LOST, _HEAD, _task(_MANAGER.format(after="pass") + _TASK), _retry("with guarded():", "    RETRY")
        ),
        "own context manager that raises again": established(
            "", _HEAD, _task(_MANAGER.format(after="raise") + _TASK), _retry("with guarded():", "    RETRY")
        ),
        "class of a context": fails(
            _LOST, _HEAD, _task(_LEAVING.format(answer="True") + _TASK), _retry("with Guarded():", "    RETRY")
        ),
        "class of a context that lets through": established(
            "", _HEAD, _task(_LEAVING.format(answer="False") + _TASK), _retry("with Guarded():", "    RETRY")
        ),
        "class of a context that may let through": undetermined(
            "", _HEAD, _task(_LEAVING.format(answer="bool(error)") + _TASK), _retry("with Guarded():", "    RETRY")
        ),
        "class of tasks": fails(_LOST, _HEAD, _task(_BASE.format(after="return None") + _ON_QUIET)),
        "class of tasks that raises again": established("", _HEAD, _task(_BASE.format(after="raise") + _ON_QUIET)),
        "class of tasks with a retry of its own": undetermined("classe de base", _HEAD, _task(_OVER + _ON_QUIET)),
        "another name of the task": fails(
            _LOST,
            _retry(
                "task = self",
                "try:",
                "    " + _RETRY.replace("self.retry", "task.retry"),
                "except Exception:",
                "    x()",
            ),
        ),
        "a name of its retry": fails(
            _LOST, _retry("again = self.retry", "try:", "    raise again()", "except Exception:", "    x()")
        ),
        "the current task": fails(
            _LOST, _retry("try:", "    raise current_task.retry()", "except Exception:", "    x()")
        ),
        "given to another function under a broad except": undetermined(
            "confie `self`", _retry("try:", "    later(self)", "except Exception:", "    x()", "RETRY")
        ),
    },
    "retry-limit": {
        "options in a dictionary": fails(
            "réessayé 9 fois au plus",
            _task(_OPTIONS + "@celery_app.task(bind=True, **OPTIONS)\n"),
            _retry("raise failure"),
        ),
        "a decorator that retries nothing": fails(
            "n'appelle jamais",
            _HEAD,
            _task(_DECORATOR.format(after="raise") + _TASK + "@wrapped\n"),
            _retry("raise failure"),
        ),
    },
}
CASES = (
    *_otherwise("a method of its class", "classe de base", _task(_AGAIN + _ON_AGAIN), _retry("self.again(failure)")),
    *_otherwise(
        "a decorator",
        "un décorateur",
        _task(_DECORATOR.format(after="raise given[0].retry()") + _TASK + "@wrapped\n"),
        _retry("raise failure"),
    ),
    *_otherwise("the current task", "ne se lit pas", _retry("raise current_task.retry()")),
    *_otherwise(
        "options that cannot be read", "", _task("@celery_app.task(bind=True, **open('x'))\n"), _retry("raise failure")
    ),
    *_otherwise(
        "another library, on what the task calls", "un décorateur de `_deliver`", _TENACITY, _retry("raise failure")
    ),
    *_otherwise(
        "published again", "se republie", _retry("send_single_message.apply_async([message_id], countdown=60)")
    ),
    Case(
        "retry-delays",
        "a class of tasks that retries nothing",
        Outcome.DEFECT,
        "n'appelle jamais",
        (_HEAD, _task(_BASE.format(after="raise") + _ON_QUIET), _retry("raise failure")),
    ),
)
