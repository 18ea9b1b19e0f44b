"""A file that starts Celery and that no reader follows is named: a composition that is readable settles nothing alone."""

from audit.model.findings import Outcome
from tests.rules.kinds.program import ALARM, PASSES, Program

_OPEN = frozenset({Outcome.UNDETERMINED})
_APP = """
    from celery import Celery

    app = Celery("shop", broker="redis://redis:6379/0")
    app.conf.update(task_soft_time_limit=60, task_time_limit=90)


    @app.task(rate_limit="5/s")
    def a(): ...
"""
_COMPOSE = """
    services:
      worker:
        image: shop
        command: celery -A shop worker -c 2
        user: "1000"
        restart: always
        stop_grace_period: 120s
"""
_UNREAD = {
    "deploy/task.json": '{"containerDefinitions": [{"command": ["celery", "-A", "shop", "worker", "--purge"], "stopTimeout": 5}]}',
    "infra/main.tf": 'command = ["/venv/bin/celery", "--app=shop", "worker", "-B"]\n',
    "deploy/worker.nomad": 'config {\n  command = "celery"\n  args    = ["-A", "shop", "worker", "-B"]\n}\n',
    "fly.toml": '[processes]\nworker = "celery -A shop worker -c 4"\n',
    "deploy/worker.container": "[Container]\nExec=celery -A shop worker -c 4\n",
    "ecosystem.config.js": "module.exports = {apps: [{script: 'celery', args: '-A shop worker --purge -B'}]};\n",
    "k8s/kustomization.yaml": "patches:\n  - patch: |\n      - {op: replace, value: [celery, -A, shop, worker, --purge]}\n",
    "config/deploy.yml": "servers:\n  worker:\n    cmd: celery -A shop worker\n",
    "cloud-init.yaml": "write_files:\n  - content: |\n      [Service]\n      ExecStart=/venv/bin/celery -A shop worker\n",
    ".github/workflows/deploy.yml": "jobs:\n  ship:\n    steps:\n      - run: ssh h 'pkill celery; nohup celery -A shop worker &'\n",
    ".gitlab-ci.yml": "check:\n  script: pytest\ndeploy:\n  script:\n    - ssh h 'celery -A shop multi restart w'\n",
    ".ebextensions/worker.config": "files:\n  x:\n    content: |\n      [program:worker]\n      command=celery -A shop worker\n",
    "deploy/crontab": "@reboot cd /srv && /venv/bin/celery -A shop worker >> /var/log/w.log\n",
    "up.sh": "#!/bin/sh\ntmux new-session -d 'celery -A shop worker -c 2'\n",
    "ship.sh": "#!/bin/sh\nssh host <<'END'\ncelery multi start w1 -A shop\nEND\n",
    "lib.sh": "start_worker() {\n  celery -A shop worker --purge\n}\n",
    "group_vars/all.yml": "worker:\n  - celery\n  - -A\n  - shop\n  - worker\n",
    "values.yaml": 'worker:\n  command: celery\n  args: ["-A", "shop", "beat"]\n',
}
_LEFT = {
    "README.md": "Run `celery -A shop worker -c 2`.\n",
    "docs/deploy.yaml": "cmd: celery -A shop worker\n",
    ".github/workflows/test.yml": "jobs:\n  test:\n    steps:\n      - run: celery -A shop worker & pytest\n",
    "tests/compose.json": '{"command": ["celery", "-A", "shop", "worker"]}',
    ".vscode/launch.json": '{"args": ["celery", "-A", "shop", "worker"]}',
    "package.json": '{"scripts": {"worker": "celery -A shop worker"}}',
    "Taskfile.yml": "tasks:\n  worker: celery -A shop worker\n",
    "alerts.yml": "expr: count(process{name=~'celery worker'}) < 1\ndescription: no celery -A shop worker runs\n",
    "stop.sh": "#!/bin/sh\npkill -f 'celery -A shop worker'\necho 'celery -A shop worker was stopped'\n",
    "deploy/notes.yml": "# celery -A shop worker\nenabled: true\n",
    "status.sh": "#!/bin/sh\ncelery -A shop inspect ping\ncelery -A shop status\n",
    "requirements.json": '["celery", "redis", "worker-tools"]',
    ".env.example": 'WORKER="celery -A shop worker"\n',
}
_CALLED = """#!/bin/sh
start_worker() {
  celery -A shop worker -c 2
}
start_worker
"""


def _with(rule: str, outcomes: frozenset[Outcome], path: str, text: str) -> Program:
    return Program(rule, path, outcomes, {"shop.py": _APP, "compose.yaml": _COMPOSE, path: text})


PROGRAMS = (
    *(_with(rule, _OPEN, *one) for one in _UNREAD.items() for rule in ("no-purge", "stop-grace")),
    *(_with("no-purge", PASSES, *one) for one in _LEFT.items()),
    _with("no-purge", PASSES, "start.sh", _CALLED),
    _with("no-purge", ALARM, "start.sh", _CALLED.replace("-c 2", "--purge")),
)
