from tests.acceptance.reference_copy import Edit
from tests.rules.case import Table, established, fails, not_concerned, undetermined, warns

APP, CONF, TASKS, START = "shop/celery_app.py", "shop/celery_config.py", "shop/tasks.py", "start.sh"
_LOADED = 'app.config_from_object("shop.celery_config")\n'
_LIMITS = "task_soft_time_limit = 60\ntask_time_limit = 90\n"
_SEND = "@app.task(bind=True, max_retries=5)"
_CHILD = "worker_max_tasks_per_child = 1000\n"
_MAILS, _RETRY = "-Q mails,default --concurrency=4", "-Q retry --concurrency=2"
# Two of the three tasks have limits of their own; `send_mail` has none.
_OWN_LIMITS = (
    Edit(CONF, _LIMITS, ""),
    Edit(TASKS, 'rate_limit="10/m")', 'rate_limit="10/m", soft_time_limit=60, time_limit=90)'),
    Edit(TASKS, "@app.task(ignore_result=True)", "@app.task(ignore_result=True, soft_time_limit=60, time_limit=90)"),
)

_MORE = "celery -A shop.celery_app worker -Q mails"
_POD = """
apiVersion: apps/v1
kind: Deployment
metadata: {{name: more}}
spec:
  template:
    spec:
      containers:
        - name: more
          image: shop
          command: {words}
          resources: {{limits: {{memory: 512Mi, cpu: "1"}}}}
"""
_NO_COMMAND = (
    Edit("audit.toml", 'asgi_app = "shop.web:app"\n', 'asgi_app = "shop.web:app"\nprocess_files = ["Procfile"]\n'),
    Edit("Procfile", "", "web: uvicorn shop.web:app\n"),
)
_RUN = """import os, sys


def main():
    argv = [sys.executable, "-m", "celery", "-A", "shop", "worker", {}] + sys.argv[1:]
    os.execvp(sys.executable, argv)
"""

TABLE: Table = {
    "time-limits": {
        "none": fails("les 3 tâches : aucune limite de temps", Edit(CONF, _LIMITS, "")),
        "soft above hard": fails(
            "limite souple de 120 s, dure de 90 s",
            Edit(CONF, "task_soft_time_limit = 60", "task_soft_time_limit = 2 * 60"),
        ),
        "own limits of a task": fails(
            "`send_mail` : limite souple de 300 s, dure de 90 s",
            Edit(TASKS, _SEND, "@app.task(bind=True, max_retries=5, soft_time_limit=300)"),
        ),
        "zero": fails(
            "les 3 tâches : la souple seule, qui n'arrête ni ce qui attrape `SoftTimeLimitExceeded`",
            Edit(CONF, "task_time_limit = 90", "task_time_limit = 0"),
        ),
        "two tasks alike, and one otherwise": fails(
            "s'interrompre d'elle-même ; `send_mail`, `sweep` : aucune limite de temps",
            Edit(CONF, _LIMITS, ""),
            Edit(TASKS, "@app.task(ignore_result=True)\ndef report", "@app.task(time_limit=60)\ndef report"),
        ),
        "limit out of reach": undetermined(
            "ne se lit pas", Edit(CONF, "task_time_limit = 90", "task_time_limit = float(open('x').read())")
        ),
        "given when published": undetermined(
            "`send_mail` peut recevoir ses limites à la publication",
            *_OWN_LIMITS,
            Edit(TASKS, "countdown=10)", "countdown=10, time_limit=90, soft_time_limit=60)"),
            Edit(TASKS, '    send_mail.delay("report")\n', ""),
        ),
        "options out of reach when published": undetermined(
            "`send_mail` peut recevoir ses limites à la publication",
            *_OWN_LIMITS,
            Edit(TASKS, "countdown=10)", "**options)"),
            Edit(TASKS, '    send_mail.delay("report")\n', ""),
        ),
        "given by one publication of two": fails(
            "`send_mail` : aucune limite de temps",
            *_OWN_LIMITS,
            Edit(TASKS, "countdown=10)", "countdown=10, time_limit=90, soft_time_limit=60)"),
        ),
        "its own, whatever its publications add": established(
            "task_time_limit",
            Edit(TASKS, "countdown=10)", "**options)"),
            Edit(TASKS, '    send_mail.delay("report")\n', ""),
        ),
    },
    "limits-enforced": {
        "short option": fails("`--pool=gevent`", Edit(START, _RETRY, f"{_RETRY} -P gevent")),
        "by setting": fails("`--pool=solo`", Edit(CONF, _LIMITS, f'{_LIMITS}worker_pool = "solo"\n')),
        "no limit": not_concerned("aucune limite de temps", Edit(CONF, _LIMITS, "")),
    },
    "pool-aligned": {
        "short option": fails("`--pool=solo`", Edit(START, _RETRY, f"{_RETRY} -P solo")),
        "said again": established("`worker_pool=prefork`", Edit(START, _RETRY, f"{_RETRY} -P prefork")),
        "not set": not_concerned("n'est pas réglé", Edit(CONF, 'worker_pool = "prefork"\n', "")),
    },
    "not-eager": {
        "old name": fails("`task_always_eager=True`", Edit(CONF, _LIMITS, f"{_LIMITS}CELERY_ALWAYS_EAGER = True\n")),
        "default of the environment": warns(
            "modifiable par `EAGER`",
            Edit(CONF, _LIMITS, _LIMITS + 'import os\ntask_always_eager = os.environ.get("EAGER", "1") == "1"\n'),
        ),
        "off by default": established(
            "modifiable par `EAGER`",
            Edit(CONF, _LIMITS, _LIMITS + 'import os\ntask_always_eager = os.environ.get("EAGER", "") == "1"\n'),
        ),
        "a word of the unit file": fails(
            "le texte `0`, qui est vrai",
            Edit(CONF, _LIMITS, _LIMITS + 'import os\nEAGER = bool(os.getenv("EAGER"))\ntask_always_eager = EAGER\n'),
            Edit("deploy/shop-worker.service", "ExecStart=", "Environment=EAGER=0\nExecStart="),
        ),
        "a word of `.env`": fails(
            "le texte `no`, qui est vrai",
            Edit(
                CONF,
                _LIMITS,
                _LIMITS
                + 'import os\nimport dotenv\ndotenv.load_dotenv()\ntask_always_eager = os.environ.get("EAGER") or False\n',
            ),
            Edit(".env", "", "EAGER=no\n"),
        ),
        "a word that no file gives": undetermined(
            "tout texte y est vrai",
            Edit(CONF, _LIMITS, _LIMITS + 'import os\ntask_always_eager = os.environ.get("EAGER", False)\n'),
        ),
        "an empty word": established(
            "task_always_eager=False",
            Edit(CONF, _LIMITS, _LIMITS + 'import os\ntask_always_eager = os.getenv("EAGER")\n'),
            Edit("deploy/shop-worker.service", "ExecStart=", "Environment=EAGER=\nExecStart="),
        ),
        "a number of the environment": established(
            "task_always_eager",
            Edit(CONF, _LIMITS, _LIMITS + 'import os\ntask_always_eager = bool(int(os.environ.get("EAGER", "0")))\n'),
            Edit("deploy/shop-worker.service", "ExecStart=", "Environment=EAGER=0\nExecStart="),
        ),
    },
    "default-rate-limit": {
        "by item": fails(
            "`task_default_rate_limit=10`", Edit(APP, _LOADED, f'{_LOADED}app.conf["task_default_rate_limit"] = 10\n')
        )
    },
    "bounded-memory": {
        "nothing read of the workers' commands": warns(
            "aucune commande de worker n'a été lue", Edit(CONF, _CHILD, ""), *_NO_COMMAND
        ),
        "bounded by a command that Python code runs": undetermined(
            "`shop/run.py:6`",
            Edit(CONF, _CHILD, ""),
            *_NO_COMMAND,
            Edit("shop/run.py", "", _RUN.format("'--max-tasks-per-child=5000'")),
        ),
        "not bounded by a command that Python code runs": warns(
            "`worker_max_tasks_per_child` n'est pas réglé",
            Edit(CONF, _CHILD, ""),
            *_NO_COMMAND,
            Edit("shop/run.py", "", _RUN.format("'--loglevel=INFO'")),
        ),
        "the environment may": warns(
            "modifiable par `TASKS`",
            Edit(CONF, _CHILD, 'import os\nworker_max_tasks_per_child = int(os.environ.get("TASKS", "0"))\n'),
        ),
        "by one script of several": fails(
            "`deploy/shop-worker.service` lance un worker sans `--max-tasks-per-child`",
            Edit(CONF, _CHILD, ""),
            Edit(START, _MAILS, f"{_MAILS} --max-tasks-per-child=500"),
        ),
        "none": fails("`worker_max_tasks_per_child=None`", Edit(CONF, "= 1000", "= None")),
        "by the scripts": established(
            "`--max-tasks-per-child=500`",
            Edit(CONF, _CHILD, ""),
            Edit(START, _MAILS, f"{_MAILS} --max-tasks-per-child=500"),
            Edit(START, _RETRY, f"{_RETRY} --max-memory-per-child 200000"),
            Edit("deploy/shop-worker.service", "-Q default", "-Q default --max-tasks-per-child 9"),
        ),
        "short option of a pool that recycles nothing": fails(
            "`--pool=gevent`, où `--max-tasks-per-child=500` n'a aucun effet",
            Edit(START, _RETRY, f"{_RETRY} -P gevent --max-tasks-per-child=500"),
        ),
        "pool by setting": fails(
            "`worker_pool=threads`, où `worker_max_tasks_per_child=1000` n'a aucun effet",
            Edit(CONF, 'worker_pool = "prefork"', 'worker_pool = "threads"'),
        ),
        "pool by default of the environment": warns(
            "`worker_pool=eventlet`",
            Edit(CONF, 'worker_pool = "prefork"', 'import os\nworker_pool = os.environ.get("POOL", "eventlet")'),
        ),
        "one worker of several that recycles nothing": warns(
            "`--pool=solo`", Edit(START, _RETRY, f"{_RETRY} --pool solo")
        ),
        "pool of processes under its other name": established(
            "`worker_max_tasks_per_child=1000`", Edit(START, _RETRY, f"{_RETRY} -P processes")
        ),
        "a pool that recycles nothing, and asks for nothing": established(
            "`--max-tasks-per-child=500`",
            Edit(CONF, _CHILD, ""),
            Edit(START, _MAILS, f"{_MAILS} --max-tasks-per-child=500"),
            Edit(START, _RETRY, f"{_RETRY} -P threads"),
            Edit("deploy/shop-worker.service", "-Q default", "-Q default --max-tasks-per-child 9"),
        ),
        "a pool that is not known": undetermined(
            "le modèle d'exécution `shop.pool:Own` n'est pas connu", Edit(START, _RETRY, f"{_RETRY} -P shop.pool:Own")
        ),
        "no worker, and a setting": undetermined("ne lance de worker", *_NO_COMMAND),
        "one process per processor, short limit of a service": fails(
            "un processus par processeur de l'hôte dans 1g de mémoire",
            Edit(
                "compose.more.yaml",
                "",
                f"services:\n  more:\n    image: shop\n    command: {_MORE}\n    mem_limit: 1g\n",
            ),
        ),
        "one process per processor in a pod": fails(
            "un processus par processeur de l'hôte dans 512Mi de mémoire",
            Edit("deploy/more.yaml", "", _POD.format(words=_MORE.split())),
        ),
        "a pod whose worker autoscales": established(
            "`worker_max_tasks_per_child=1000`",
            Edit("deploy/more.yaml", "", _POD.format(words=[*_MORE.split(), "--autoscale=2,1"])),
        ),
        "a limited service with a concurrency for all": established(
            "`worker_max_tasks_per_child=1000`",
            Edit(CONF, _CHILD, f"{_CHILD}worker_concurrency = 2\n"),
            Edit(
                "compose.more.yaml",
                "",
                f"services:\n  more:\n    image: shop\n    command: {_MORE}\n    mem_limit: 1g\n",
            ),
        ),
        "by memory": established(
            "`worker_max_memory_per_child=300000`", Edit(CONF, _CHILD, "worker_max_memory_per_child = 300_000\n")
        ),
    },
}
