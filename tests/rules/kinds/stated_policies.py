"""A broker that evicts queues by what a client, Terraform or a chart sets, and one that does not."""

from audit.model.findings import Outcome
from tests.rules.kinds.program import ALARM, PASSES, WARNED, Program

_APP = 'import os\n\nfrom celery import Celery\n\napp = Celery("shop", broker={})\n\n\n@app.task\ndef send(id): ...\n'
_LOCAL = _APP.format('"redis://cache:6379/0"')
_HERE = _APP.format('"redis://localhost:6379/0"')
_GIVEN = _APP.format('os.environ["REDIS_URL"]')
_TERRAFORM = 'resource "aws_elasticache_parameter_group" "broker" {{\n  parameter {{\n    name  = "maxmemory-policy"\n    value = "{}"\n  }}\n}}\n'
_CHART = "redis:\n  commonConfiguration: |-\n    maxmemory-policy {}\n"
_UNIT = "[Service]\nUser=shop\nExecStart=/srv/bin/celery -A shop beat -s /var/lib/shop/%i\nRestart=always\n"


def _stated(name: str, outcomes: frozenset[Outcome], app: str, path: str, text: str) -> Program:
    files = {"shop.py": app, path: text, "Procfile": "worker: celery -A shop worker -c 2\n"}
    return Program("broker-keeps-queues", name, outcomes, files)


PROGRAMS = (
    _stated("a client", ALARM, _LOCAL, "start.sh", "redis-cli -h cache config set maxmemory-policy allkeys-lru\n"),
    _stated("a client that keeps all", PASSES, _LOCAL, "start.sh", "redis-cli -h cache config set maxmemory-policy noeviction\n"),
    _stated("a comment", PASSES, _LOCAL, "start.sh", "# redis-cli -h cache config set maxmemory-policy allkeys-lru\n"),
    _stated("Terraform", WARNED, _GIVEN, "infra/redis.tf", _TERRAFORM.format("allkeys-lru")),
    _stated("Terraform that keeps all", PASSES, _GIVEN, "infra/redis.tf", _TERRAFORM.format("noeviction")),
    _stated("values of a chart", WARNED, _GIVEN, "deploy/values.yaml", _CHART.format("allkeys-random")),
    _stated("a configuration by itself", WARNED, _GIVEN, "ops/redis.conf", "maxmemory 1gb\nmaxmemory-policy allkeys-lfu\n"),
    Program("single-beat", "as many instances as are enabled", frozenset({Outcome.UNDETERMINED}), {"shop.py": _LOCAL, "ops/beat@.service": _UNIT}),
    Program("single-beat", "one unit", PASSES, {"shop.py": _LOCAL, "ops/beat.service": _UNIT}),
    *(
        Program("broker-keeps-queues", name, frozenset({Outcome.NOT_APPLICABLE}), {"shop.py": _HERE, "Procfile": "worker: celery -A shop worker\n", path: text})
        for name, path, text in (
            ("a word of a list of tox", "tox.ini", "[testenv]\nallowlist_externals =\n  make\n  redis-server\n"),
            ("words of a loop of a shell", "ops/check.sh", "for name in nginx redis-server; do\n  pgrep $name\ndone\n"),
            ("words of an array and of a sentence", "ops/check.sh", "NEEDED=(nginx redis-server)\necho needs redis-server\n"),
            ("what a unit waits for", "ops/shop.service", "[Unit]\nWants=redis-server\n[Service]\nExecStart=/srv/shop\n"),
            ("servers of tests", "compose.test.yaml", "services:\n  redis: {image: redis:7}\n"),
        )
    ),
    Program("broker-keeps-queues", "a server, and no application", frozenset({Outcome.UNDETERMINED}), {"conf.py": "import celery\n", "compose.yaml": "services:\n  redis: {image: redis:7}\n"}),
)  # fmt: skip
