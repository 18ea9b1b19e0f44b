from tests.acceptance.reference_copy import Edit
from tests.rules.case import established, fails, not_concerned, undetermined, warns

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

CASES = (
    fails("time-limits", "none", "les 3 tâches : aucune limite de temps", Edit(CONF, _LIMITS, "")),
    fails(
        "time-limits",
        "soft above hard",
        "limite souple de 120 s, dure de 90 s",
        Edit(CONF, "task_soft_time_limit = 60", "task_soft_time_limit = 2 * 60"),
    ),
    fails(
        "time-limits",
        "own limits of a task",
        "`send_mail` : limite souple de 300 s, dure de 90 s",
        Edit(TASKS, _SEND, "@app.task(bind=True, max_retries=5, soft_time_limit=300)"),
    ),
    fails(
        "time-limits",
        "zero",
        "les 3 tâches : la souple seule, qui n'arrête ni ce qui attrape `SoftTimeLimitExceeded`",
        Edit(CONF, "task_time_limit = 90", "task_time_limit = 0"),
    ),
    fails(
        "time-limits",
        "two tasks alike, and one otherwise",
        "s'interrompre d'elle-même ; `send_mail`, `sweep` : aucune limite de temps",
        Edit(CONF, _LIMITS, ""),
        Edit(TASKS, "@app.task(ignore_result=True)\ndef report", "@app.task(time_limit=60)\ndef report"),
    ),
    undetermined(
        "time-limits",
        "limit out of reach",
        "ne se lit pas",
        Edit(CONF, "task_time_limit = 90", "task_time_limit = float(open('x').read())"),
    ),
    undetermined(
        "time-limits",
        "given when published",
        "`send_mail` peut recevoir ses limites à la publication",
        *_OWN_LIMITS,
        Edit(TASKS, "countdown=10)", "countdown=10, time_limit=90, soft_time_limit=60)"),
        Edit(TASKS, '    send_mail.delay("report")\n', ""),
    ),
    undetermined(
        "time-limits",
        "options out of reach when published",
        "`send_mail` peut recevoir ses limites à la publication",
        *_OWN_LIMITS,
        Edit(TASKS, "countdown=10)", "**options)"),
        Edit(TASKS, '    send_mail.delay("report")\n', ""),
    ),
    fails(
        "time-limits",
        "given by one publication of two",
        "`send_mail` : aucune limite de temps",
        *_OWN_LIMITS,
        Edit(TASKS, "countdown=10)", "countdown=10, time_limit=90, soft_time_limit=60)"),
    ),
    established(
        "time-limits",
        "its own, whatever its publications add",
        "task_time_limit",
        Edit(TASKS, "countdown=10)", "**options)"),
        Edit(TASKS, '    send_mail.delay("report")\n', ""),
    ),
    fails("limits-enforced", "short option", "`--pool=gevent`", Edit(START, _RETRY, f"{_RETRY} -P gevent")),
    fails("limits-enforced", "by setting", "`--pool=solo`", Edit(CONF, _LIMITS, f'{_LIMITS}worker_pool = "solo"\n')),
    fails("pool-aligned", "short option", "`--pool=solo`", Edit(START, _RETRY, f"{_RETRY} -P solo")),
    established("pool-aligned", "said again", "`worker_pool=prefork`", Edit(START, _RETRY, f"{_RETRY} -P prefork")),
    not_concerned("pool-aligned", "not set", "n'est pas réglé", Edit(CONF, 'worker_pool = "prefork"\n', "")),
    not_concerned("limits-enforced", "no limit", "aucune limite de temps", Edit(CONF, _LIMITS, "")),
    fails(
        "not-eager",
        "old name",
        "`task_always_eager=True`",
        Edit(CONF, _LIMITS, f"{_LIMITS}CELERY_ALWAYS_EAGER = True\n"),
    ),
    warns(
        "not-eager",
        "default of the environment",
        "modifiable par `EAGER`",
        Edit(CONF, _LIMITS, _LIMITS + 'import os\ntask_always_eager = os.environ.get("EAGER", "1") == "1"\n'),
    ),
    established(
        "not-eager",
        "off by default",
        "modifiable par `EAGER`",
        Edit(CONF, _LIMITS, _LIMITS + 'import os\ntask_always_eager = os.environ.get("EAGER", "") == "1"\n'),
    ),
    fails(
        "not-eager",
        "a word of the unit file",
        "le texte `0`, qui est vrai",
        Edit(CONF, _LIMITS, _LIMITS + 'import os\nEAGER = bool(os.getenv("EAGER"))\ntask_always_eager = EAGER\n'),
        Edit("deploy/shop-worker.service", "ExecStart=", "Environment=EAGER=0\nExecStart="),
    ),
    fails(
        "not-eager",
        "a word of `.env`",
        "le texte `no`, qui est vrai",
        Edit(
            CONF,
            _LIMITS,
            _LIMITS
            + 'import os\nimport dotenv\ndotenv.load_dotenv()\ntask_always_eager = os.environ.get("EAGER") or False\n',
        ),
        Edit(".env", "", "EAGER=no\n"),
    ),
    undetermined(
        "not-eager",
        "a word that no file gives",
        "tout texte y est vrai",
        Edit(CONF, _LIMITS, _LIMITS + 'import os\ntask_always_eager = os.environ.get("EAGER", False)\n'),
    ),
    established(
        "not-eager",
        "an empty word",
        "task_always_eager=False",
        Edit(CONF, _LIMITS, _LIMITS + 'import os\ntask_always_eager = os.getenv("EAGER")\n'),
        Edit("deploy/shop-worker.service", "ExecStart=", "Environment=EAGER=\nExecStart="),
    ),
    established(
        "not-eager",
        "a number of the environment",
        "task_always_eager",
        Edit(CONF, _LIMITS, _LIMITS + 'import os\ntask_always_eager = bool(int(os.environ.get("EAGER", "0")))\n'),
        Edit("deploy/shop-worker.service", "ExecStart=", "Environment=EAGER=0\nExecStart="),
    ),
    fails(
        "default-rate-limit",
        "by item",
        "`task_default_rate_limit=10`",
        Edit(APP, _LOADED, f'{_LOADED}app.conf["task_default_rate_limit"] = 10\n'),
    ),
    warns(
        "bounded-memory",
        "nothing read of the workers' commands",
        "aucune commande de worker n'a été lue",
        Edit(CONF, _CHILD, ""),
        *_NO_COMMAND,
    ),
    undetermined(
        "bounded-memory",
        "bounded by a command that Python code runs",
        "`shop/run.py:6`",
        Edit(CONF, _CHILD, ""),
        *_NO_COMMAND,
        Edit("shop/run.py", "", _RUN.format("'--max-tasks-per-child=5000'")),
    ),
    warns(
        "bounded-memory",
        "not bounded by a command that Python code runs",
        "`worker_max_tasks_per_child` n'est pas réglé",
        Edit(CONF, _CHILD, ""),
        *_NO_COMMAND,
        Edit("shop/run.py", "", _RUN.format("'--loglevel=INFO'")),
    ),
    warns(
        "bounded-memory",
        "the environment may",
        "modifiable par `TASKS`",
        Edit(CONF, _CHILD, 'import os\nworker_max_tasks_per_child = int(os.environ.get("TASKS", "0"))\n'),
    ),
    fails(
        "bounded-memory",
        "by one script of several",
        "`deploy/shop-worker.service` lance un worker sans `--max-tasks-per-child`",
        Edit(CONF, _CHILD, ""),
        Edit(START, _MAILS, f"{_MAILS} --max-tasks-per-child=500"),
    ),
    fails("bounded-memory", "none", "`worker_max_tasks_per_child=None`", Edit(CONF, "= 1000", "= None")),
    established(
        "bounded-memory",
        "by the scripts",
        "`--max-tasks-per-child=500`",
        Edit(CONF, _CHILD, ""),
        Edit(START, _MAILS, f"{_MAILS} --max-tasks-per-child=500"),
        Edit(START, _RETRY, f"{_RETRY} --max-memory-per-child 200000"),
        Edit("deploy/shop-worker.service", "-Q default", "-Q default --max-tasks-per-child 9"),
    ),
    fails(
        "bounded-memory",
        "short option of a pool that recycles nothing",
        "`--pool=gevent`, où `--max-tasks-per-child=500` n'a aucun effet",
        Edit(START, _RETRY, f"{_RETRY} -P gevent --max-tasks-per-child=500"),
    ),
    fails(
        "bounded-memory",
        "pool by setting",
        "`worker_pool=threads`, où `worker_max_tasks_per_child=1000` n'a aucun effet",
        Edit(CONF, 'worker_pool = "prefork"', 'worker_pool = "threads"'),
    ),
    warns(
        "bounded-memory",
        "pool by default of the environment",
        "`worker_pool=eventlet`",
        Edit(CONF, 'worker_pool = "prefork"', 'import os\nworker_pool = os.environ.get("POOL", "eventlet")'),
    ),
    warns(
        "bounded-memory",
        "one worker of several that recycles nothing",
        "`--pool=solo`",
        Edit(START, _RETRY, f"{_RETRY} --pool solo"),
    ),
    established(
        "bounded-memory",
        "pool of processes under its other name",
        "`worker_max_tasks_per_child=1000`",
        Edit(START, _RETRY, f"{_RETRY} -P processes"),
    ),
    established(
        "bounded-memory",
        "a pool that recycles nothing, and asks for nothing",
        "`--max-tasks-per-child=500`",
        Edit(CONF, _CHILD, ""),
        Edit(START, _MAILS, f"{_MAILS} --max-tasks-per-child=500"),
        Edit(START, _RETRY, f"{_RETRY} -P threads"),
        Edit("deploy/shop-worker.service", "-Q default", "-Q default --max-tasks-per-child 9"),
    ),
    undetermined(
        "bounded-memory",
        "a pool that is not known",
        "le modèle d'exécution `shop.pool:Own` n'est pas connu",
        Edit(START, _RETRY, f"{_RETRY} -P shop.pool:Own"),
    ),
    undetermined("bounded-memory", "no worker, and a setting", "ne lance de worker", *_NO_COMMAND),
    fails(
        "bounded-memory",
        "one process per processor, short limit of a service",
        "un processus par processeur de l'hôte dans 1g de mémoire",
        Edit(
            "compose.more.yaml", "", f"services:\n  more:\n    image: shop\n    command: {_MORE}\n    mem_limit: 1g\n"
        ),
    ),
    fails(
        "bounded-memory",
        "one process per processor in a pod",
        "un processus par processeur de l'hôte dans 512Mi de mémoire",
        Edit("deploy/more.yaml", "", _POD.format(words=_MORE.split())),
    ),
    established(
        "bounded-memory",
        "a pod whose worker autoscales",
        "`worker_max_tasks_per_child=1000`",
        Edit("deploy/more.yaml", "", _POD.format(words=[*_MORE.split(), "--autoscale=2,1"])),
    ),
    established(
        "bounded-memory",
        "a limited service with a concurrency for all",
        "`worker_max_tasks_per_child=1000`",
        Edit(CONF, _CHILD, f"{_CHILD}worker_concurrency = 2\n"),
        Edit(
            "compose.more.yaml", "", f"services:\n  more:\n    image: shop\n    command: {_MORE}\n    mem_limit: 1g\n"
        ),
    ),
    established(
        "bounded-memory",
        "by memory",
        "`worker_max_memory_per_child=300000`",
        Edit(CONF, _CHILD, "worker_max_memory_per_child = 300_000\n"),
    ),
)
