"""Publications written in other ways, and other transactions, seen by the rules that judge publications."""

from tests.rules.kinds.program import ALARM, DOUBTED, PASSES, Program

_HEAD = """
from functools import partial

from celery import Celery, chain, current_app, group, signature
from django.db import models, transaction

app = Celery("shop", broker="redis://redis:6379/0")


class Doc(models.Model): ...


@app.task
def up(x): ...


publish = up.delay
later = partial(up.apply_async, countdown=5)
send = app.send_task
TASKS = {"up": up}


"""
_ATOMIC = "@transaction.atomic\ndef f(kind, pk):\n    doc = Doc.objects.create()\n    "
_OUTSIDE = "def f(kind, pk):\n    with transaction.atomic():\n        doc = Doc.objects.create()\n    "
_EACH = {
    "other name": "publish(pk)",
    "partial": "later(args=(pk,))",
    "other name of send_task": "send('shop.up', args=[pk])",
    "local name": "go = up.apply_async\n    go((pk,))",
    "table": "TASKS[kind].delay(pk)",
    "table, by get": "TASKS.get(kind).delay(pk)",
    "loop over tasks": "for task in (up, up):\n        task.delay(pk)",
    "registry": "current_app.tasks['shop.up'].delay(pk)",
    "signature by name": "signature('shop.up', args=(pk,)).delay()",
    "signature of the application": "app.signature('shop.up', (pk,)).delay()",
    "chunks": "up.chunks(zip([pk]), 2)()",
    "map": "up.map([pk]).delay()",
    "called group": "group(up.s(1), up.s(2))()",
    "group kept": "flow = group(up.s(1))\n    flow |= up.s()\n    flow.delay()",
    "called chain": "(up.s(1) | up.s())()",
}


def _early(name: str, text: str) -> Program:
    return Program("publish-after-commit", name, ALARM, _HEAD + text)


def _fine(name: str, text: str) -> Program:
    return Program("publish-after-commit", f"sound, {name}", PASSES, _HEAD + text)


_PSYCOPG = "import psycopg\n\n\ndef f(pk):\n    with psycopg.connect('x') as c:\n        c.execute('INSERT')\n"
_TORTOISE = (
    "from tortoise.transactions import in_transaction\n\n\nasync def f(pk):\n    async with in_transaction():\n        "
)
_CURSOR = "def f(conn, pk):\n    with conn.cursor() as cur:\n        cur.execute('INSERT')\n"
_BUS = (
    "HANDLERS = {}\n\n\ndef on(name):\n    def keep(fn):\n        HANDLERS.setdefault(name, []).append(fn)\n"
    "        return fn\n\n    return keep\n\n\ndef emit(name, **k):\n    for fn in HANDLERS.get(name, ()):\n        fn(**k)\n"
)
_PLACED = "from bus import on\nfrom tasks import up\n\n\n@on('placed')\ndef placed(pk):\n    up.delay(pk)\n"
_UP = "from celery import shared_task\n\n\n@shared_task\ndef up(pk): ...\n"
_VIEWS = "from django.db import transaction\nfrom bus import emit\n\n\n"

PROGRAMS = (
    *(_early(name, f"{_ATOMIC}{text}\n") for name, text in _EACH.items()),
    *(_fine(name, f"{_OUTSIDE}{text}\n") for name, text in _EACH.items()),
    _early("end of a connection's block", f"{_PSYCOPG}        up.delay(pk)\n"),
    _early("block of another library", f"{_TORTOISE}up.delay(pk)\n"),
    _early("cursor, then commit", f"{_CURSOR}    up.delay(pk)\n    conn.commit()\n"),
    _fine("after a connection's block", f"{_PSYCOPG}    up.delay(pk)\n"),
    _fine("commit inside a connection's block", f"{_PSYCOPG}        c.commit()\n        up.delay(pk)\n"),
    _early(
        "write after a commit", f"{_PSYCOPG}        c.commit()\n        c.execute('INSERT')\n        up.delay(pk)\n"
    ),
    _fine("after a block of another library", f"{_TORTOISE}pass\n    up.delay(pk)\n"),
    _fine("commit, then publication", f"{_CURSOR}    conn.commit()\n    up.delay(pk)\n"),
    _fine("method of something else", "@transaction.atomic\ndef f(timer, kind):\n    timer.delay(3)\n"),
    Program(
        "publish-after-commit",
        "bus of events",
        DOUBTED,
        {
            "bus.py": _BUS,
            "handlers.py": _PLACED,
            "tasks.py": _UP,
            "views.py": f"{_VIEWS}@transaction.atomic\ndef place(pk):\n    emit('placed', pk=pk)\n",
        },
    ),
    Program("identifiers-only", "by another name", ALARM, _HEAD + "def f():\n    publish(Doc.objects.first())\n"),
    Program(
        "identifiers-only",
        "in a signature by name",
        ALARM,
        _HEAD + "def f(doc: Doc):\n    signature('shop.up', args=(doc,)).delay()\n",
    ),
    Program(
        "identifiers-only", "identifier by another name", PASSES, _HEAD + "def f(doc: Doc):\n    publish(doc.pk)\n"
    ),
    Program(
        "identifiers-only",
        "by an imported name",
        ALARM,
        {
            "tasks.py": f"{_UP}\n\npublish = up.delay\n",
            "models.py": "from django.db import models\n\n\nclass Doc(models.Model): ...\n",
            "views.py": "from models import Doc\nfrom tasks import publish\n\n\ndef f():\n    publish(Doc.objects.first())\n",
        },
    ),
)
