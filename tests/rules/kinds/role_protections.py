"""Protections of sends and campaigns that are called and do not protect."""

from tests.rules.kinds.program import ALARM, DOUBTED, PASSES, WARNED, Table

_HEAD = (
    "from contextlib import contextmanager\n\nfrom celery import Celery\n\n"
    'app = Celery("shop", broker="redis://localhost/0")\n'
)


def _lock(text: str) -> dict[str, str]:
    roles = '[roles]\ncampaign_sender = "shop:run"\ncampaign_lock = "shop:held"\n'
    return {"audit.toml": roles, "shop.py": _HEAD + text}


def _claim(text: str) -> dict[str, str]:
    return {"audit.toml": '[roles]\nsender = "shop:send"\nidempotency = "shop:claim"\n', "shop.py": _HEAD + text}


_RUN = """

@app.task
def run(campaign_id):
    with held(campaign_id) as mine:
        if mine:
            messages.publish(campaign_id)
"""
_HELD = """
import uuid


@contextmanager
def held(campaign_id):
    key, token = f"lock:{campaign_id}", uuid.uuid4().hex
    taken = client.set(key, token, nx=True, ex=300)
    try:
        yield taken
    finally:
        RELEASE
"""
_RELEASED = "if taken:\n            client.eval(SCRIPT, 1, key, token)"
_SEND = """

@app.task
def send(message_id):
    if not claim(message_id):
        return
    gateway.deliver(message_id)
"""
_CLAIM = """

def claim(message_id):
    return client.set(f"sent:{message_id}", 1, nx=True, ex=300)
"""

TABLE: Table = {
    "campaign-lock": {
        "given back by its owner": (PASSES, _lock(_HELD.replace("RELEASE", _RELEASED) + _RUN)),
        "given back by anybody": (ALARM, _lock(_HELD.replace("RELEASE", "client.delete(key)") + _RUN)),
        "given back by another function": (
            ALARM,
            _lock(
                """

def held(campaign_id):
    return client.set(f"lock:{campaign_id}", 1, nx=True, ex=60)


def free(campaign_id):
    client.delete(f"lock:{campaign_id}")


@app.task
def run(campaign_id):
    if held(campaign_id):
        try:
            messages.publish(campaign_id)
        finally:
            free(campaign_id)
"""
            ),
        ),
        "open when its store is down": (
            ALARM,
            _lock(
                """

def held(campaign_id):
    try:
        return client.set(f"lock:{campaign_id}", 1, nx=True, ex=60)
    except ConnectionError:
        return True


@app.task
def run(campaign_id):
    if held(campaign_id):
        messages.publish(campaign_id)
"""
            ),
        ),
        "entered, and its answer never read": (
            ALARM,
            _lock(
                _HELD.replace("RELEASE", _RELEASED)
                + "\n\n@app.task\ndef run(campaign_id):\n    with held(campaign_id):\n        messages.publish(campaign_id)\n"
            ),
        ),
        "a lock of a library that waits": (
            PASSES,
            _lock(
                "\n\ndef held(campaign_id):\n    return client.lock(f'lock:{campaign_id}', timeout=60)\n"
                "\n\n@app.task\ndef run(campaign_id):\n    with held(campaign_id):\n        messages.publish(campaign_id)\n"
            ),
        ),
        "a lock that raises when it is not free": (
            PASSES,
            _lock(
                """

@contextmanager
def held(campaign_id):
    if not client.set(f"lock:{campaign_id}", 1, nx=True, ex=60):
        raise BlockingIOError
    yield campaign_id


@app.task
def run(campaign_id):
    with held(campaign_id):
        messages.publish(campaign_id)
"""
            ),
        ),
        "a lock of the database that waits": (
            PASSES,
            _lock(
                """

@contextmanager
def held(campaign_id):
    with db.connect() as connection:
        connection.execute("SELECT pg_advisory_xact_lock(%s)", [campaign_id])
        yield connection


@app.task
def run(campaign_id):
    with held(campaign_id):
        messages.publish(campaign_id)
"""
            ),
        ),
        "a lock of the database that does not wait, and is not asked": (
            ALARM,
            _lock(
                """

@contextmanager
def held(campaign_id):
    with db.connect() as connection:
        row = connection.execute("SELECT pg_try_advisory_xact_lock(%s)", [campaign_id]).fetchone()
        yield row[0]


@app.task
def run(campaign_id):
    with held(campaign_id):
        messages.publish(campaign_id)
"""
            ),
        ),
        "a class that gives back what another took": (
            ALARM,
            _lock(
                """

class Lock:
    def __init__(self, key):
        self.key = key

    def __enter__(self):
        if not client.set(self.key, 1, nx=True, ex=60):
            raise BlockingIOError

    def __exit__(self, *_):
        client.delete(self.key)


def held(campaign_id):
    return Lock(f"lock:{campaign_id}")


@app.task
def run(campaign_id):
    with held(campaign_id):
        messages.publish(campaign_id)
"""
            ),
        ),
    },
    "idempotency": {
        "a key set once": (PASSES, _claim(_CLAIM + _SEND)),
        "its answer dropped": (
            ALARM,
            _claim(
                _CLAIM
                + "\n\n@app.task\ndef send(message_id):\n    claim(message_id)\n    gateway.deliver(message_id)\n"
            ),
        ),
        "its answer dropped by who asks for it": (
            ALARM,
            _claim(
                _CLAIM + "\n\ndef guard(key):\n    return claim(key)\n"
                "\n\n@app.task\ndef send(message_id):\n    seen = guard(message_id)\n    gateway.deliver(message_id)\n"
            ),
        ),
        "looked up, then written": (
            WARNED,
            _claim(
                '\n\ndef claim(key):\n    if client.get(f"sent:{key}"):\n        return False\n'
                '    client.set(f"sent:{key}", 1, ex=300)\n    return True\n' + _SEND
            ),
        ),
        "a duplicate that an outage makes new": (
            ALARM,
            _claim(
                """

def claim(key):
    try:
        return not client.set(f"sent:{key}", 1, nx=True, ex=300)
    except RedisError:
        return False


@app.task
def send(message_id):
    if claim(message_id):
        return
    gateway.deliver(message_id)
"""
            ),
        ),
        "a row under a unique key": (
            PASSES,
            _claim(
                '\n\ndef claim(key):\n    row = db.execute("INSERT INTO sent (key) VALUES (%s) ON CONFLICT DO NOTHING RETURNING key", [key])\n'
                "    return row.fetchone() is not None\n" + _SEND
            ),
        ),
        "called by another function than the sender": (
            ALARM,
            _claim(
                _CLAIM + "\n\ndef preview(key):\n    return claim(key)\n"
                "\n\n@app.task\ndef send(message_id):\n    gateway.deliver(message_id)\n"
            ),
        ),
        "perhaps behind a table of functions": (
            DOUBTED,
            _claim(
                _CLAIM + '\n\nSTEPS = {"claim": claim, "none": bool}\n'
                "\n\n@app.task\ndef send(message_id):\n    if STEPS[message_id](message_id):\n        gateway.deliver(message_id)\n"
            ),
        ),
        "behind the entry of a table": (
            PASSES,
            _claim(
                _CLAIM + '\n\nSTEPS = {"claim": claim}\n'
                '\n\n@app.task\ndef send(message_id):\n    if STEPS["claim"](message_id):\n        gateway.deliver(message_id)\n'
            ),
        ),
        "a unique key whose refusal is caught": (
            PASSES,
            _claim(
                '\n\ndef claim(key):\n    return db.execute("INSERT INTO sent (key) VALUES (%s)", [key])\n'
                "\n\n@app.task\ndef send(message_id):\n    try:\n        claim(message_id)\n    except UniqueViolation:\n"
                "        return\n    gateway.deliver(message_id)\n"
            ),
        ),
    },
}
