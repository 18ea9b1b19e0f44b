from tests.acceptance.reference_copy import Edit
from tests.rules.case import Table, established, fails, not_concerned, undetermined, warns

TASKS = "shop/tasks.py"
_RETRY = 'raise self.retry(exc=error, countdown=30 * 2**self.request.retries, queue="retry")'
_CAUGHT = "    except ConnectionError as error:\n        " + _RETRY
_SEND = "@app.task(bind=True, max_retries=5)"
_SWEEP = '@app.task(autoretry_for=(ConnectionError,), retry_backoff=True, max_retries=3, ignore_result=True, queue="retry", rate_limit="10/m")'
_REPORT = "    day = datetime.now(UTC).date()\n    time.sleep(2)\n    write_report(day)\n"
_NAP = "    time.sleep(2)\n"


def _answers(*lines: str) -> tuple[str, Edit]:
    body = "".join(f"        {line}\n" for line in lines)
    text = f"    try:\n        write_report(day)\n    except Exception as error:\n{body}"
    return "`report`", Edit(TASKS, _NAP, text)


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


def _only(*lines: str) -> tuple[str, Edit]:
    """`report` does this and nothing else."""
    body = "".join(f"    {line}\n" for line in lines)
    return "`report`", Edit(TASKS, _REPORT, body)


TABLE: Table = {
    "errors-not-swallowed": {
        "dictionary": fails(*_answers('return {"status": "error", "message": str(error)}')),
        "false": fails(*_answers("print(error)", "return False")),
        "text": fails(*_answers('return f"failed: {error}"')),
        "by a name": fails(*_answers('answer = {"success": False}', "return answer")),
        "raised again": established("tâches", _answers("print(error)", "raise")[1]),
        "what it could do": established("tâches", _answers('return {"status": "skipped"}')[1]),
        "one error that is an answer": established(
            "tâches", Edit(TASKS, _CAUGHT, '    except ValueError as error:\n        return {"status": "failed"}')
        ),
        "passed over": fails(*_only("try:", "    write_report(1)", "except Exception:", "    pass")),
        "suppressed": fails(*_only("with contextlib.suppress(Exception):", "    write_report(1)", "return True")),
        "returned from a finally": fails(*_only("try:", "    write_report(1)", "finally:", "    return True")),
        "logged": warns(*_only("try:", "    write_report(1)", "except Exception:", "    log.exception('x')")),
        "a part of it": undetermined(
            *_only("write_report(1)", "try:", "    forget(1)", "except Exception:", "    pass", "write_report(2)")
        ),
        "one turn": undetermined(
            *_only(
                "for day in (1, 2):",
                "    try:",
                "        write_report(day)",
                "    except Exception:",
                "        continue",
            )
        ),
        "one class passed over": established(
            "tâches", _only("try:", "    write_report(1)", "except FileExistsError:", "    pass")[1]
        ),
        "decorator": fails(
            "le décorateur `safe` tait toute erreur",
            Edit(
                TASKS,
                _SEND,
                "def safe(function):\n    def inner(*given):\n        try:\n            return function(*given)\n"
                f"        except Exception:\n            return None\n    return inner\n\n\n{_SEND}\n@safe",
            ),
        ),
    },
    "retry-not-caught": {
        "suppressed": fails(
            "`send_mail`",
            Edit(
                TASKS,
                _CAUGHT,
                "    except ConnectionError:\n        with contextlib.suppress(Exception):\n            self.retry(countdown=9)",
            ),
            Edit(TASKS, "import time\n", "import contextlib\nimport time\n"),
        ),
        "decorator": fails(
            "`send_mail`",
            Edit(
                TASKS,
                _SEND,
                "def safe(function):\n    def inner(*given):\n        try:\n            return function(*given)\n"
                f"        except Exception:\n            return None\n    return inner\n\n\n{_SEND}\n@safe",
            ),
        ),
        "decorator out of reach": undetermined(
            "`send_mail` : un décorateur", Edit(TASKS, _SEND, f"{_SEND}\n@elsewhere.safe")
        ),
        "raised under a condition": undetermined(
            "que dans certains cas",
            Edit(
                TASKS,
                _RETRY,
                f"try:\n            {_RETRY}\n        except Exception as again:\n            if again:\n                raise\n            print()",
            ),
        ),
        "by another function": undetermined("`send_mail` confie `self`", Edit(TASKS, _RETRY, "later(self, error)")),
        "no retry": not_concerned("n'appelle `retry()` elle-même", Edit(TASKS, _RETRY, "raise")),
    },
    "retries-bounded": {
        "none for automatic ones": fails(
            "`sweep` a `max_retries=None`",
            Edit(TASKS, _SWEEP, "@app.task(autoretry_for=(ConnectionError,), max_retries=None)"),
        ),
        "Celery's default": established("`send_mail`", Edit(TASKS, _SEND, "@app.task(bind=True)")),
        "out of reach": undetermined(
            "`max_retries`", Edit(TASKS, _SEND, "@app.task(bind=True, max_retries=int(open('x').read()))")
        ),
        "written, behind what cannot be followed": established(
            "`send_mail`",
            Edit(
                TASKS,
                _ASKS,
                _UNFOLLOWED.format(retry="wait = client.wait()\n                self.retry(countdown=wait)"),
            ),
        ),
        "none for the task, behind what cannot be followed": fails(
            "`send_mail` a `max_retries=None`",
            Edit(TASKS, _SEND, "@app.task(bind=True, max_retries=None)"),
            Edit(TASKS, _ASKS, _UNFOLLOWED.format(retry="self.retry(max_retries=None)")),
        ),
    },
    "retry-backoff": {
        "Celery's default delay": fails(
            "`sweep`, 180 s à chaque fois",
            Edit(TASKS, _SWEEP, "@app.task(autoretry_for=(ConnectionError,), max_retries=3)"),
        ),
        "bare, behind what cannot be followed": fails(
            "`send_mail`, 1 s à chaque fois",
            Edit(TASKS, _SEND, "@app.task(bind=True, max_retries=5, default_retry_delay=1)"),
            Edit(TASKS, _ASKS, _UNFOLLOWED.format(retry="self.retry()")),
        ),
        "given to another function, which asks for the default": fails(
            "`send_mail`, 90 s à chaque fois",
            Edit(TASKS, _SEND, "@app.task(bind=True, max_retries=5, default_retry_delay=90)"),
            Edit(TASKS, _ASKS, "        give_up(order_id, self.retry)\n"),
            Edit(
                TASKS,
                "def deliver(",
                "def give_up(order_id, again):\n    if client.closed(order_id):\n        again()\n\n\ndef deliver(",
            ),
        ),
        "a delay that changes out of sight": undetermined(
            "`self.retry(countdown=wait)` ne se calcule pas",
            Edit(
                TASKS,
                _ASKS,
                _UNFOLLOWED.format(retry="wait = client.wait()\n                self.retry(countdown=wait)"),
            ),
        ),
        "jitter": established("`sweep`", Edit(TASKS, "retry_backoff=True", "retry_backoff=5, retry_jitter=True")),
    },
    "autoretry-narrow": {
        "in a constant": fails(
            "`sweep`",
            Edit(TASKS, "autoretry_for=(ConnectionError,)", "autoretry_for=ERRORS"),
            Edit(
                TASKS,
                "from shop.celery_app import app\n",
                "from shop.celery_app import app\n\nERRORS = [ValueError, Exception]\n",
            ),
        ),
        "none": not_concerned("`autoretry_for`", Edit(TASKS, _SWEEP, "@app.task(ignore_result=True)")),
    },
}
