"""Locks by a script, in a cache, of a file, of a session: those that outlive who took them, and the others."""

from audit.model.findings import Outcome
from tests.rules.kinds.program import ALARM, Answer, Table

_HELD = frozenset({Outcome.ESTABLISHED})
_OPEN = frozenset({Outcome.UNDETERMINED})
_HEAD = (
    'import redis\nfrom celery import Celery\n\napp = Celery("shop", broker="redis://localhost/0")\nc = redis.Redis()\n'
)
_CHECK = "if redis.call('get', KEYS[1]) then return 0 end\\n"


def _lock(before: str, how: str, outcomes: frozenset[Outcome]) -> Answer:
    return outcomes, f"{_HEAD}{before}\n\n\n@app.task\ndef sweep():\n    {how}\n    work()\n"


_CACHE = "from django.core.cache import cache, caches\n"
_EVAL = 'c.eval(TAKE, 1, "lock:sweep", "me", 30)'

TABLE: Table = {
    "locks-expire": {
        "a cache that keeps it": _lock(_CACHE, "cache.add('lock', 1, timeout=None)", ALARM),
        "a cache that keeps it, by place": _lock(_CACHE, "caches['x'].add('sweep-lock', 1, None)", ALARM),
        "a cache that forgets it": _lock(_CACHE, "cache.add('lock', 1, timeout=60)", _HELD),
        "a cache that forgets what was set": _lock(_CACHE, "cache.get('lock') or cache.set('lock', 1, 86400)", _HELD),
        "a file": _lock("from filelock import FileLock", "FileLock('/tmp/x', timeout=5).acquire()", _HELD),
        "the presence of a file": _lock(
            "from filelock import SoftFileLock", "SoftFileLock('/tmp/x', timeout=5).acquire()", ALARM
        ),
        "a file, by its descriptor": _lock("import fcntl", "fcntl.flock(open('/tmp/x'), fcntl.LOCK_EX)", _HELD),
        "a session of PostgreSQL": _lock("", "db.execute('SELECT pg_advisory_lock(1)')", _HELD),
        "a transaction of PostgreSQL": _lock(
            "from sqlalchemy import func", "db.scalar(func.pg_try_advisory_xact_lock(1))", _HELD
        ),
        "a session of MySQL": _lock("", "db.execute(\"SELECT GET_LOCK('sweep', 10)\")", _HELD),
        "a script": _lock(f"TAKE = \"{_CHECK}redis.call('set', KEYS[1], ARGV[1], 'EX', ARGV[2])\"", _EVAL, _HELD),
        "a script without an expiry": _lock(f"TAKE = \"{_CHECK}redis.call('set', KEYS[1], ARGV[1])\"", _EVAL, ALARM),
        "a script that sets once": _lock("TAKE = \"return redis.call('SETNX', KEYS[1], ARGV[1])\"", _EVAL, ALARM),
        "a script, then an expiry": _lock(
            "TAKE = \"redis.call('setnx', KEYS[1], 1) redis.call('pexpire', KEYS[1], 9)\"", _EVAL, _HELD
        ),
        "a script, registered": _lock(
            "take_lock = c.register_script(\"return redis.call('set', KEYS[1], 1, 'NX')\")",
            "take_lock(keys=['k'])",
            ALARM,
        ),
        "a script in parts": _lock(
            f"HEAD = \"{_CHECK}\"\nTAKE = HEAD + \"redis.call('set', KEYS[1], 1, 'PX', 9)\"", _EVAL, _HELD
        ),
        "a script that is not read": _lock("TAKE = open('take.lua').read()", _EVAL, _OPEN),
        "a library's": _lock("import redis_lock", "redis_lock.Lock(c, 'sweep').acquire()", ALARM),
        "a library's, with its time": _lock(
            "import redis_lock", "redis_lock.Lock(c, 'sweep', expire=60).acquire()", _HELD
        ),
        "a script that counts": _lock(
            "TAKE = \"return redis.call('incr', KEYS[1])\"", "c.eval(TAKE, 1, 'n')", frozenset({Outcome.NOT_APPLICABLE})
        ),
    }
}
