"""Values that a process keeps from one task to the next."""

from collections.abc import Mapping

from audit.model.findings import Outcome
from tests.rules.kinds.program import ALARM, DOUBTED, PASSES, WARNED, Program

_HEAD = """
import itertools
import time
from collections import Counter, defaultdict

import redis
from celery import Celery

app = Celery("shop", broker="redis://localhost/0")
sent = 0
last_run = None
client = None
TOTALS = {"mails": 0}
COUNTS = Counter()
BY_KEY = defaultdict(int)
NUMBERS = itertools.count()
SEEN = set()
BATCH = []
CLIENTS = {}


class Stats:
    n = 0

    def __init__(self):
        self.seen = 0

    @classmethod
    def add(cls):
        cls.n += 1

    def also(self):
        self.__class__.n += 1

    def mine(self):
        self.seen += 1


stats = Stats()


"""

_SETTER = """
from celery import Celery

app = Celery("shop", broker="redis://localhost/0")
active = True


def set_active(value):
    global active
    active = value


"""


def _set(name: str, body: str, outcomes: frozenset[object], after: str = "") -> Program:
    """A global set by a function of its own."""
    text = f"{_SETTER}@app.task\ndef send(key):\n    {body}\n{after}"
    return Program("no-process-state", name, outcomes, text)  # type: ignore[arg-type]


def _kept(
    name: str, body: str, outcomes: frozenset[object] = ALARM, decorator: str = "@app.task", given: str = "key"
) -> Program:
    text = f"{_HEAD}{decorator}\ndef send({given}):\n" + "".join(f"    {line}\n" for line in body.split("\n"))
    return Program("no-process-state", name, outcomes, text)  # type: ignore[arg-type]


def _single(name: str, body: str, made: str, outcomes: frozenset[Outcome] = ALARM) -> Program:
    text = (
        "from functools import lru_cache\n\nfrom celery import Celery\n\napp = Celery('shop', broker='redis://localhost/0')\n\n\n"
        f"class Single:\n    sent = 0\n{body}\n\n\n@app.task\ndef send(key):\n    held = {made}\n    held.sent += 1\n"
    )
    return Program("no-process-state", f"object {name}", outcomes, text)


def _cached(
    name: str,
    files: Mapping[str, str],
    outcomes: frozenset[Outcome] = WARNED,
    body: str = "if cache.add(key, 1, 300): deliver(key)",
) -> Program:
    text = f"from celery import shared_task\nfrom django.core.cache import cache\n\n\n@shared_task\ndef send(key):\n    {body}\n"
    return Program("no-process-state", f"cache, {name}", outcomes, {"tasks.py": text, **files})


_CACHES = "CACHES = {{'default': {{'BACKEND': 'django.core.cache.backends.{0}'}}}}\n"
PROGRAMS = (
    _kept("plain assignment", "global sent\nsent = sent + 1"),
    _kept("hour of the last run", "global last_run\nlast_run = time.time()"),
    _kept("value given", "global last_run\nlast_run = key"),
    _kept("class", "Stats.n += 1"),
    _kept("class method", "Stats.add()"),
    _kept("class of an object", "Stats().also()"),
    _kept("dictionary", "TOTALS['mails'] += 1"),
    _kept("dictionary, in full", "TOTALS[key] = TOTALS.get(key, 0) + 1"),
    _kept("counter", "COUNTS[key] += 1"),
    _kept("counter of several", "COUNTS.update([key])"),
    _kept("default", "BY_KEY[key] += 1"),
    _kept("numbers", "return next(NUMBERS)"),
    _kept("object of the module", "stats.seen += 1"),
    _kept("the task itself", "self.sent += 1", decorator="@app.task(bind=True)", given="self, key"),
    _kept("the function", "send.calls = send.calls + 1"),
    _kept("unknown receiver", "find(key).also()", WARNED),
    Program(
        "no-process-state",
        "object of a task's class",
        ALARM,
        f"{_HEAD}class Send(app.Task):\n    def run(self, key):\n        self.sent += 1\n\n\napp.register_task(Send())\n",
    ),
    _kept("set", "if key in SEEN:\n    return\nSEEN.add(key)", DOUBTED),
    _kept("set, by another name", "seen = SEEN\nseen.add(key)", DOUBTED),
    _kept("list", "BATCH.append(key)\nif len(BATCH) > 9:\n    flush(BATCH)", DOUBTED),
    _kept("entry", "TOTALS[key] = find(key)", DOUBTED),
    _kept("mark of what was done", "if key not in CLIENTS:\n    CLIENTS[key] = True", DOUBTED),
    _kept("default entry", "CLIENTS.setdefault(key, find(key))", DOUBTED),
    Program(
        "no-process-state",
        "attribute of a module",
        DOUBTED,
        {
            "state.py": "last = None\n",
            "shop.py": f"import state\n{_HEAD}@app.task\ndef send(key):\n    state.last = key\n",
        },
    ),
    Program(
        "no-process-state",
        "set of another module",
        DOUBTED,
        {
            "state.py": "done = set()\n",
            "shop.py": f"from state import done as d\n{_HEAD}@app.task\ndef send(key):\n    d.add(key)\n",
        },
    ),
    _kept("client by its name", "if key not in CLIENTS:\n    CLIENTS[key] = redis.Redis(key)", PASSES),
    _kept("own set", "seen = set()\nseen.add(key)\nBY = {}\nBY[key] = 1", PASSES),
    _kept("entry of an object given", "key.rows[1] = 2", PASSES),
    _kept("made once", "global client\nif client is None:\n    client = redis.Redis()", PASSES),
    _kept("local", "sent = 0\nsent += 1\ncounts = {}\ncounts[key] = counts.get(key, 0) + 1", PASSES),
    _kept("object of its own", "own = Stats()\nown.seen += 1\nown.mine()", PASSES),
    _set("flag that nothing reads", "set_active(False)", PASSES),
    _set("flag by keyword", "set_active(value=None)\n    set_active(value='no')", PASSES),
    _set("flag that is read", "set_active(False)", DOUBTED, "\n\ndef is_active():\n    return active\n"),
    _set("flag that is asked for", "set_active(False)", DOUBTED, "\n\nANSWER = globals().get('active')\n"),
    _set("value set by its function", "set_active(key)", ALARM),
    _set("value set in another place", "set_active(False)", ALARM, "\n\ndef other(key):\n    set_active(key)\n"),
    _set("values of a list", "set_active(*key)", ALARM),
    _set("setter handed over", "set_active(False)\n    for _ in map(set_active, key):\n        pass", ALARM),
    _kept("flag in a test of itself", "global sent\nif sent == 1:\n    sent = True", DOUBTED - ALARM),
    _kept("step in a test of itself", "global sent\nif sent == 1:\n    sent = 2", ALARM),
    _kept("in Redis", "redis.Redis().incr(key)", PASSES),
    _single(
        "kept by __new__",
        "    kept = None\n\n    def __new__(cls):\n        if cls.kept is None:\n            cls.kept = super().__new__(cls)\n        return cls.kept",
        "Single()",
    ),
    _single(
        "kept by a class method",
        "    kept = None\n\n    @classmethod\n    def one(cls):\n        cls.kept = cls.kept or cls()\n        return cls.kept",
        "Single.one()",
    ),
    _single("kept by a cache", "    pass\n\n\n@lru_cache\ndef one():\n    return Single()", "one()"),
    _single(
        "kept by a global",
        "    pass\n\n\nkept = None\n\n\ndef one():\n    global kept\n    if kept is None:\n        kept = Single()\n    return kept",
        "one()",
    ),
    _single("made each time", "    pass\n\n\ndef one():\n    return Single()", "one()", PASSES),
    _single(
        "made by an ordinary __new__", "    def __new__(cls):\n        return super().__new__(cls)", "Single()", PASSES
    ),
    _cached("memory of the process", {"settings.py": _CACHES.format("locmem.LocMemCache")}),
    _cached("default memory of the process", {"settings.py": "INSTALLED_APPS = []\n"}),
    _cached("counted", {"settings.py": _CACHES.format("locmem.LocMemCache")}, body="cache.incr(key)"),
    _cached("shared", {"settings.py": _CACHES.format("redis.RedisCache")}, PASSES),
    _cached(
        "shared in production",
        {
            "settings/base.py": _CACHES.format("redis.RedisCache"),
            "settings/dev.py": _CACHES.format("locmem.LocMemCache"),
        },
        PASSES,
    ),
    _cached("read again", {"settings.py": _CACHES.format("locmem.LocMemCache")}, PASSES, "cache.set(key, 1, 300)"),
)
