from tests.acceptance.reference_copy import Edit
from tests.rules.case import Table, established, fails, not_concerned, undetermined, warns

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

TABLE: Table = {
    "queues-consumed": {
        "worker without it": fails("`mails` (`task_routes`", Edit(START, "-Q mails,default", "-Q default")),
        "retry queue": fails("`retry` (tâche `sweep`)", Edit(START, _RETRY_WORKER, "")),
        "default queue": fails(
            "file par défaut",
            Edit(START, "-Q mails,default", "-Q mails"),
            Edit("deploy/shop-worker.service", "-Q default", "-Q mails"),
            Edit(TASKS, "def deliver(order_id):\n", "def deliver(order_id):\n    report.delay()\n"),
        ),
        "another file would": warns(
            "n'est pas consommée par `start.sh`",
            Edit(START, _RETRY_WORKER, ""),
            Edit("worker.sh", "", "celery -A shop.celery_app worker -Q retry\n"),
        ),
        "all of them by default": established("`mails`", Edit(START, "-Q mails,default --conc", "--conc")),
        "options in a dictionary": fails(
            "`slow` (`deliver`)", Edit(TASKS, _DELIVER, f'{_DELIVER}    report.apply_async(**{{"queue": "slow"}})\n')
        ),
        "queue that is the task's own argument": established(
            "`mails`", Edit(TASKS, _DELIVER, f'{_DELIVER}    report.delay(queue="slow")\n')
        ),
        "one of two": fails(
            "`slow` (`deliver`)",
            Edit(TASKS, _DELIVER, f"{_CHOOSE}{_DELIVER}    report.apply_async(queue=choose(order_id))\n"),
        ),
        "one of two consumed": established(
            "`mails`, `retry`",
            Edit(
                TASKS,
                _DELIVER,
                f"{_CHOOSE.replace('slow', 'retry')}{_DELIVER}    report.apply_async(queue=choose(order_id))\n",
            ),
        ),
        "options from elsewhere": undetermined(
            "la file où `deliver` publie",
            Edit(TASKS, _DELIVER, f"{_DELIVER}    report.apply_async(queue=order_id.queue)\n"),
        ),
        "options partly from elsewhere": undetermined(
            "la file où `deliver` publie",
            Edit(TASKS, _DELIVER, f'{_DELIVER}    report.apply_async(**{{**order_id.options, "priority": 1}})\n'),
        ),
        "router": undetermined(
            "un routeur de `task_routes`",
            Edit(CONF, _ROUTE, "(route,)"),
            Edit(
                CONF,
                _LIMITS,
                f'{_LIMITS}\n\ndef route(name, args, *rest, **kwargs):\n    return {{"queue": args[0]}}\n\n\n',
            ),
        ),
        "named router": undetermined("un routeur de `task_routes`", Edit(CONF, _ROUTE, '("shop.routes.route",)')),
        "left out by the worker": fails(
            "`retry` (tâche `sweep`)", Edit(START, "-Q retry", "-Q retry,default -X retry")
        ),
        "default queue of the schedule": fails(
            "(planning, `report`, file par défaut)",
            Edit(START, "-Q mails,default", "-Q mails"),
            Edit("deploy/shop-worker.service", "-Q default", "-Q mails"),
        ),
        "task of another application": undetermined(
            "`billing` reçoit des tâches",
            Edit(TASKS, _DELIVER, f'{_DELIVER}    app.send_task("billing.tasks.charge", queue="billing")\n'),
        ),
        "own task by its name": fails(
            "`billing` (`deliver`)",
            Edit(TASKS, _DELIVER, f'{_DELIVER}    app.send_task("shop.tasks.report", queue="billing")\n'),
        ),
        "from a variable": undetermined("ne se lisent pas", Edit(START, "-Q retry", '-Q "$QUEUES"')),
    },
    "queues-declared": {
        "route": fails("`mail` (`task_routes`", Edit(CONF, _ROUTE, '{"shop.tasks.send_mail": {"queue": "mail"}}')),
        "retry": fails("`retry` (tâche `sweep`)", Edit(CONF, ', Queue("retry")', "")),
        "made on demand": not_concerned(
            "Celery crée les files",
            Edit(CONF, "task_create_missing_queues = False", "task_create_missing_queues = True"),
            Edit(CONF, _QUEUES, ""),
        ),
    },
    "no-purge": {
        "other name": fails("passe `--purge`", Edit(START, "-Q retry", "-Q retry --discard")),
        "before": fails("`start.sh` vide les files", Edit(START, "# One machine", f"{_PURGE} -f\n# One machine")),
        "by the broker": fails(
            "`start.sh` vide les files", Edit(START, "# One machine", "rabbitmqctl purge_queue mails\n# One machine")
        ),
        "by what runs the script": fails(
            "`run.sh` vide les files", Edit("run.sh", "", f"#!/bin/sh\n{_PURGE} -f\nexec ./start.sh\n")
        ),
        "a whole Redis": undetermined(
            "si c'est celle du broker", Edit(START, "# One machine", "redis-cli -u $CACHE flushdb\n# One machine")
        ),
        "when asked": undetermined(
            "sous une condition",
            Edit(START, "# One machine", f'if [ "$1" = fresh ]; then\n  {_PURGE} -f\nfi\n# One machine'),
        ),
        "script of its own": established("start.sh", Edit("empty.sh", "", f"#!/bin/sh\n{_PURGE}\n")),
        "instead of it": established(
            "start.sh",
            Edit(
                "w.sh",
                "",
                f'case "$1" in\n  empty) {_PURGE};;\n  *) celery -A shop.celery_app worker -Q mails;;\nesac\n',
            ),
        ),
        "at import": fails("l'import de `shop.celery_app`", Edit(APP, _LOADED, f"{_LOADED}app.control.purge()\n")),
        "in a task": fails(
            "`report` les vide",
            Edit(TASKS, "@app.task(ignore_result=True)\ndef report():\n", _REPORT + "    app.control.purge()\n"),
        ),
        "once ready": fails(
            "`ready` les vide",
            Edit(
                APP,
                _LOADED,
                f"{_LOADED}from celery.signals import worker_ready\n\n\n@worker_ready.connect\n"
                "def ready(sender, **kwargs):\n    sender.app.control.discard_all()\n",
            ),
        ),
        "at the import of a script": undetermined(
            "rien ne dit si un worker l'importe",
            Edit("shop/empty.py", "", "from shop.celery_app import app\n\napp.control.purge()\n"),
        ),
        "by hand": established(
            "start.sh",
            Edit(
                "shop/empty.py",
                "",
                'from shop.celery_app import app\n\nif __name__ == "__main__":\n    app.control.purge()\n',
            ),
        ),
    },
    "worker-names": {
        "the same": fails("`shop@%h`", Edit(START, "mails@%h", "shop@%h"), Edit(START, "retry@%h", "shop@%h")),
        "only one": not_concerned("aucun fichier ne lance plusieurs", Edit(START, _RETRY_WORKER, "")),
    },
    "known-settings": {
        "singular": fails(
            "`worker_max_task_per_child`",
            Edit(APP, _LOADED, f"{_LOADED}app.conf.update(worker_max_task_per_child=10)\n"),
        ),
        "upper case": fails(
            "`CELERY_TASK_ACK_LATE` au lieu de `task_acks_late`",
            Edit(CONF, "task_acks_late = True", "CELERY_TASK_ACK_LATE = True"),
        ),
        "without the prefix, in a class": fails(
            "`WORKER_HIJACK_ROOT_LOGGER` sans le préfixe `SHOP_`",
            Edit(APP, _LOADED, f'{_LOADED}app.config_from_object("shop.more:More", namespace="SHOP")\n'),
            Edit(
                "shop/more.py",
                "",
                "class More:\n    SHOP_TASK_TRACK_STARTED = True\n    WORKER_HIJACK_ROOT_LOGGER = False\n    TASK_ACKS_LATE = True\n",
            ),
        ),
        "an old name that no longer has the prefix": fails(
            "`CELERYD_HIJACK_ROOT_LOGGER` sans le préfixe `CELERY_`",
            Edit(APP, _LOADED, f'{_LOADED}app.config_from_object("shop.more", namespace="CELERY")\n'),
            Edit("shop/more.py", "", "CELERYD_HIJACK_ROOT_LOGGER = False\n"),
        ),
        "said again with the prefix": established(
            "noms de Celery",
            Edit(APP, _LOADED, f'{_LOADED}app.config_from_object("shop.more", namespace="CELERY")\n'),
            Edit("shop/more.py", "", "RESULT_EXTENDED = True\nCELERY_RESULT_EXTENDED = RESULT_EXTENDED\n"),
        ),
        "a name that the project uses": established(
            "noms de Celery",
            Edit(APP, _LOADED, f'{_LOADED}app.config_from_object("shop.more", namespace="CELERY")\n'),
            Edit("shop/more.py", "", "WORKER_DIRECT = True\nREDIS_HOST = 'cache'\n"),
            Edit("shop/uses.py", "", "from shop import more\n\nprint(more.WORKER_DIRECT)\n"),
        ),
        "the target's own name": established(
            "noms de Celery", Edit(APP, _LOADED, f'{_LOADED}app.conf.update(shop_currency="EUR")\n')
        ),
    },
}
