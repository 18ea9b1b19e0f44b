from tests.acceptance.reference_copy import Edit
from tests.rules.case import established, fails, not_concerned, undetermined, warns

APP, CONF, TASKS, START = "shop/celery_app.py", "shop/celery_config.py", "shop/tasks.py", "start.sh"
_LOADED = 'app.config_from_object("shop.celery_config")\n'
_LIMITS = "task_soft_time_limit = 60\n"
_ROUTE = '{"shop.tasks.send_mail": {"queue": "mails"}}'
_QUEUES = 'task_queues = (Queue("default"), Queue("mails"), Queue("retry"))\n'
_DELIVER = "def deliver(order_id):\n"
_CHOOSE = (
    'def choose(order):\n    if order:\n        return "slow"\n    return "mails" if order is None else "retry"\n\n\n'
)
_PURGE = "celery -A shop.celery_app purge"
_REPORT = "@app.task(ignore_result=True)\ndef report():\n"
_RETRY_WORKER = (
    "while true; do\n  celery -A shop.celery_app worker -n retry@%h -Q retry --concurrency=2 --uid=shop &\n"
    '  RETRY=$!\n  wait "$RETRY"\n  sleep 5\ndone &\n'
)

CASES = (
    fails(
        "queues-consumed", "worker without it", "`mails` (`task_routes`", Edit(START, "-Q mails,default", "-Q default")
    ),
    fails("queues-consumed", "retry queue", "`retry` (tâche `sweep`)", Edit(START, _RETRY_WORKER, "")),
    fails(
        "queues-consumed",
        "default queue",
        "file par défaut",
        Edit(START, "-Q mails,default", "-Q mails"),
        Edit("deploy/shop-worker.service", "-Q default", "-Q mails"),
        Edit(TASKS, "def deliver(order_id):\n", "def deliver(order_id):\n    report.delay()\n"),
    ),
    warns(
        "queues-consumed",
        "another file would",
        "n'est pas consommée par `start.sh`",
        Edit(START, _RETRY_WORKER, ""),
        Edit("worker.sh", "", "celery -A shop.celery_app worker -Q retry\n"),
    ),
    established(
        "queues-consumed", "all of them by default", "`mails`", Edit(START, "-Q mails,default --conc", "--conc")
    ),
    fails(
        "queues-consumed",
        "options in a dictionary",
        "`slow` (`deliver`)",
        Edit(TASKS, _DELIVER, f'{_DELIVER}    report.apply_async(**{{"queue": "slow"}})\n'),
    ),
    established(
        "queues-consumed",
        "queue that is the task's own argument",
        "`mails`",
        Edit(TASKS, _DELIVER, f'{_DELIVER}    report.delay(queue="slow")\n'),
    ),
    fails(
        "queues-consumed",
        "one of two",
        "`slow` (`deliver`)",
        Edit(TASKS, _DELIVER, f"{_CHOOSE}{_DELIVER}    report.apply_async(queue=choose(order_id))\n"),
    ),
    established(
        "queues-consumed",
        "one of two consumed",
        "`mails`, `retry`",
        Edit(
            TASKS,
            _DELIVER,
            f"{_CHOOSE.replace('slow', 'retry')}{_DELIVER}    report.apply_async(queue=choose(order_id))\n",
        ),
    ),
    undetermined(
        "queues-consumed",
        "options from elsewhere",
        "la file où `deliver` publie",
        Edit(TASKS, _DELIVER, f"{_DELIVER}    report.apply_async(queue=order_id.queue)\n"),
    ),
    undetermined(
        "queues-consumed",
        "options partly from elsewhere",
        "la file où `deliver` publie",
        Edit(TASKS, _DELIVER, f'{_DELIVER}    report.apply_async(**{{**order_id.options, "priority": 1}})\n'),
    ),
    undetermined(
        "queues-consumed",
        "router",
        "un routeur de `task_routes`",
        Edit(CONF, _ROUTE, "(route,)"),
        Edit(
            CONF,
            _LIMITS,
            f'{_LIMITS}\n\ndef route(name, args, *rest, **kwargs):\n    return {{"queue": args[0]}}\n\n\n',
        ),
    ),
    undetermined(
        "queues-consumed", "named router", "un routeur de `task_routes`", Edit(CONF, _ROUTE, '("shop.routes.route",)')
    ),
    fails(
        "queues-consumed",
        "left out by the worker",
        "`retry` (tâche `sweep`)",
        Edit(START, "-Q retry", "-Q retry,default -X retry"),
    ),
    fails(
        "queues-consumed",
        "default queue of the schedule",
        "(planning, `report`, file par défaut)",
        Edit(START, "-Q mails,default", "-Q mails"),
        Edit("deploy/shop-worker.service", "-Q default", "-Q mails"),
    ),
    undetermined(
        "queues-consumed",
        "task of another application",
        "`billing` reçoit des tâches",
        Edit(TASKS, _DELIVER, f'{_DELIVER}    app.send_task("billing.tasks.charge", queue="billing")\n'),
    ),
    fails(
        "queues-consumed",
        "own task by its name",
        "`billing` (`deliver`)",
        Edit(TASKS, _DELIVER, f'{_DELIVER}    app.send_task("shop.tasks.report", queue="billing")\n'),
    ),
    undetermined("queues-consumed", "from a variable", "ne se lisent pas", Edit(START, "-Q retry", '-Q "$QUEUES"')),
    fails(
        "queues-declared",
        "route",
        "`mail` (`task_routes`",
        Edit(CONF, _ROUTE, '{"shop.tasks.send_mail": {"queue": "mail"}}'),
    ),
    fails("queues-declared", "retry", "`retry` (tâche `sweep`)", Edit(CONF, ', Queue("retry")', "")),
    not_concerned(
        "queues-declared",
        "made on demand",
        "Celery crée les files",
        Edit(CONF, "task_create_missing_queues = False", "task_create_missing_queues = True"),
        Edit(CONF, _QUEUES, ""),
    ),
    fails("no-purge", "other name", "passe `--purge`", Edit(START, "-Q retry", "-Q retry --discard")),
    fails(
        "no-purge", "before", "`start.sh` vide les files", Edit(START, "# One machine", f"{_PURGE} -f\n# One machine")
    ),
    fails(
        "no-purge",
        "by the broker",
        "`start.sh` vide les files",
        Edit(START, "# One machine", "rabbitmqctl purge_queue mails\n# One machine"),
    ),
    fails(
        "no-purge",
        "by what runs the script",
        "`run.sh` vide les files",
        Edit("run.sh", "", f"#!/bin/sh\n{_PURGE} -f\nexec ./start.sh\n"),
    ),
    undetermined(
        "no-purge",
        "a whole Redis",
        "si c'est celle du broker",
        Edit(START, "# One machine", "redis-cli -u $CACHE flushdb\n# One machine"),
    ),
    undetermined(
        "no-purge",
        "when asked",
        "sous une condition",
        Edit(START, "# One machine", f'if [ "$1" = fresh ]; then\n  {_PURGE} -f\nfi\n# One machine'),
    ),
    established("no-purge", "script of its own", "start.sh", Edit("empty.sh", "", f"#!/bin/sh\n{_PURGE}\n")),
    established(
        "no-purge",
        "instead of it",
        "start.sh",
        Edit(
            "w.sh", "", f'case "$1" in\n  empty) {_PURGE};;\n  *) celery -A shop.celery_app worker -Q mails;;\nesac\n'
        ),
    ),
    fails(
        "no-purge", "at import", "l'import de `shop.celery_app`", Edit(APP, _LOADED, f"{_LOADED}app.control.purge()\n")
    ),
    fails(
        "no-purge",
        "in a task",
        "`report` les vide",
        Edit(TASKS, "@app.task(ignore_result=True)\ndef report():\n", _REPORT + "    app.control.purge()\n"),
    ),
    fails(
        "no-purge",
        "once ready",
        "`ready` les vide",
        Edit(
            APP,
            _LOADED,
            f"{_LOADED}from celery.signals import worker_ready\n\n\n@worker_ready.connect\n"
            "def ready(sender, **kwargs):\n    sender.app.control.discard_all()\n",
        ),
    ),
    undetermined(
        "no-purge",
        "at the import of a script",
        "rien ne dit si un worker l'importe",
        Edit("shop/empty.py", "", "from shop.celery_app import app\n\napp.control.purge()\n"),
    ),
    established(
        "no-purge",
        "by hand",
        "start.sh",
        Edit(
            "shop/empty.py",
            "",
            'from shop.celery_app import app\n\nif __name__ == "__main__":\n    app.control.purge()\n',
        ),
    ),
    fails(
        "worker-names", "the same", "`shop@%h`", Edit(START, "mails@%h", "shop@%h"), Edit(START, "retry@%h", "shop@%h")
    ),
    not_concerned("worker-names", "only one", "aucun fichier ne lance plusieurs", Edit(START, _RETRY_WORKER, "")),
    fails(
        "known-settings",
        "singular",
        "`worker_max_task_per_child`",
        Edit(APP, _LOADED, f"{_LOADED}app.conf.update(worker_max_task_per_child=10)\n"),
    ),
    fails(
        "known-settings",
        "upper case",
        "`CELERY_TASK_ACK_LATE` au lieu de `task_acks_late`",
        Edit(CONF, "task_acks_late = True", "CELERY_TASK_ACK_LATE = True"),
    ),
    fails(
        "known-settings",
        "without the prefix, in a class",
        "`WORKER_HIJACK_ROOT_LOGGER` sans le préfixe `SHOP_`",
        Edit(APP, _LOADED, f'{_LOADED}app.config_from_object("shop.more:More", namespace="SHOP")\n'),
        Edit(
            "shop/more.py",
            "",
            "class More:\n    SHOP_TASK_TRACK_STARTED = True\n    WORKER_HIJACK_ROOT_LOGGER = False\n    TASK_ACKS_LATE = True\n",
        ),
    ),
    fails(
        "known-settings",
        "an old name that no longer has the prefix",
        "`CELERYD_HIJACK_ROOT_LOGGER` sans le préfixe `CELERY_`",
        Edit(APP, _LOADED, f'{_LOADED}app.config_from_object("shop.more", namespace="CELERY")\n'),
        Edit("shop/more.py", "", "CELERYD_HIJACK_ROOT_LOGGER = False\n"),
    ),
    established(
        "known-settings",
        "said again with the prefix",
        "réglages, noms",
        Edit(APP, _LOADED, f'{_LOADED}app.config_from_object("shop.more", namespace="CELERY")\n'),
        Edit("shop/more.py", "", "RESULT_EXTENDED = True\nCELERY_RESULT_EXTENDED = RESULT_EXTENDED\n"),
    ),
    established(
        "known-settings",
        "a name that the project uses",
        "réglages, noms",
        Edit(APP, _LOADED, f'{_LOADED}app.config_from_object("shop.more", namespace="CELERY")\n'),
        Edit("shop/more.py", "", "WORKER_DIRECT = True\nREDIS_HOST = 'cache'\n"),
        Edit("shop/uses.py", "", "from shop import more\n\nprint(more.WORKER_DIRECT)\n"),
    ),
    established(
        "known-settings",
        "the target's own name",
        "réglages, noms",
        Edit(APP, _LOADED, f'{_LOADED}app.conf.update(shop_currency="EUR")\n'),
    ),
)
