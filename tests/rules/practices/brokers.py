"""The broker's server, RedBeat's lock, results that nobody removes, and queues that two applications share."""

from tests.acceptance.reference_copy import Edit
from tests.rules.case import Case, Table, established, fails, not_concerned, undetermined, warns

APP, CONF, START = "shop/celery_app.py", "shop/celery_config.py", "start.sh"
_TO = Edit(APP, "rediss://cache.internal:6380/0?ssl_cert_reqs=required", "redis://queue:6379/0")
_HERE = Edit(APP, "rediss://cache.internal:6380/0?ssl_cert_reqs=required", "redis://localhost:6379/0")
_KEPT = ("broker-keeps-queues", "results-cleaned", "own-queues", "redbeat-lock")
_REDBEAT = 'beat_scheduler = "redbeat.RedBeatScheduler"\nbeat_max_loop_interval = {}\nredbeat_lock_timeout = {}\n'
_SQL = Edit(APP, "rediss://cache.internal:6380/1?ssl_cert_reqs=required", "db+postgresql://db/shop")
_BEAT = "celery -A shop.celery_app beat"
_CONF_FILE = "# memory\nmaxmemory 1gb\nmaxmemory-policy allkeys-lfu\n"


def _server(*lines: str, image: str = "redis:7") -> Edit:
    body = "".join(f"    {line}\n" for line in (f"image: {image}", *lines))
    return Edit("compose.yaml", "", f"services:\n  queue:\n{body}")


def _loop(turn: int, lock: int) -> Edit:
    return Edit(CONF, 'timezone = "Europe/Paris"', _REDBEAT.format(turn, lock) + 'timezone = "Europe/Paris"')


def _lost(name: str, words: str, *edits: Edit) -> Case:
    return Case("broker-keeps-queues", name, *fails(words, _TO, *edits))


_OTHER = Edit(
    "blog/jobs.py",
    "",
    'from celery import Celery\n\napp = Celery("blog", broker="rediss://cache.internal:6380/0?ssl_cert_reqs=required")\n',
)
_POD = """\
kind: StatefulSet
metadata: {name: queue}
spec:
  template:
    spec:
      containers:
        - name: server
          image: docker.io/valkey/valkey:8
          args: [--maxmemory, 100mb, --maxmemory-policy=allkeys-random]
"""


_EMPTY = """\
kind: Deployment
metadata: {name: queue}
spec:
  template:
    spec:
      containers:
        - {name: server, image: "redis:7", args: [--appendonly, "yes"], volumeMounts: [{name: d, mountPath: /data}]}
      volumes: [{name: d, emptyDir: {}}]
"""


def _beside(path: str, text: str) -> tuple[Edit, Edit]:
    """A server that a file starts on the machine of its workers."""
    return _HERE, Edit(path, "", text)


TABLE: Table = {
    "broker-keeps-queues": {
        "another folder in memory": established("service", _TO, _server("command: redis-server --appendonly yes", "tmpfs: [/tmp]")),
        "a cache apart": not_concerned("aucun fichier", _server("command: redis-server --maxmemory 1gb --maxmemory-policy allkeys-lru")),
        "keys with an expiry only": established("service", _TO, _server("command: redis-server --maxmemory 1gb --maxmemory-policy volatile-lru")),
        "no bound": established("service", _TO, _server("command: redis-server --maxmemory-policy allkeys-lru")),
        "a journal instead of snapshots": established("service", _TO, _server('command: [redis-server, --save, "", --appendonly, "yes"]')),
        "a file elsewhere": undetermined("`/etc/redis.conf`", _TO, _server("command: redis-server /etc/redis.conf")),
        "a script": fails("`allkeys-lru`", *_beside("ops/run.sh", "redis-server --maxmemory 1gb \\\n  --maxmemory-policy allkeys-lru &\n")),
        "a Procfile": fails("redémarre vide", *_beside("Procfile", "broker: valkey-server --save '' --appendonly no\n")),
        "a supervisor, and its file": fails("`allkeys-lfu`", *_beside("ops/redis.ini", "[program:redis]\ncommand=/usr/bin/redis-server /srv/redis.conf\n"), Edit("ops/redis.conf", "", _CONF_FILE)),
        "a unit that keeps all": established("1 service", *_beside("ops/redis.service", "[Service]\nExecStart=/usr/bin/redis-server --appendonly yes\n")),
        "a script that installs one": not_concerned("aucun fichier", *_beside("ops/run.sh", "# redis-server --save ''\napt-get install -y redis-server\n")),
    },
    "redbeat-lock": {
        "shorter": fails("`redbeat_lock_timeout=30`, boucle de 60 s", _loop(60, 30)),
        "by the start line": fails("boucle de 120 s", _loop(0, 90), Edit(START, _BEAT, f"{_BEAT} --max-interval 120")),
        "woken by an entry": warns("boucle de 400 s", _loop(400, 350)),
        "longer": established("1 verrou", _loop(10, 50)),
    },
    "results-cleaned": {
        "a database, without beat": fails("`db+postgresql`", _SQL, Edit(START, _BEAT, "echo")),
        "a crontab that may": undetermined("`crontab`", _SQL, Edit(START, _BEAT, "echo"), Edit("crontab", "", "0 4 * * * celery -A shop.celery_app call celery.backend_cleanup\n")),
        "a database, with beat": established("suppr", _SQL),
    },
    "own-queues": {
        "the same, in a script": fails("consomment `default`", _OTHER, Edit(START, _BEAT, f"celery -A blog.jobs worker -Q default -n blog@%h &\n{_BEAT}")),
        "other queues": established("2 applications", _OTHER, Edit(START, _BEAT, f"celery -A blog.jobs worker -n blog@%h &\n{_BEAT}")),
    },
}  # fmt: skip
CASES = (
    *(Case(rule, "nothing of the kind", *not_concerned("lu", Edit(START, "# One machine", "# One host"))) for rule in _KEPT),
    _lost("a command of one string", "`allkeys-lru`", _server('command: redis-server --maxmemory 1gb --maxmemory-policy allkeys-lru')),
    _lost("a shell", "redémarre vide", _server("command: [sh, -c, \"exec redis-server --save ''\"]")),
    _lost("a kin, by its flags", "`allkeys-lru`", _server('environment: {VALKEY_EXTRA_FLAGS: "--maxmemory 1gb --maxmemory-policy allkeys-lru"}', image="bitnami/valkey:8.0")),
    _lost("a file that is mounted", "`allkeys-lfu`", Edit("ops/redis.conf", "", _CONF_FILE), _server("command: redis-server /etc/redis.conf", "volumes: ['./ops/redis.conf:/etc/redis.conf:ro']")),
    _lost("a pod", "`allkeys-random`", Edit("k8s/queue.yaml", "", _POD)),
    _lost("a folder of its data in memory", "redémarre vide", _server("command: redis-server --appendonly yes", "tmpfs: [/data]")),
    _lost("a cache of another kin", "cache_mode", _server("command: --cache_mode=true --maxmemory=256mb", image="docker.dragonflydb.io/dragonflydb/dragonfly")),
    _lost("a folder that goes with its pod", "redémarre vide", Edit("k8s/queue.yaml", "", _EMPTY)),
    _lost("a managed one", "`allkeys-lru`", Edit("render.yaml", "", "services:\n  - type: keyvalue\n    name: queue\n    maxmemoryPolicy: allkeys-lru\n")),
)  # fmt: skip
