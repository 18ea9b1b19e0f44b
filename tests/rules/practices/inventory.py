from tests.acceptance.reference_copy import Edit
from tests.rules.case import established, fails, not_concerned, warns

APP, TASKS, WEB, START = "shop/celery_app.py", "shop/tasks.py", "shop/web.py", "start.sh"
_STATE = '"state": AsyncResult(task_id).state, '
_UNREAD = (Edit(WEB, _STATE, ""), Edit(WEB, "from celery.result import AsyncResult\n", ""))
_BACKEND = '    backend="rediss://cache.internal:6380/1?ssl_cert_reqs=required",\n'
_USE = '"ask_again_in": retry_delay(0)'

CASES = (
    fails(
        "unique-task-names",
        "in another module",
        "`shop.tasks.sweep`",
        Edit(
            "shop/jobs.py",
            "",
            'from celery import shared_task\n\n\n@shared_task(name="shop.tasks.sweep")\ndef clean(): ...\n',
        ),
    ),
    warns(
        "ignored-results",
        "nobody reads, of every task",
        "`report`",
        *_UNREAD,
        Edit(TASKS, "@app.task(ignore_result=True)\ndef report", "@app.task\ndef report"),
    ),
    established(
        "ignored-results",
        "read where it is published",
        "lus dans `shop/web.py`",
        *_UNREAD,
        Edit(WEB, _USE, '"sent": send_mail.delay(1).get(timeout=5)'),
    ),
    fails(
        "chord-results",
        "backend that cannot",
        "sur `rpc://`",
        Edit(APP, _BACKEND, '    backend="rpc://",\n'),
        Edit(TASKS, '    send_mail.delay("report")', "    (group([sweep.si()]) | send_mail.si(1)).delay()"),
        Edit(TASKS, "import requests\n", "import requests\nfrom celery import group\n"),
    ),
    not_concerned("ignored-results", "none kept", "aucun résultat", *_UNREAD, Edit(APP, _BACKEND, "")),
    warns(
        "shared-rate-limits",
        "two workers of its queue",
        "2 workers de `retry` dans `start.sh`",
        Edit(START, "-Q mails,default", "-Q mails,default,retry"),
    ),
    warns(
        "shared-rate-limits",
        "every worker",
        "`send_mail`, et 2 workers de `mails`",
        Edit(TASKS, "@app.task(bind=True, max_retries=5)", '@app.task(bind=True, max_retries=5, rate_limit="5/s")'),
        Edit(START, "-Q retry", "-Q retry,mails"),
    ),
    not_concerned("shared-rate-limits", "none", "`rate_limit`", Edit(TASKS, ', rate_limit="10/m"', "")),
    fails(
        "retry-function-used",
        "another",
        "`mail_backoff`",
        Edit("shop/mails.py", "", "def mail_backoff(n):\n    return n\n"),
        Edit(
            "tests/test_mails.py", "", "from shop import mails\n\n\ndef test_it():\n    assert mails.mail_backoff(1)\n"
        ),
    ),
    not_concerned(
        "retry-function-used",
        "no test",
        "n'est testée",
        Edit("tests/test_backoff.py", "from shop.backoff import retry_delay", "from shop.backoff import other"),
        Edit("tests/test_backoff.py", "assert retry_delay(1) == 2 * retry_delay(0)", "assert other"),
    ),
)
