"""What scripts and pods do around a worker: copies and delays that are typed, queues emptied first, a probe of another node."""

from audit.model.findings import Outcome
from tests.rules.kinds.program import ALARM, PASSES, Program

_OPEN = frozenset({Outcome.UNDETERMINED})
_APP = """
    from celery import Celery

    app = Celery("shop", broker="redis://redis:6379/0")
    app.conf.update(task_soft_time_limit=60, task_time_limit=90)


    @app.task(rate_limit="5/m")
    def a(): ...
"""
_COMPOSE = """
    services:
      worker:
        image: shop
        command: celery -A shop worker -c 4{}
        restart: always
        stop_grace_period: 120s
"""
_POD = """
    apiVersion: apps/v1
    kind: Deployment
    metadata: {{name: worker}}
    spec:
      template:
        spec:
          initContainers: [{{name: first, image: shop, command: [{}]}}]
          containers: [{{name: w, image: shop, command: [celery, -A, shop, worker]}}]
"""
_HEALTH = """
        healthcheck: {{test: celery -A shop inspect ping -d {}}}
"""


def _typed(rule: str, outcomes: frozenset[Outcome], path: str, text: str) -> Program:
    return Program(
        rule, f"{path}: {text.strip()}", outcomes, {"shop.py": _APP, "compose.yaml": _COMPOSE.format(""), path: text}
    )


def _pod(rule: str, outcomes: frozenset[Outcome], first: str, **files: str) -> Program:
    named = {path.replace("_", "."): text for path, text in files.items()}
    name = f"{first} {' '.join(named.values())}"
    return Program(rule, name, outcomes, {"shop.py": _APP, "k8s/w.yaml": _POD.format(first), **named})


def _health(outcomes: frozenset[Outcome], name: str, node: str) -> Program:
    compose = _COMPOSE.format(name) + _HEALTH.format(node)
    return Program("own-health-check", f"{name} {node}", outcomes, {"shop.py": _APP, "compose.yaml": compose})


PROGRAMS = (
    _typed("shared-rate-limits", ALARM, "Makefile", "up:\n\tdocker compose up -d --scale worker=5\n"),
    _typed("shared-rate-limits", ALARM, "deploy.sh", "docker service scale shop_worker=3\n"),
    _typed("shared-rate-limits", PASSES, "deploy.sh", "docker compose up -d --scale web=5\n"),
    _typed("shared-rate-limits", PASSES, "up.sh", "# docker compose up --scale worker=5\ndocker compose up -d\n"),
    _pod("shared-rate-limits", ALARM, "true", deploy_sh="kubectl scale deployment/worker --replicas=4\n"),
    _pod("shared-rate-limits", ALARM, "true", deploy_sh="kubectl -n x scale --replicas=4 deployment/worker\n"),
    _pod("shared-rate-limits", PASSES, "true", deploy_sh="kubectl scale deployment/web --replicas=4\n"),
    _typed("stop-grace", _OPEN, "deploy.sh", "docker compose stop -t 5\ndocker compose up -d\n"),
    _typed("stop-grace", _OPEN, ".github/workflows/deploy.yml", "run: ssh h docker-compose down --timeout 10\n"),
    _typed("stop-grace", PASSES, "deploy.sh", "docker compose stop -t 180\ndocker compose up -d\n"),
    _typed("stop-grace", PASSES, "deploy.sh", "docker compose pull\ndocker compose up -d\n"),
    _pod("no-purge", ALARM, "celery, -A, shop, purge, -f"),
    _pod("no-purge", PASSES, "python, manage.py, migrate"),
    _health(ALARM, " -n mail@%h", "celery@$$HOSTNAME"),
    _health(ALARM, "", "mail@$$HOSTNAME"),
    _health(PASSES, " -n mail@%h", "mail@$$HOSTNAME"),
    _health(PASSES, "", "celery@$$HOSTNAME"),
)
