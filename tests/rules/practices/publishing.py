from tests.acceptance.reference_copy import Edit
from tests.rules.case import established, fails, not_concerned, undetermined

APP, CONF, TASKS, WEB = "shop/celery_app.py", "shop/celery_config.py", "shop/tasks.py", "shop/web.py"
_BROKER = 'broker="rediss://cache.internal:6380/0?ssl_cert_reqs=required"'
_LATER = 'send_mail.apply_async(args=[row["id"]], countdown=10)'
_COMMIT = '        connection.execute("insert into reports (day) values (%s)", [day])\n    send_mail.delay("report")\n'
_WRITES = "write_report(day):\n    with transaction() as connection:\n" + _COMMIT
_VISIBILITY = "VISIBILITY = 2 * 3600"
_OPTIONS = '"options": {"expires": 3600}'
_BACKOFF = "retry_backoff=True, max_retries=3"

CASES = (
    fails(
        "visibility-timeout",
        "constant of another module",
        "`countdown` de 24 h",
        Edit(TASKS, _LATER, _LATER.replace("10", "A_DAY")),
        Edit("shop/delays.py", "", "A_DAY = 24 * 60 * 60\n"),
        Edit(TASKS, "from shop.celery_app", "from shop.delays import A_DAY\nfrom shop.celery_app"),
    ),
    fails(
        "visibility-timeout",
        "published by a partial",
        "`countdown` de 24 h",
        Edit(TASKS, _LATER, 'later(partial(send_mail.apply_async, args=[row["id"]], countdown=86400))'),
        Edit(
            TASKS,
            "import requests\n",
            "from functools import partial\n\nimport requests\nfrom shop.plan import later\n",
        ),
    ),
    fails(
        "visibility-timeout",
        "long task",
        "limite de temps de `report`",
        Edit(TASKS, "@app.task(ignore_result=True)\ndef report", "@app.task(time_limit=9000)\ndef report"),
    ),
    fails("visibility-timeout", "short timeout", "pour un délai de 1 min", Edit(CONF, _VISIBILITY, "VISIBILITY = 60")),
    fails(
        "visibility-timeout",
        "long retry",
        "reprise de `send_mail`",
        Edit(TASKS, "countdown=30 * 2**self.request.retries", "countdown=3600 * 2**self.request.retries"),
    ),
    fails(
        "visibility-timeout",
        "eta",
        "`countdown` de 5 h",
        Edit(
            TASKS,
            _LATER,
            'when = datetime.now(UTC) + timedelta(hours=5)\n        send_mail.apply_async([row["id"]], eta=when)',
        ),
        Edit(TASKS, "import UTC, datetime", "import UTC, datetime, timedelta"),
    ),
    fails(
        "visibility-timeout",
        "signature by name",
        "`countdown` de 24 h",
        Edit(TASKS, _LATER, 'signature("shop.tasks.send_mail", args=[row["id"]], countdown=86400).delay()'),
        Edit(TASKS, "import requests\n", "import requests\nfrom celery import signature\n"),
    ),
    fails(
        "visibility-timeout",
        "options of a signature",
        "`countdown` de 24 h",
        Edit(TASKS, _LATER, 'send_mail.s(row["id"]).set(countdown=86400).delay()'),
    ),
    fails(
        "visibility-timeout",
        "options in a dictionary",
        "`countdown` de 3 h",
        Edit(TASKS, _LATER, 'options = {"countdown": 10800}\n        send_mail.apply_async([row["id"]], **options)'),
    ),
    established(
        "visibility-timeout",
        "options in a dictionary, without a delay",
        "2 h",
        Edit(TASKS, _LATER, 'options = {"priority": 3}\n        send_mail.apply_async([row["id"]], **options)'),
    ),
    undetermined(
        "visibility-timeout",
        "options out of reach",
        "`sweep` demande ne se lit pas",
        Edit(TASKS, _LATER, 'send_mail.apply_async([row["id"]], **row["options"])'),
    ),
    fails(
        "visibility-timeout",
        "options of beat",
        "de l'entrée `report` de beat de 24 h",
        Edit(CONF, _OPTIONS, _OPTIONS.replace("{", '{"countdown": 86400, ')),
    ),
    undetermined(
        "visibility-timeout",
        "hour given by beat",
        "l'`eta` de l'entrée `report`",
        Edit(CONF, _OPTIONS, _OPTIONS.replace("{", '{"eta": when(), ')),
    ),
    fails(
        "visibility-timeout",
        "back-off drawn at random",
        "reprise de `sweep` de 25 h",
        Edit(TASKS, _BACKOFF, "retry_backoff=True, retry_backoff_max=90000, max_retries=30"),
    ),
    established(
        "visibility-timeout",
        "back-off that grows slowly",
        "2 h",
        Edit(TASKS, _BACKOFF, "retry_backoff=True, retry_backoff_max=90000, max_retries=5"),
    ),
    undetermined(
        "visibility-timeout",
        "back-off out of reach",
        "reprise de `sweep` ne se lit pas",
        Edit(TASKS, _BACKOFF, "retry_backoff=True, retry_backoff_max=highest(), max_retries=30"),
    ),
    not_concerned("visibility-timeout", "RabbitMQ", "amqp", Edit(APP, _BROKER, 'broker="amqp://queue.internal//"')),
    undetermined(
        "visibility-timeout",
        "countdown out of reach",
        "`sweep` demande ne se lit pas",
        Edit(TASKS, "countdown=10", 'countdown=int(row["after"])'),
    ),
    fails(
        "short-countdowns",
        "duration of a signature",
        "`sweep`, 24 h",
        Edit(TASKS, _LATER, 'send_mail.s(row["id"]).apply_async(eta=datetime.now(UTC) + timedelta(days=1))'),
        Edit(TASKS, "import UTC, datetime", "import UTC, datetime, timedelta"),
    ),
    established("short-countdowns", "an hour", "publications différées", Edit(TASKS, "countdown=10", "countdown=3600")),
    established("short-countdowns", "none", "publications", Edit(TASKS, ", countdown=10", "")),
    fails(
        "publish-after-commit",
        "before the commit",
        "`write_report` (`send_mail`)",
        Edit(
            TASKS,
            _WRITES,
            "write_report(day):\n    session = transaction()\n    session.add(day)\n"
            '    send_mail.delay("report")\n    session.commit()\n',
        ),
    ),
    fails(
        "publish-after-commit",
        "decorated",
        "`place` (`send_mail`)",
        Edit(
            WEB,
            "app = FastAPI()\n",
            "from django.db import transaction\nfrom shop.tasks import send_mail\n\napp = FastAPI()\n\n\n"
            "@transaction.atomic\ndef place(order):\n    order.save()\n    send_mail.delay(order.pk)\n",
        ),
    ),
    established(
        "publish-after-commit",
        "committed before",
        "publication",
        Edit(
            TASKS,
            _WRITES,
            "write_report(day):\n    session = transaction()\n    session.add(day)\n    session.commit()\n"
            '    send_mail.delay("report")\n    session.commit()\n',
        ),
    ),
    fails(
        "identifiers-only",
        "row of Django",
        "`write_report` (`order`)",
        Edit(TASKS, '    send_mail.delay("report")', "    order = Order.objects.get(pk=1)\n    send_mail.delay(order)"),
    ),
    fails(
        "identifiers-only",
        "rows one by one",
        "`write_report` (`order`)",
        Edit(
            TASKS,
            '    send_mail.delay("report")',
            "    for order in Order.objects.filter(paid=True):\n        send_mail.apply_async(args=[order])",
        ),
    ),
    undetermined(
        "identifiers-only",
        "answers of a query, by a dictionary",
        "`found` (shop/tasks.py:",
        Edit(
            TASKS,
            '    send_mail.delay("report")',
            "    for found in service.get(req=None):\n        kwargs = {'to': found}\n        send_mail.apply_async(kwargs=kwargs)",
        ),
    ),
    established(
        "identifiers-only",
        "entries of a dictionary",
        "",
        Edit(
            TASKS,
            '    send_mail.delay("report")',
            "    for found in day.get('addresses'):\n        kwargs = {'to': found}\n        send_mail.apply_async(kwargs=kwargs)",
        ),
    ),
    fails(
        "identifiers-only",
        "row of SQLAlchemy",
        "`write_report` (`session.get(Order, 1)`)",
        Edit(TASKS, '    send_mail.delay("report")', "    send_mail.delay(order=session.get(Order, 1))"),
    ),
)
