"""Locks by a script, in a cache, of a file, of a session: those that outlive who took them, and the others."""

from audit.model.findings import Outcome
from tests.rules.kinds.program import ALARM, Program

_HELD = frozenset({Outcome.ESTABLISHED})
_OPEN = frozenset({Outcome.UNDETERMINED})
_HEAD = (
    'import redis\nfrom celery import Celery\n\napp = Celery("shop", broker="redis://localhost/0")\nc = redis.Redis()\n'
)
_CHECK = "if redis.call('get', KEYS[1]) then return 0 end\\n"


def _lock(name: str, before: str, how: str, outcomes: frozenset[Outcome]) -> Program:
    return Program(
        "locks-expire", name, outcomes, f"{_HEAD}{before}\n\n\n@app.task\ndef sweep():\n    {how}\n    work()\n"
    )


_CACHE = "from django.core.cache import cache, caches\n"
_EVAL = 'c.eval(TAKE, 1, "lock:sweep", "me", 30)'

PROGRAMS = (
    _lock("a cache that keeps it", _CACHE, "cache.add('lock', 1, timeout=None)", ALARM),
    _lock("a cache that keeps it, by place", _CACHE, "caches['x'].add('sweep-lock', 1, None)", ALARM),
    _lock("a cache that forgets it", _CACHE, "cache.add('lock', 1, timeout=60)", _HELD),
    _lock("a cache that forgets what was set", _CACHE, "cache.get('lock') or cache.set('lock', 1, 86400)", _HELD),
    _lock("a file", "from filelock import FileLock", "FileLock('/tmp/x', timeout=5).acquire()", _HELD),
    _lock(
        "the presence of a file",
        "from filelock import SoftFileLock",
        "SoftFileLock('/tmp/x', timeout=5).acquire()",
        ALARM,
    ),
    _lock("a file, by its descriptor", "import fcntl", "fcntl.flock(open('/tmp/x'), fcntl.LOCK_EX)", _HELD),
    _lock("a session of PostgreSQL", "", "db.execute('SELECT pg_advisory_lock(1)')", _HELD),
    _lock(
        "a transaction of PostgreSQL",
        "from sqlalchemy import func",
        "db.scalar(func.pg_try_advisory_xact_lock(1))",
        _HELD,
    ),
    _lock("a session of MySQL", "", "db.execute(\"SELECT GET_LOCK('sweep', 10)\")", _HELD),
    _lock("a script", f"TAKE = \"{_CHECK}redis.call('set', KEYS[1], ARGV[1], 'EX', ARGV[2])\"", _EVAL, _HELD),
    _lock("a script without an expiry", f"TAKE = \"{_CHECK}redis.call('set', KEYS[1], ARGV[1])\"", _EVAL, ALARM),
    _lock("a script that sets once", "TAKE = \"return redis.call('SETNX', KEYS[1], ARGV[1])\"", _EVAL, ALARM),
    _lock(
        "a script, then an expiry",
        "TAKE = \"redis.call('setnx', KEYS[1], 1) redis.call('pexpire', KEYS[1], 9)\"",
        _EVAL,
        _HELD,
    ),
    _lock(
        "a script, registered",
        "take_lock = c.register_script(\"return redis.call('set', KEYS[1], 1, 'NX')\")",
        "take_lock(keys=['k'])",
        ALARM,
    ),
    _lock(
        "a script in parts",
        f"HEAD = \"{_CHECK}\"\nTAKE = HEAD + \"redis.call('set', KEYS[1], 1, 'PX', 9)\"",
        _EVAL,
        _HELD,
    ),
    _lock("a script that is not read", "TAKE = open('take.lua').read()", _EVAL, _OPEN),
    _lock("a library's", "import redis_lock", "redis_lock.Lock(c, 'sweep').acquire()", ALARM),
    _lock("a library's, with its time", "import redis_lock", "redis_lock.Lock(c, 'sweep', expire=60).acquire()", _HELD),
    _lock(
        "a script that counts",
        "TAKE = \"return redis.call('incr', KEYS[1])\"",
        "c.eval(TAKE, 1, 'n')",
        frozenset({Outcome.NOT_APPLICABLE}),
    ),
)
