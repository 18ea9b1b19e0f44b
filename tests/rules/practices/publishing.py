from tests.acceptance.reference_copy import Edit
from tests.rules.case import Table, established, fails, not_concerned, undetermined

APP, CONF, TASKS, WEB = "shop/celery_app.py", "shop/celery_config.py", "shop/tasks.py", "shop/web.py"
_BROKER = 'broker="rediss://cache.internal:6380/0?ssl_cert_reqs=required"'
_LATER = 'send_mail.apply_async(args=[row["id"]], countdown=10)'
_COMMIT = '        connection.execute("insert into reports (day) values (%s)", [day])\n    send_mail.delay("report")\n'
_WRITES = "write_report(day):\n    with transaction() as connection:\n" + _COMMIT
_VISIBILITY = "VISIBILITY = 2 * 3600"
_OPTIONS = '"options": {"expires": 3600}'
_BACKOFF = "retry_backoff=True, max_retries=3"

TABLE: Table = {
    "visibility-timeout": {
        "constant of another module": fails(
            "`countdown` de 24 h",
            Edit(TASKS, _LATER, _LATER.replace("10", "A_DAY")),
            Edit("shop/delays.py", "", "A_DAY = 24 * 60 * 60\n"),
            Edit(TASKS, "from shop.celery_app", "from shop.delays import A_DAY\nfrom shop.celery_app"),
        ),
        "published by a partial": fails(
            "`countdown` de 24 h",
            Edit(TASKS, _LATER, 'later(partial(send_mail.apply_async, args=[row["id"]], countdown=86400))'),
            Edit(
                TASKS,
                "import requests\n",
                "from functools import partial\n\nimport requests\nfrom shop.plan import later\n",
            ),
        ),
        "long task": fails(
            "limite de temps de `report`",
            Edit(TASKS, "@app.task(ignore_result=True)\ndef report", "@app.task(time_limit=9000)\ndef report"),
        ),
        "short timeout": fails("pour un délai de 1 min", Edit(CONF, _VISIBILITY, "VISIBILITY = 60")),
        "long retry": fails(
            "reprise de `send_mail`",
            Edit(TASKS, "countdown=30 * 2**self.request.retries", "countdown=3600 * 2**self.request.retries"),
        ),
        "eta": fails(
            "`countdown` de 5 h",
            Edit(
                TASKS,
                _LATER,
                'when = datetime.now(UTC) + timedelta(hours=5)\n        send_mail.apply_async([row["id"]], eta=when)',
            ),
            Edit(TASKS, "import UTC, datetime", "import UTC, datetime, timedelta"),
        ),
        "signature by name": fails(
            "`countdown` de 24 h",
            Edit(TASKS, _LATER, 'signature("shop.tasks.send_mail", args=[row["id"]], countdown=86400).delay()'),
            Edit(TASKS, "import requests\n", "import requests\nfrom celery import signature\n"),
        ),
        "options of a signature": fails(
            "`countdown` de 24 h", Edit(TASKS, _LATER, 'send_mail.s(row["id"]).set(countdown=86400).delay()')
        ),
        "options in a dictionary": fails(
            "`countdown` de 3 h",
            Edit(
                TASKS, _LATER, 'options = {"countdown": 10800}\n        send_mail.apply_async([row["id"]], **options)'
            ),
        ),
        "options in a dictionary, without a delay": established(
            "2 h",
            Edit(TASKS, _LATER, 'options = {"priority": 3}\n        send_mail.apply_async([row["id"]], **options)'),
        ),
        "options out of reach": undetermined(
            "`sweep` demande ne se lit pas", Edit(TASKS, _LATER, 'send_mail.apply_async([row["id"]], **row["options"])')
        ),
        "options of beat": fails(
            "de l'entrée `report` de beat de 24 h", Edit(CONF, _OPTIONS, _OPTIONS.replace("{", '{"countdown": 86400, '))
        ),
        "hour given by beat": undetermined(
            "l'`eta` de l'entrée `report`", Edit(CONF, _OPTIONS, _OPTIONS.replace("{", '{"eta": when(), '))
        ),
        "back-off drawn at random": fails(
            "reprise de `sweep` de 25 h",
            Edit(TASKS, _BACKOFF, "retry_backoff=True, retry_backoff_max=90000, max_retries=30"),
        ),
        "back-off that grows slowly": established(
            "2 h", Edit(TASKS, _BACKOFF, "retry_backoff=True, retry_backoff_max=90000, max_retries=5")
        ),
        "back-off out of reach": undetermined(
            "reprise de `sweep` ne se lit pas",
            Edit(TASKS, _BACKOFF, "retry_backoff=True, retry_backoff_max=highest(), max_retries=30"),
        ),
        "RabbitMQ": not_concerned("amqp", Edit(APP, _BROKER, 'broker="amqp://queue.internal//"')),
        "countdown out of reach": undetermined(
            "`sweep` demande ne se lit pas", Edit(TASKS, "countdown=10", 'countdown=int(row["after"])')
        ),
    },
    "short-countdowns": {
        "duration of a signature": fails(
            "`sweep`, 24 h",
            Edit(TASKS, _LATER, 'send_mail.s(row["id"]).apply_async(eta=datetime.now(UTC) + timedelta(days=1))'),
            Edit(TASKS, "import UTC, datetime", "import UTC, datetime, timedelta"),
        ),
        "an hour": established("dont 1 différée", Edit(TASKS, "countdown=10", "countdown=3600")),
        "none": established("publications", Edit(TASKS, ", countdown=10", "")),
    },
    "publish-after-commit": {
        "before the commit": fails(
            "`write_report` (`send_mail`)",
            Edit(
                TASKS,
                _WRITES,
                "write_report(day):\n    session = transaction()\n    session.add(day)\n"
                '    send_mail.delay("report")\n    session.commit()\n',
            ),
        ),
        "decorated": fails(
            "`place` (`send_mail`)",
            Edit(
                WEB,
                "app = FastAPI()\n",
                "from django.db import transaction\nfrom shop.tasks import send_mail\n\napp = FastAPI()\n\n\n"
                "@transaction.atomic\ndef place(order):\n    order.save()\n    send_mail.delay(order.pk)\n",
            ),
        ),
        "committed before": established(
            "publication",
            Edit(
                TASKS,
                _WRITES,
                "write_report(day):\n    session = transaction()\n    session.add(day)\n    session.commit()\n"
                '    send_mail.delay("report")\n    session.commit()\n',
            ),
        ),
    },
    "identifiers-only": {
        "row of Django": fails(
            "`write_report` (`order`)",
            Edit(
                TASKS,
                '    send_mail.delay("report")',
                "    order = Order.objects.get(pk=1)\n    send_mail.delay(order)",
            ),
        ),
        "rows one by one": fails(
            "`write_report` (`order`)",
            Edit(
                TASKS,
                '    send_mail.delay("report")',
                "    for order in Order.objects.filter(paid=True):\n        send_mail.apply_async(args=[order])",
            ),
        ),
        "answers of a query, by a dictionary": undetermined(
            "`found` (shop/tasks.py:",
            Edit(
                TASKS,
                '    send_mail.delay("report")',
                "    for found in service.get(req=None):\n        kwargs = {'to': found}\n        send_mail.apply_async(kwargs=kwargs)",
            ),
        ),
        "entries of a dictionary": established(
            "",
            Edit(
                TASKS,
                '    send_mail.delay("report")',
                "    for found in day.get('addresses'):\n        kwargs = {'to': found}\n        send_mail.apply_async(kwargs=kwargs)",
            ),
        ),
        "row of SQLAlchemy": fails(
            "`write_report` (`session.get(Order, 1)`)",
            Edit(TASKS, '    send_mail.delay("report")', "    send_mail.delay(order=session.get(Order, 1))"),
        ),
    },
}
