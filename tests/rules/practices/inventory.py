from tests.acceptance.reference_copy import Edit
from tests.rules.case import Table, established, fails, not_concerned, undetermined, warns

APP, TASKS, WEB, START = "shop/celery_app.py", "shop/tasks.py", "shop/web.py", "start.sh"
CONF = "shop/celery_config.py"
_STATE = '"state": AsyncResult(task_id).state, '
_UNREAD = (Edit(WEB, _STATE, ""), Edit(WEB, "from celery.result import AsyncResult\n", ""))
_BACKEND = '    backend="rediss://cache.internal:6380/1?ssl_cert_reqs=required",\n'
_USE = '"ask_again_in": retry_delay(0)'

TABLE: Table = {
    "unique-task-names": {
        "in another module": fails(
            "`shop.tasks.sweep`",
            Edit(
                "shop/jobs.py",
                "",
                'from celery import shared_task\n\n\n@shared_task(name="shop.tasks.sweep")\ndef clean(): ...\n',
            ),
        )
    },
    "ignored-results": {
        "nobody reads, of every task": warns(
            "`report`", *_UNREAD, Edit(TASKS, "@app.task(ignore_result=True)\ndef report", "@app.task\ndef report")
        ),
        "nobody reads, and an application of Django is ready": warns(
            "`report`",
            *_UNREAD,
            Edit(TASKS, "@app.task(ignore_result=True)\ndef report", "@app.task\ndef report"),
            Edit("shop/apps.py", "", "class Shop(AppConfig):\n    def ready(self):\n        super().ready()\n"),
        ),
        "read where it is published": established(
            "employés dans `shop/web.py`", *_UNREAD, Edit(WEB, _USE, '"sent": send_mail.delay(1).get(timeout=5)')
        ),
        "none kept": not_concerned("aucun résultat", *_UNREAD, Edit(APP, _BACKEND, "")),
    },
    "chord-results": {
        "backend that cannot": fails(
            "sur `rpc://`",
            Edit(APP, _BACKEND, '    backend="rpc://",\n'),
            Edit(TASKS, '    send_mail.delay("report")', "    (group([sweep.si()]) | send_mail.si(1)).delay()"),
            Edit(TASKS, "import requests\n", "import requests\nfrom celery import group\n"),
        )
    },
    "shared-rate-limits": {
        "two workers of its queue": fails(
            "2 workers de `retry` dans `start.sh`", Edit(START, "-Q mails,default", "-Q mails,default,retry")
        ),
        "every worker": fails(
            "`send_mail`, et 2 workers de `mails`",
            Edit(TASKS, "@app.task(bind=True, max_retries=5)", '@app.task(bind=True, max_retries=5, rate_limit="5/s")'),
            Edit(START, "-Q retry", "-Q retry,mails"),
        ),
        "two units, and a rate by annotation": fails(
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
        "replicas": fails(
            "2 workers de `retry` dans `compose.yaml`",
            Edit(
                "compose.yaml",
                "",
                "services:\n  more:\n    image: shop\n    command: celery -A shop.celery_app worker -Q retry\n    deploy: {replicas: 2}\n",
            ),
        ),
        "perhaps the same worker, in two files": undetermined(
            "rien ne dit si `compose.yaml`, `start.sh` lancent le même worker",
            Edit(
                "compose.yaml",
                "",
                "services:\n  more:\n    image: shop\n    command: celery -A shop.celery_app worker -Q retry\n",
            ),
        ),
        "an image that a file runs": established(
            "`sweep`", Edit("Dockerfile", "", "FROM python:3.11-slim\nCMD celery -A shop.celery_app worker -Q retry\n")
        ),
        "two workers of other queues": established(
            "`sweep`",
            Edit(
                "compose.yaml",
                "",
                "services:\n  more:\n    image: shop\n    command: celery -A shop.celery_app worker -Q mails\n    deploy: {replicas: 2}\n",
            ),
        ),
        "none": not_concerned("`rate_limit`", Edit(TASKS, ', rate_limit="10/m"', "")),
    },
    "retry-function-used": {
        "another": fails(
            "`mail_backoff`",
            Edit("shop/mails.py", "", "def mail_backoff(n):\n    return n\n"),
            Edit(
                "tests/test_mails.py",
                "",
                "from shop import mails\n\n\ndef test_it():\n    assert mails.mail_backoff(1)\n",
            ),
        ),
        "no test": not_concerned(
            "n'appelle de fonction qui, par son nom",
            Edit("tests/test_backoff.py", "from shop.backoff import retry_delay", "from shop.backoff import other"),
            Edit("tests/test_backoff.py", "assert retry_delay(1) == 2 * retry_delay(0)", "assert other"),
        ),
    },
}
