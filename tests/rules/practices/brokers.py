"""The broker's server, RedBeat's lock, results that nobody removes, and queues that two applications share."""

from tests.acceptance.reference_copy import Edit
from tests.rules.case import Case, established, fails, not_concerned, undetermined, warns

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
    return fails("broker-keeps-queues", name, words, _TO, *edits)


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


CASES = (
    *(not_concerned(rule, "nothing of the kind", "lu", Edit(START, "# One machine", "# One host")) for rule in _KEPT),
    _lost("a command of one string", "`allkeys-lru`", _server('command: redis-server --maxmemory 1gb --maxmemory-policy allkeys-lru')),
    _lost("a shell", "redémarre vide", _server("command: [sh, -c, \"exec redis-server --save ''\"]")),
    _lost("a kin, by its flags", "`allkeys-lru`", _server('environment: {VALKEY_EXTRA_FLAGS: "--maxmemory 1gb --maxmemory-policy allkeys-lru"}', image="bitnami/valkey:8.0")),
    _lost("a file that is mounted", "`allkeys-lfu`", Edit("ops/redis.conf", "", _CONF_FILE), _server("command: redis-server /etc/redis.conf", "volumes: ['./ops/redis.conf:/etc/redis.conf:ro']")),
    _lost("a pod", "`allkeys-random`", Edit("k8s/queue.yaml", "", _POD)),
    _lost("a folder of its data in memory", "redémarre vide", _server("command: redis-server --appendonly yes", "tmpfs: [/data]")),
    _lost("a cache of another kin", "cache_mode", _server("command: --cache_mode=true --maxmemory=256mb", image="docker.dragonflydb.io/dragonflydb/dragonfly")),
    _lost("a folder that goes with its pod", "redémarre vide", Edit("k8s/queue.yaml", "", _EMPTY)),
    established("broker-keeps-queues", "another folder in memory", "service", _TO, _server("command: redis-server --appendonly yes", "tmpfs: [/tmp]")),
    _lost("a managed one", "`allkeys-lru`", Edit("render.yaml", "", "services:\n  - type: keyvalue\n    name: queue\n    maxmemoryPolicy: allkeys-lru\n")),
    not_concerned("broker-keeps-queues", "a cache apart", "aucun fichier", _server("command: redis-server --maxmemory 1gb --maxmemory-policy allkeys-lru")),
    established("broker-keeps-queues", "keys with an expiry only", "service", _TO, _server("command: redis-server --maxmemory 1gb --maxmemory-policy volatile-lru")),
    established("broker-keeps-queues", "no bound", "service", _TO, _server("command: redis-server --maxmemory-policy allkeys-lru")),
    established("broker-keeps-queues", "a journal instead of snapshots", "service", _TO, _server('command: [redis-server, --save, "", --appendonly, "yes"]')),
    undetermined("broker-keeps-queues", "a file elsewhere", "`/etc/redis.conf`", _TO, _server("command: redis-server /etc/redis.conf")),
    fails("broker-keeps-queues", "a script", "`allkeys-lru`", *_beside("ops/run.sh", "redis-server --maxmemory 1gb \\\n  --maxmemory-policy allkeys-lru &\n")),
    fails("broker-keeps-queues", "a Procfile", "redémarre vide", *_beside("Procfile", "broker: valkey-server --save '' --appendonly no\n")),
    fails("broker-keeps-queues", "a supervisor, and its file", "`allkeys-lfu`", *_beside("ops/redis.ini", "[program:redis]\ncommand=/usr/bin/redis-server /srv/redis.conf\n"), Edit("ops/redis.conf", "", _CONF_FILE)),
    established("broker-keeps-queues", "a unit that keeps all", "1 service", *_beside("ops/redis.service", "[Service]\nExecStart=/usr/bin/redis-server --appendonly yes\n")),
    not_concerned("broker-keeps-queues", "a script that installs one", "aucun fichier", *_beside("ops/run.sh", "# redis-server --save ''\napt-get install -y redis-server\n")),
    fails("redbeat-lock", "shorter", "`redbeat_lock_timeout=30`, boucle de 60 s", _loop(60, 30)),
    fails("redbeat-lock", "by the start line", "boucle de 120 s", _loop(0, 90), Edit(START, _BEAT, f"{_BEAT} --max-interval 120")),
    warns("redbeat-lock", "woken by an entry", "boucle de 400 s", _loop(400, 350)),
    established("redbeat-lock", "longer", "1 verrou", _loop(10, 50)),
    fails("results-cleaned", "a database, without beat", "`db+postgresql`", _SQL, Edit(START, _BEAT, "echo")),
    undetermined("results-cleaned", "a crontab that may", "`crontab`", _SQL, Edit(START, _BEAT, "echo"), Edit("crontab", "", "0 4 * * * celery -A shop.celery_app call celery.backend_cleanup\n")),
    established("results-cleaned", "a database, with beat", "suppr", _SQL),
    fails("own-queues", "the same, in a script", "consomment `default`", _OTHER, Edit(START, _BEAT, f"celery -A blog.jobs worker -Q default -n blog@%h &\n{_BEAT}")),
    established("own-queues", "other queues", "2 applications", _OTHER, Edit(START, _BEAT, f"celery -A blog.jobs worker -n blog@%h &\n{_BEAT}")),
)  # fmt: skip
