from tests.acceptance.reference_copy import Edit
from tests.rules.case import established, fails, not_concerned, undetermined, warns

APP, TASKS, WEB, START = "shop/celery_app.py", "shop/tasks.py", "shop/web.py", "start.sh"
CONF = "shop/celery_config.py"
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
    warns(
        "ignored-results",
        "nobody reads, and an application of Django is ready",
        "`report`",
        *_UNREAD,
        Edit(TASKS, "@app.task(ignore_result=True)\ndef report", "@app.task\ndef report"),
        Edit("shop/apps.py", "", "class Shop(AppConfig):\n    def ready(self):\n        super().ready()\n"),
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
    fails(
        "shared-rate-limits",
        "two workers of its queue",
        "2 workers de `retry` dans `start.sh`",
        Edit(START, "-Q mails,default", "-Q mails,default,retry"),
    ),
    fails(
        "shared-rate-limits",
        "every worker",
        "`send_mail`, et 2 workers de `mails`",
        Edit(TASKS, "@app.task(bind=True, max_retries=5)", '@app.task(bind=True, max_retries=5, rate_limit="5/s")'),
        Edit(START, "-Q retry", "-Q retry,mails"),
    ),
    fails(
        "shared-rate-limits",
        "two units, and a rate by annotation",
        "`send_mail`, et 2 workers de `default` (`deploy/shop-other.service`, `deploy/shop-worker.service`)",
        Edit(TASKS, ', rate_limit="10/m"', ""),
        Edit(TASKS, "@app.task(bind=True, max_retries=5)", '@app.task(bind=True, max_retries=5, queue="default")'),
        Edit(
            CONF,
            "task_acks_late = True\n",
            'task_acks_late = True\ntask_annotations = {"shop.tasks.send_mail": {"rate_limit": "5/s"}}\n',
        ),
        Edit(START, "-Q mails,default", "-Q mails"),
        Edit(
            "deploy/shop-other.service",
            "",
            "[Service]\nExecStart=/opt/shop/bin/celery -A shop.celery_app worker -n other@%H -Q default\n",
        ),
    ),
    fails(
        "shared-rate-limits",
        "replicas",
        "2 workers de `retry` dans `compose.yaml`",
        Edit(
            "compose.yaml",
            "",
            "services:\n  more:\n    image: shop\n    command: celery -A shop.celery_app worker -Q retry\n    deploy: {replicas: 2}\n",
        ),
    ),
    undetermined(
        "shared-rate-limits",
        "perhaps the same worker, in two files",
        "rien ne dit si `compose.yaml`, `start.sh` lancent le même worker",
        Edit(
            "compose.yaml",
            "",
            "services:\n  more:\n    image: shop\n    command: celery -A shop.celery_app worker -Q retry\n",
        ),
    ),
    established(
        "shared-rate-limits",
        "an image that a file runs",
        "`sweep`",
        Edit("Dockerfile", "", "FROM python:3.11-slim\nCMD celery -A shop.celery_app worker -Q retry\n"),
    ),
    established(
        "shared-rate-limits",
        "two workers of other queues",
        "`sweep`",
        Edit(
            "compose.yaml",
            "",
            "services:\n  more:\n    image: shop\n    command: celery -A shop.celery_app worker -Q mails\n    deploy: {replicas: 2}\n",
        ),
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
        "n'appelle de fonction dont le nom dit une reprise",
        Edit("tests/test_backoff.py", "from shop.backoff import retry_delay", "from shop.backoff import other"),
        Edit("tests/test_backoff.py", "assert retry_delay(1) == 2 * retry_delay(0)", "assert other"),
    ),
)
