from tests.acceptance.reference_copy import Edit
from tests.rules.case import established, fails, not_concerned, undetermined, warns

TASKS = "shop/tasks.py"
_RETRY = 'raise self.retry(exc=error, countdown=30 * 2**self.request.retries, queue="retry")'
_CAUGHT = "    except ConnectionError as error:\n        " + _RETRY
_SEND = "@app.task(bind=True, max_retries=5)"
_SWEEP = '@app.task(autoretry_for=(ConnectionError,), retry_backoff=True, max_retries=3, ignore_result=True, queue="retry", rate_limit="10/m")'
_REPORT = "    day = datetime.now(UTC).date()\n    time.sleep(2)\n    write_report(day)\n"
_NAP = "    time.sleep(2)\n"


def _answers(name: str, *lines: str) -> tuple[str, str, str, Edit]:
    body = "".join(f"        {line}\n" for line in lines)
    text = f"    try:\n        write_report(day)\n    except Exception as error:\n{body}"
    return "errors-not-swallowed", name, "`report`", Edit(TASKS, _NAP, text)


_ASKS = '        raise self.retry(exc=error, countdown=30 * 2**self.request.retries, queue="retry")\n'
# More calls than a reading follows.
_UNFOLLOWED = """\
        for again in range(100000):
            with lock(again):
                client.wait(again)
        if client.waits():
            with transaction():
                {retry}
"""


def _only(name: str, *lines: str) -> tuple[str, str, str, Edit]:
    """`report` does this and nothing else."""
    body = "".join(f"    {line}\n" for line in lines)
    return "errors-not-swallowed", name, "`report`", Edit(TASKS, _REPORT, body)


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
    fails(*_only("passed over", "try:", "    write_report(1)", "except Exception:", "    pass")),
    fails(*_only("suppressed", "with contextlib.suppress(Exception):", "    write_report(1)", "return True")),
    fails(*_only("returned from a finally", "try:", "    write_report(1)", "finally:", "    return True")),
    warns(*_only("logged", "try:", "    write_report(1)", "except Exception:", "    log.exception('x')")),
    undetermined(
        *_only(
            "a part of it",
            "write_report(1)",
            "try:",
            "    forget(1)",
            "except Exception:",
            "    pass",
            "write_report(2)",
        )
    ),
    undetermined(
        *_only(
            "one turn",
            "for day in (1, 2):",
            "    try:",
            "        write_report(day)",
            "    except Exception:",
            "        continue",
        )
    ),
    established(
        "errors-not-swallowed",
        "one class passed over",
        "tâches",
        _only("", "try:", "    write_report(1)", "except FileExistsError:", "    pass")[3],
    ),
    fails(
        "errors-not-swallowed",
        "decorator",
        "le décorateur `safe` tait toute erreur",
        Edit(
            TASKS,
            _SEND,
            "def safe(function):\n    def inner(*given):\n        try:\n            return function(*given)\n"
            f"        except Exception:\n            return None\n    return inner\n\n\n{_SEND}\n@safe",
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
    fails(
        "retry-not-caught",
        "decorator",
        "`send_mail`",
        Edit(
            TASKS,
            _SEND,
            "def safe(function):\n    def inner(*given):\n        try:\n            return function(*given)\n"
            f"        except Exception:\n            return None\n    return inner\n\n\n{_SEND}\n@safe",
        ),
    ),
    undetermined(
        "retry-not-caught",
        "decorator out of reach",
        "`send_mail` : un décorateur",
        Edit(TASKS, _SEND, f"{_SEND}\n@elsewhere.safe"),
    ),
    undetermined(
        "retry-not-caught",
        "raised under a condition",
        "que dans certains cas",
        Edit(
            TASKS,
            _RETRY,
            f"try:\n            {_RETRY}\n        except Exception as again:\n            if again:\n                raise\n            print()",
        ),
    ),
    undetermined(
        "retry-not-caught",
        "by another function",
        "`send_mail` confie `self`",
        Edit(TASKS, _RETRY, "later(self, error)"),
    ),
    not_concerned("retry-not-caught", "no retry", "n'appelle `retry()` elle-même", Edit(TASKS, _RETRY, "raise")),
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
        "Celery's default delay",
        "`sweep`, 180 s à chaque fois",
        Edit(TASKS, _SWEEP, "@app.task(autoretry_for=(ConnectionError,), max_retries=3)"),
    ),
    fails(
        "retry-backoff",
        "bare, behind what cannot be followed",
        "`send_mail`, 1 s à chaque fois",
        Edit(TASKS, _SEND, "@app.task(bind=True, max_retries=5, default_retry_delay=1)"),
        Edit(TASKS, _ASKS, _UNFOLLOWED.format(retry="self.retry()")),
    ),
    fails(
        "retry-backoff",
        "given to another function, which asks for the default",
        "`send_mail`, 90 s à chaque fois",
        Edit(TASKS, _SEND, "@app.task(bind=True, max_retries=5, default_retry_delay=90)"),
        Edit(TASKS, _ASKS, "        give_up(order_id, self.retry)\n"),
        Edit(
            TASKS,
            "def deliver(",
            "def give_up(order_id, again):\n    if client.closed(order_id):\n        again()\n\n\ndef deliver(",
        ),
    ),
    undetermined(
        "retry-backoff",
        "a delay that changes out of sight",
        "`self.retry(countdown=wait)` ne se calcule pas",
        Edit(
            TASKS, _ASKS, _UNFOLLOWED.format(retry="wait = client.wait()\n                self.retry(countdown=wait)")
        ),
    ),
    established(
        "retries-bounded",
        "written, behind what cannot be followed",
        "`send_mail`",
        Edit(
            TASKS, _ASKS, _UNFOLLOWED.format(retry="wait = client.wait()\n                self.retry(countdown=wait)")
        ),
    ),
    fails(
        "retries-bounded",
        "none for the task, behind what cannot be followed",
        "`send_mail` a `max_retries=None`",
        Edit(TASKS, _SEND, "@app.task(bind=True, max_retries=None)"),
        Edit(TASKS, _ASKS, _UNFOLLOWED.format(retry="self.retry(max_retries=None)")),
    ),
    established(
        "retry-backoff",
        "jitter",
        "`sweep`",
        Edit(TASKS, "retry_backoff=True", "retry_backoff=5, retry_jitter=True"),
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
