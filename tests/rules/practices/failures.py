from tests.acceptance.reference_copy import Edit
from tests.rules.case import established, fails, not_concerned, undetermined

TASKS = "shop/tasks.py"
_RETRY = 'raise self.retry(exc=error, countdown=30 * 2**self.request.retries, queue="retry")'
_CAUGHT = "    except ConnectionError as error:\n        " + _RETRY
_SEND = "@app.task(bind=True, max_retries=5)"
_SWEEP = '@app.task(autoretry_for=(ConnectionError,), retry_backoff=True, max_retries=3, ignore_result=True, queue="retry", rate_limit="10/m")'
_NAP = "    time.sleep(2)\n"


def _answers(name: str, *lines: str) -> tuple[str, str, str, Edit]:
    body = "".join(f"        {line}\n" for line in lines)
    text = f"    try:\n        write_report(day)\n    except Exception as error:\n{body}"
    return "errors-not-swallowed", name, "`report`", Edit(TASKS, _NAP, text)


CASES = (
    fails(*_answers("dictionary", 'return {"status": "error", "message": str(error)}')),
    fails(*_answers("false", "print(error)", "return False")),
    fails(*_answers("text", 'return f"failed: {error}"')),
    fails(*_answers("by a name", 'answer = {"success": False}', "return answer")),
    established("errors-not-swallowed", "raised again", "tâches", _answers("", "print(error)", "raise")[3]),
    established("errors-not-swallowed", "what it could do", "tâches", _answers("", 'return {"status": "skipped"}')[3]),
    established(
        "errors-not-swallowed",
        "one error that is an answer",
        "tâches",
        Edit(TASKS, _CAUGHT, '    except ValueError as error:\n        return {"status": "failed"}'),
    ),
    fails(
        "retry-not-caught",
        "broad except around",
        "`send_mail`",
        Edit(
            TASKS,
            _CAUGHT,
            "        if not order_id:\n            raise self.retry()\n    except Exception:\n        raise self.retry()",
        ),
    ),
    fails(
        "retry-not-caught",
        "suppressed",
        "`send_mail`",
        Edit(
            TASKS,
            _CAUGHT,
            "    except ConnectionError:\n        with contextlib.suppress(Exception):\n            self.retry(countdown=9)",
        ),
        Edit(TASKS, "import time\n", "import contextlib\nimport time\n"),
    ),
    not_concerned("retry-not-caught", "no retry", "ne demande de reprise", Edit(TASKS, _RETRY, "raise")),
    fails(
        "retries-bounded",
        "none",
        "`send_mail` a `max_retries=None`",
        Edit(TASKS, _SEND, "@app.task(bind=True, max_retries=None)"),
    ),
    fails(
        "retries-bounded",
        "none for automatic ones",
        "`sweep` a `max_retries=None`",
        Edit(TASKS, _SWEEP, "@app.task(autoretry_for=(ConnectionError,), max_retries=None)"),
    ),
    established("retries-bounded", "Celery's default", "`send_mail`", Edit(TASKS, _SEND, "@app.task(bind=True)")),
    undetermined(
        "retries-bounded",
        "out of reach",
        "`max_retries`",
        Edit(TASKS, _SEND, "@app.task(bind=True, max_retries=int(open('x').read()))"),
    ),
    fails(
        "retry-backoff",
        "constant",
        "`send_mail`, 30 s à chaque fois",
        Edit(TASKS, "countdown=30 * 2**self.request.retries", "countdown=30"),
    ),
    fails(
        "retry-backoff",
        "Celery's default delay",
        "`sweep`, 180 s à chaque fois",
        Edit(TASKS, _SWEEP, "@app.task(autoretry_for=(ConnectionError,), max_retries=3)"),
    ),
    established(
        "retry-backoff",
        "jitter",
        "`sweep`",
        Edit(TASKS, "retry_backoff=True", "retry_backoff=5, retry_jitter=True"),
    ),
    fails(
        "autoretry-narrow",
        "everything",
        "`sweep`",
        Edit(TASKS, "autoretry_for=(ConnectionError,)", "autoretry_for=(Exception,)"),
    ),
    fails(
        "autoretry-narrow",
        "in a constant",
        "`sweep`",
        Edit(TASKS, "autoretry_for=(ConnectionError,)", "autoretry_for=ERRORS"),
        Edit(
            TASKS,
            "from shop.celery_app import app\n",
            "from shop.celery_app import app\n\nERRORS = [ValueError, Exception]\n",
        ),
    ),
    not_concerned("autoretry-narrow", "none", "`autoretry_for`", Edit(TASKS, _SWEEP, "@app.task(ignore_result=True)")),
)
