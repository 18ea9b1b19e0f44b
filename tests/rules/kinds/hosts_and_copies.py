"""How many of a process run, and on which host: autoscalers, several units of one folder, names of host that are given."""

from audit.model.findings import Outcome
from tests.rules.kinds.program import ALARM, PASSES, Program

_OPEN = frozenset({Outcome.UNDETERMINED})
_RESERVED = frozenset({Outcome.RESERVATION})
_APP = """
    from celery import Celery

    app = Celery("shop", broker="redis://redis:6379/0")
    app.conf.beat_schedule = {"a": {"task": "shop.a", "schedule": 600.0}}


    @app.task(rate_limit="1/s")
    def a(): ...
"""
_SCALED = """
    apiVersion: apps/v1
    kind: Deployment
    metadata: {{name: worker}}
    spec:
      template:
        spec:
          containers: [{{name: w, image: x, command: [celery, -A, shop, worker, -B]}}]
    ---
    apiVersion: keda.sh/v1alpha1
    kind: ScaledObject
    metadata: {{name: worker}}
    spec: {{scaleTargetRef: {{name: worker}}, minReplicaCount: {}, maxReplicaCount: {}}}
"""
_UNIT = "[Service]\nUser=shop\nExecStart=/venv/bin/celery -A shop {}\nRestart=always\n"
_REDBEAT = "app.conf.update(beat_scheduler='redbeat.RedBeatScheduler', redbeat_lock_key={})\n"


def _of(rule: str, name: str, outcomes: frozenset[Outcome], app: str = _APP, **files: str) -> Program:
    named = {path.replace("__", "/").replace("_at_", "@"): text for path, text in files.items()}
    return Program(rule, name, outcomes, {"shop.py": app, **named})


def _units(rule: str, name: str, outcomes: frozenset[Outcome], *commands: str, folder: str = "deploy") -> Program:
    files = {folder.format(n) + f"/u{n}.service": _UNIT.format(one) for n, one in enumerate(commands)}
    return Program(rule, name, outcomes, {"shop.py": _APP, **files})


def _composed(outcomes: frozenset[Outcome], *services: str) -> Program:
    body = "".join(f"  s{n}: {{image: x, restart: always, {one}}}\n" for n, one in enumerate(services))
    return Program("worker-names", str(services), outcomes, {"shop.py": _APP, "compose.yaml": f"services:\n{body}"})


PROGRAMS = (
    _of("single-beat", "KEDA, several", ALARM, **{"k8s.yaml": _SCALED.format(2, 20)}),
    _of("single-beat", "KEDA, one", PASSES, **{"k8s.yaml": _SCALED.format(1, 1)}),
    _of("single-beat", "KEDA, one or more", _OPEN, **{"k8s.yaml": _SCALED.format(1, 9)}),
    _units("single-beat", "a worker with beat, and beat", ALARM, "worker -B", "beat"),
    _units("single-beat", "a worker, and beat", PASSES, "worker", "beat"),
    _units("worker-names", "two units without a name", _RESERVED, "worker -Q mail", "worker -Q bulk"),
    _units("worker-names", "two units with names", PASSES, "worker -n mail@%%h", "worker -n bulk@%%h"),
    _units("worker-names", "units of two machines", PASSES, "worker", "worker", folder="deploy/m{}"),
    _composed(ALARM, "hostname: w, command: celery -A shop worker", "hostname: w, command: celery -A shop worker"),
    _composed(PASSES, "hostname: w, command: celery -A shop worker", "hostname: v, command: celery -A shop worker"),
    _composed(
        ALARM,
        "network_mode: host, command: celery -A shop worker",
        "network_mode: host, command: celery -A shop worker",
    ),
    _composed(ALARM, "deploy: {replicas: 3}, command: celery -A shop worker -n w@shop"),
    _composed(PASSES, "deploy: {replicas: 3}, command: celery -A shop worker -n w@%h"),
    _composed(PASSES, "deploy: {replicas: 3}, command: celery -A shop worker"),
    *(
        Program(
            "single-beat",
            f"a lock of RedBeat that is {key}",
            outcomes,
            {
                "shop.py": f"from celery import Celery\n\napp = Celery('shop', broker='redis://r/0')\n{_REDBEAT.format(key)}",
                "Procfile": "worker: celery -A shop worker -B\nbeat: celery -A shop beat\n",
            },
        )
        for key, outcomes in (("None", ALARM), ("'shop::lock'", PASSES))
    ),
    _of(
        "single-beat",
        "a command of a task runner",
        _OPEN,
        **{
            "Taskfile.yml": "tasks:\n  worker: celery -A shop worker -B\n",
            "compose.yaml": "services:\n  b: {image: x, command: celery -A shop beat}\n  w: {image: x, command: task worker}\n",
        },
    ),
    _of(
        "single-beat",
        "a command of a web site",
        PASSES,
        **{
            "compose.yaml": "services:\n  b: {image: x, command: celery -A shop beat}\n  w: {image: x, command: npm run start}\n",
        },
    ),
    *(
        Program(
            "redbeat-lock",
            f"the scheduler {scheduler}",
            outcomes,
            {
                "shop.py": f"from celery import Celery\n\napp = Celery('shop', broker='redis://r/0')\napp.conf.beat_scheduler = {scheduler!r}\n",
                "sched.py": "from redbeat import RedBeatScheduler\n\n\nclass Mine(RedBeatScheduler):\n    pass\n",
                "Procfile": "worker: celery -A shop worker\nbeat: celery -A shop beat\n",
            },
        )
        for scheduler, outcomes in (
            ("sched:Mine", _OPEN),
            ("sched.Mine", _OPEN),
            ("celery.beat:PersistentScheduler", PASSES),
            ("django_celery_beat.schedulers:DatabaseScheduler", PASSES),
        )
    ),
    *(
        Program(
            "pid-file",
            f"{name} of a folder that lasts",
            outcomes,
            {
                "shop.py": f"from celery import Celery\n\napp = Celery('shop', broker='redis://r/0')\napp.conf.{name} = '/state/x.pid'\n",
                "compose.yaml": f"services:\n  b: {{image: x, command: celery -A shop {role}, volumes: ['s:/state']}}\n",
            },
        )
        for name, role, outcomes in (
            ("beat_pidfile", "beat", ALARM),
            ("worker_pidfile", "worker", ALARM),
            ("worker_pidfile", "beat", PASSES),
        )
    ),
)
