"""What stands around a retry, or retries in the place of the sender: edits of the sound application of December."""

from audit.model.findings import Outcome
from tests.acceptance.reference_copy import Edit
from tests.rules.case import Case, established, fails, undetermined

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
        undetermined("retry-limit", name, words, _HEAD, *edits),
        undetermined("retry-delays", name, words, _HEAD, *edits),
    )


_OPTIONS = "OPTIONS = {'autoretry_for': (SendFailed,), 'max_retries': 9}\n\n\n"
_TENACITY = Edit(_SEND, "def _deliver(", "@tenacity.retry(stop=tenacity.stop_after_attempt(3))\ndef _deliver(")

CASES = (
    fails(_RULE, "decorator", _LOST, _HEAD, _task(_DECORATOR.format(after="return None") + _TASK + "@wrapped\n")),
    established(
        _RULE, "decorator that raises again", "", _HEAD, _task(_DECORATOR.format(after="raise") + _TASK + "@wrapped\n")
    ),
    established(_RULE, "decorator that notes", "", _HEAD, _task(_NOTED + _TASK + "@wrapped\n")),
    undetermined(_RULE, "decorator of another package", "un décorateur", _HEAD, _task(_TASK + "@elsewhere.wrapped\n")),
    fails(
        _RULE,
        "classes in a constant",
        _LOST,
        _HEAD,
        _task("ERRORS = (OSError, Exception)\n\n\n" + _TASK),
        _retry("try:", "    RETRY", "except ERRORS:", "    x()"),
    ),
    established(
        _RULE,
        "other classes in a constant",
        "",
        _HEAD,
        _task("ERRORS = (OSError, KeyError)\n\n\n" + _TASK),
        _retry("try:", "    RETRY", "except ERRORS:", "    x()"),
    ),
    undetermined(
        _RULE,
        "classes out of reach",
        "ne se lit pas",
        _retry("try:", "    RETRY", "except elsewhere.ERRORS:", "    x()"),
    ),
    fails(
        _RULE,
        "own context manager",
        _LOST,
        _HEAD,
        _task(_MANAGER.format(after="pass") + _TASK),
        _retry("with guarded():", "    RETRY"),
    ),
    established(
        _RULE,
        "own context manager that raises again",
        "",
        _HEAD,
        _task(_MANAGER.format(after="raise") + _TASK),
        _retry("with guarded():", "    RETRY"),
    ),
    fails(
        _RULE,
        "class of a context",
        _LOST,
        _HEAD,
        _task(_LEAVING.format(answer="True") + _TASK),
        _retry("with Guarded():", "    RETRY"),
    ),
    established(
        _RULE,
        "class of a context that lets through",
        "",
        _HEAD,
        _task(_LEAVING.format(answer="False") + _TASK),
        _retry("with Guarded():", "    RETRY"),
    ),
    undetermined(
        _RULE,
        "class of a context that may let through",
        "",
        _HEAD,
        _task(_LEAVING.format(answer="bool(error)") + _TASK),
        _retry("with Guarded():", "    RETRY"),
    ),
    fails(_RULE, "class of tasks", _LOST, _HEAD, _task(_BASE.format(after="return None") + _ON_QUIET)),
    established(_RULE, "class of tasks that raises again", "", _HEAD, _task(_BASE.format(after="raise") + _ON_QUIET)),
    undetermined(_RULE, "class of tasks with a retry of its own", "classe de base", _HEAD, _task(_OVER + _ON_QUIET)),
    fails(
        _RULE,
        "another name of the task",
        _LOST,
        _retry(
            "task = self", "try:", "    " + _RETRY.replace("self.retry", "task.retry"), "except Exception:", "    x()"
        ),
    ),
    fails(
        _RULE,
        "a name of its retry",
        _LOST,
        _retry("again = self.retry", "try:", "    raise again()", "except Exception:", "    x()"),
    ),
    fails(
        _RULE,
        "the current task",
        _LOST,
        _retry("try:", "    raise current_task.retry()", "except Exception:", "    x()"),
    ),
    undetermined(
        _RULE,
        "given to another function under a broad except",
        "confie `self`",
        _retry("try:", "    later(self)", "except Exception:", "    x()", "RETRY"),
    ),
    *_otherwise("a method of its class", "classe de base", _task(_AGAIN + _ON_AGAIN), _retry("self.again(failure)")),
    *_otherwise(
        "a decorator",
        "un décorateur",
        _task(_DECORATOR.format(after="raise given[0].retry()") + _TASK + "@wrapped\n"),
        _retry("raise failure"),
    ),
    *_otherwise("the current task", "ne se lit pas", _retry("raise current_task.retry()")),
    *_otherwise(
        "options that cannot be read",
        "",
        _task("@celery_app.task(bind=True, **open('x'))\n"),
        _retry("raise failure"),
    ),
    fails(
        "retry-limit",
        "options in a dictionary",
        "réessayé 9 fois au plus",
        _task(_OPTIONS + "@celery_app.task(bind=True, **OPTIONS)\n"),
        _retry("raise failure"),
    ),
    *_otherwise(
        "another library, on what the task calls", "un décorateur de `_deliver`", _TENACITY, _retry("raise failure")
    ),
    *_otherwise(
        "published again", "se republie", _retry("send_single_message.apply_async([message_id], countdown=60)")
    ),
    fails(
        "retry-limit",
        "a decorator that retries nothing",
        "n'appelle jamais",
        _HEAD,
        _task(_DECORATOR.format(after="raise") + _TASK + "@wrapped\n"),
        _retry("raise failure"),
    ),
    Case(
        "retry-delays",
        "a class of tasks that retries nothing",
        Outcome.DEFECT,
        "n'appelle jamais",
        (_HEAD, _task(_BASE.format(after="raise") + _ON_QUIET), _retry("raise failure")),
    ),
)
