from tests.acceptance.reference_copy import Edit
from tests.rules.case import Table, established, fails, not_concerned, undetermined, warns

APP, CONF = "shop/celery_app.py", "shop/celery_config.py"
_PREFETCH = "worker_prefetch_multiplier = 1\n"
_CANCEL = "worker_cancel_long_running_tasks_on_connection_loss = False\n"
_TOP = "\nvisibility_timeout = VISIBILITY\n"
_BROKER = 'broker="rediss://cache.internal:6380/0?ssl_cert_reqs=required"'
_BACKEND = 'backend="rediss://cache.internal:6380/1?ssl_cert_reqs=required"'
_RETRY = "-Q retry --concurrency=2"
_LOADED = 'app.config_from_object("shop.celery_config")\n'

TABLE: Table = {
    "bounded-deliveries": {
        "in a configuration module": warns(
            "", Edit(CONF, "task_serializer", "result_chord_retry_interval = 2.0\ntask_serializer")
        )
    },
    "visibility-timeout-everywhere": {
        "another broker": not_concerned("le broker est amqp, pas Redis", Edit(APP, _BROKER, 'broker="amqp://mq"')),
        "another broker by default": undetermined(
            "le broker est amqp par défaut, et `BROKER` peut le changer",
            Edit(APP, "from celery import Celery\n", "import os\n\nfrom celery import Celery\n"),
            Edit(APP, _BROKER, 'broker=os.getenv("BROKER", "amqp://mq")'),
        ),
        "forgotten": fails("3600 s pour `visibility_timeout`", Edit(CONF, _TOP, "\n")),
        "RabbitMQ": not_concerned("le broker est amqp", Edit(APP, _BROKER, 'broker="amqp://queue.internal//"')),
        "broker from the environment": undetermined(
            "broker_url", Edit(APP, _BROKER, 'broker=__import__("os").environ["BROKER"]')
        ),
    },
    "late-ack-prefetch": {
        "default": fails("vaut 4 par défaut", Edit(CONF, _PREFETCH, "")),
        "old name in a dictionary": fails(
            "`worker_prefetch_multiplier=10`",
            Edit(CONF, _PREFETCH, ""),
            Edit(APP, _LOADED, _LOADED + 'EXTRA = {"worker_prefetch_multiplier": 2 * 5}\napp.conf.update(**EXTRA)\n'),
        ),
        "default of the environment": warns(
            "modifiable par `PREFETCH`",
            Edit(CONF, _PREFETCH, 'import os\nworker_prefetch_multiplier = int(os.getenv("PREFETCH", "4"))\n'),
        ),
        "early acknowledgement": not_concerned(
            "avant leur exécution", Edit(CONF, "task_acks_late = True\n", ""), Edit(CONF, _PREFETCH, "")
        ),
        "out of reach": undetermined(
            "ne se lit pas", Edit(CONF, _PREFETCH, "worker_prefetch_multiplier = int(open('x').read())\n")
        ),
    },
    "cancel-on-connection-loss": {
        "by update": fails(
            "révoquées",
            Edit(CONF, _CANCEL, ""),
            Edit(
                APP, _LOADED, f"{_LOADED}app.conf.update(worker_cancel_long_running_tasks_on_connection_loss=bool(1))\n"
            ),
        ),
        "results elsewhere": established(
            "ne sont pas dans le Redis du broker",
            Edit(CONF, _CANCEL, _CANCEL.replace("False", "True")),
            Edit(APP, _BACKEND, 'backend="db+postgresql://db.internal/results"'),
        ),
        "threads, results elsewhere": fails(
            "`--pool=threads`, et",
            Edit(CONF, _CANCEL, _CANCEL.replace("False", "True")),
            Edit(APP, _BACKEND, 'backend="db+postgresql://db.internal/results"'),
            Edit("start.sh", _RETRY, f"{_RETRY} -P threads"),
        ),
        "threads by setting, results elsewhere": fails(
            "`worker_pool=threads`, et",
            Edit(CONF, _CANCEL, _CANCEL.replace("False", "True")),
            Edit(CONF, 'worker_pool = "prefork"', 'worker_pool = "threads"'),
            Edit(APP, _BACKEND, 'backend="db+postgresql://db.internal/results"'),
        ),
        "threads without cancelling": established("=False", Edit("start.sh", _RETRY, f"{_RETRY} -P threads")),
        "gevent, which knows how to cancel": established(
            "ne sont pas dans le Redis du broker",
            Edit(CONF, _CANCEL, _CANCEL.replace("False", "True")),
            Edit(APP, _BACKEND, 'backend="db+postgresql://db.internal/results"'),
            Edit("start.sh", _RETRY, f"{_RETRY} -P gevent"),
        ),
        "one variable for both": warns(
            "`REDIS_URL` donne le broker et les résultats",
            Edit(CONF, _CANCEL, _CANCEL.replace("False", "True")),
            Edit(APP, "from celery import", "import os\n\nfrom celery import"),
            Edit(APP, _BROKER, 'broker=os.environ["REDIS_URL"]'),
            Edit(APP, _BACKEND, 'backend=os.environ["REDIS_URL"]'),
        ),
        "a variable each": undetermined(
            "broker_url",
            Edit(CONF, _CANCEL, _CANCEL.replace("False", "True")),
            Edit(APP, "from celery import", "import os\n\nfrom celery import"),
            Edit(APP, _BROKER, 'broker=os.environ["REDIS_URL"]'),
            Edit(APP, _BACKEND, 'backend=os.environ["RESULTS_URL"]'),
        ),
    },
}
