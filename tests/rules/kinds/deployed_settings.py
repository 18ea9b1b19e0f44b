"""Settings that the deployment chooses: modules, classes, addresses and options that its variables name."""

from audit.model.findings import Outcome
from tests.rules.kinds.program import ALARM, DOUBTED, PASSES, Program

_OPEN = frozenset({Outcome.UNDETERMINED})
_CELERY = """
    import os

    from celery import Celery

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings.base")
    app = Celery("shop")
    app.config_from_object("django.conf:settings", namespace="CELERY")
"""
_BASE = 'CELERY_BROKER_URL = "redis://redis:6379/0"\nCELERY_TASK_ACKS_LATE = True\n'
_COMPOSE = "services:\n  worker:\n    image: x\n    command: celery -A shop worker -c 2\n    restart: always\n"
_GIVEN = {
    "compose.yaml": _COMPOSE + "    environment: {{{0}: {1}}}\n",
    "k8s/worker.yaml": """
        apiVersion: apps/v1
        kind: Deployment
        metadata: {{name: worker}}
        spec:
          template:
            spec:
              containers:
                - name: worker
                  image: shop
                  command: ["celery", "-A", "shop", "worker", "-c", "2"]
                  env: [{{name: {0}, value: "{1}"}}]
    """,
    "Dockerfile": 'FROM python:3.12\nENV {0}={1}\nCMD ["celery", "-A", "shop", "worker", "-c", "2"]\n',
    "worker.service": "[Service]\nEnvironment={0}={1}\nExecStart=/venv/bin/celery -A shop worker -c 2\nRestart=always\n",
    "supervisord.conf": '[program:worker]\ncommand=celery -A shop worker -c 2\nenvironment={0}="{1}"\nautorestart=true\n',
}
_CLASSES = """
    import os

    from celery import Celery


    class Dev:
        broker_url = "redis://redis:6379/0"
        task_acks_late = {}


    class Prod(Dev):
        task_acks_late = {}


    app = Celery("shop")
    app.config_from_object({{"dev": Dev, "prod": Prod}}[os.environ.get("STAGE", "dev")])


    @app.task
    def a(): ...
"""
_OWN = """
    from celery import Celery, chord

    app = Celery("shop", broker="redis://redis:6379/0", backend="redis://redis:6379/1")
    app.conf.update(task_acks_late=True, worker_prefetch_multiplier=1, task_soft_time_limit=60, task_time_limit=90)
    app.conf.broker_transport_options = {"visibility_timeout": 600}
    app.conf.beat_schedule = {"a": {"task": "shop.a", "schedule": 300.0}}


    @app.task
    def a(x=1): ...


    def send(xs):
        chord(a.s(x) for x in xs)(a.s())
"""
_SERVERS = (
    "  redis: {image: 'redis:7', command: redis-server --appendonly yes --maxmemory-policy noeviction, volumes: ['r:/data']}\n"
    "  cache: {image: 'redis:7', command: redis-server --maxmemory 50mb --maxmemory-policy allkeys-lru}\n"
)


def _module(outcomes: frozenset[Outcome], path: str, text: str, name: str, late: bool) -> Program:
    files = {
        "shop/__init__.py": "",
        "shop/celery.py": _CELERY,
        "shop/settings/__init__.py": "",
        "shop/settings/base.py": _BASE,
        "shop/settings/live.py": f"from .base import *\n\nCELERY_TASK_ACKS_LATE = {late}\n",
        "shop/tasks.py": "from celery import shared_task\n\n\n@shared_task\ndef send(pk): ...\n",
        path: text.format("DJANGO_SETTINGS_MODULE", name),
    }
    return Program("late-acknowledgement", f"{path} gives {name}, {late}", outcomes, files)


def _class(outcomes: frozenset[Outcome], stage: str, dev: bool, prod: bool) -> Program:
    files = {"shop.py": _CLASSES.format(dev, prod), "compose.yaml": _GIVEN["compose.yaml"].format("STAGE", stage)}
    return Program("late-acknowledgement", f"the class of {stage}, {dev} {prod}", outcomes, files)


def _option(rule: str, outcomes: frozenset[Outcome], name: str, value: str) -> list[Program]:
    return [
        Program(rule, f"{path}: {name}={value}", outcomes, {"shop.py": _OWN, path: text.format(name, value)})
        for path, text in _GIVEN.items()
    ]


def _line(rule: str, outcomes: frozenset[Outcome], options: str) -> Program:
    return Program(
        rule, options, outcomes, {"shop.py": _OWN, "Procfile": f"worker: celery -A shop worker -B -c 2 {options}\n"}
    )


def _address(rule: str, outcomes: frozenset[Outcome], name: str, value: str) -> Program:
    compose = _GIVEN["compose.yaml"].format(name, f"'{value}'") + _SERVERS
    return Program(rule, f"{name}={value}", outcomes, {"shop.py": _OWN, "compose.yaml": compose})


PROGRAMS = (
    *(_module(ALARM, *one, "shop.settings.live", False) for one in _GIVEN.items()),
    *(_module(PASSES, *one, "shop.settings.live", True) for one in _GIVEN.items()),
    _module(PASSES, "compose.yaml", _GIVEN["compose.yaml"], "shop.settings.base", False),
    _class(ALARM, "prod", True, False),
    _class(PASSES, "prod", False, True),
    _class(PASSES, "dev", True, False),
    *_option("no-purge", ALARM, "CELERY_WORKER_PURGE", "1"),
    *_option("no-purge", PASSES, "CELERY_WORKER_PURGE", "0"),
    *_option("late-ack-prefetch", ALARM, "CELERY_WORKER_PREFETCH_MULTIPLIER", "16"),
    *_option("queues-consumed", ALARM, "CELERY_WORKER_QUEUES", "mail"),
    *_option("queues-consumed", PASSES, "CELERY_WORKER_QUEUES", "celery,mail"),
    *_option("visibility-timeout", ALARM, "CELERY_WORKER_TIME_LIMIT", "7200"),
    _line("visibility-timeout", ALARM, "--time-limit=7200"),
    _line("visibility-timeout", PASSES, "--time-limit=120"),
    _line("visibility-timeout", DOUBTED, "--time-limit=$LIMIT"),
    _line("beat-overlap", ALARM, "--time-limit=400"),
    _line("beat-overlap", PASSES, "--time-limit=120"),
    _address("chord-results", ALARM, "CELERY_RESULT_BACKEND", "rpc://"),
    _address("chord-results", PASSES, "CELERY_RESULT_BACKEND", "redis://redis:6379/2"),
    _address("broker-keeps-queues", ALARM, "CELERY_BROKER_URL", "redis://cache:6379/0"),
    _address("broker-keeps-queues", PASSES, "CELERY_BROKER_URL", "redis://redis:6379/3"),
)
