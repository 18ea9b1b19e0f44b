from tests.acceptance.reference_copy import Edit
from tests.rules.case import Table, established, fails, not_concerned, undetermined, warns

TASKS = "shop/tasks.py"
_NOW = "datetime.now(UTC).date()"
_COUNT = 'redis.incr("mails")'
_LOCK = 'redis.set(f"lock:{order_id}", "1", nx=True, ex=60)'
_READ = 'client.table("orders").select("id").eq("status", "paid").order("id").limit(500).execute().data'
_APP = "from shop.celery_app import app\n"
_HANDLER = """
import redis as r


class H:
    def make(self):
        client = r.StrictRedis(host="h")
"""
_STORE = """
import psycopg


def opened():
    return psycopg.connect("dbname=shop")


class Store:
    def __init__(self):
        self.connection = opened()
"""


def _count(words: str, *lines: str, before: str = "") -> tuple[str, Edit, Edit]:
    """These lines in the place of the count of `deliver`."""
    body = "\n".join(f"{'' if i == 0 else '        '}{line}" for i, line in enumerate(lines))
    return words, Edit(TASKS, _COUNT, body), Edit(TASKS, _APP, _APP + before)


TABLE: Table = {
    "aware-clocks": {
        "no zone": fails("`datetime.now()`", Edit(TASKS, _NOW, "datetime.now()")),
        "another name, in a function it calls": fails(
            "`write_report`, que `report` appelle",
            Edit(
                TASKS,
                "def write_report(day):\n",
                "def write_report(day):\n    import datetime as dt\n\n    dt.datetime.today()\n",
            ),
        ),
        "zone by name": established("tâches", Edit(TASKS, _NOW, "datetime.now(tz=UTC)")),
        "only shown": established("tâches", Edit(TASKS, _NOW, 'datetime.now().strftime("%d")')),
    },
    "atomic-counters": {
        "row": fails(*_count("`order.sent += 1`", "order.sent += 1", "order.save()")),
        "row, in full": fails(
            *_count("`order.sent = order.sent + 1`", "order.sent = order.sent + 1", "session.commit()")
        ),
        "key": fails(*_count("redis.set", 'redis.set("mails", int(redis.get("mails") or 0) + 1)')),
        "column": fails(
            *_count(
                "update",
                'row = client.table("stats").select("sent").eq("id", 1).single().execute().data',
                'client.table("stats").update({"sent": row["sent"] + 1}).eq("id", 1).execute()',
            )
        ),
        "statements of SQL": fails(
            *_count(
                "`UPDATE stats SET sent = $1`",
                'sent = connection.fetchval("SELECT sent FROM stats WHERE id = 1") or 0',
                "following = sent + 1",
                'connection.execute("UPDATE stats SET sent = $1", following)',
            )
        ),
        "written if it is still what was read": established(
            *_count(
                "tâches",
                'sent = connection.fetchval("SELECT sent FROM stats WHERE id = 1")',
                'connection.execute("UPDATE stats SET sent = $1 WHERE sent = $2", sent + 1, sent)',
            )
        ),
        "another table": established(
            *_count(
                "tâches",
                'sent = connection.fetchval("SELECT sent FROM stats")',
                'connection.execute("UPDATE pages SET sent = $1", sent + 1)',
            )
        ),
        "by the database": established(*_count("tâches", 'order.sent = F("sent") + 1', "order.save()")),
        "row locked": established(
            *_count(
                "tâches",
                "order = Order.objects.select_for_update().get(pk=order_id)",
                "order.sent += 1",
                "order.save()",
            )
        ),
    },
    "locks-expire": {
        "none by a name": fails(
            "`deliver`",
            Edit(TASKS, _LOCK, _LOCK.replace("ex=60", "ex=NEVER")),
            Edit(TASKS, "import requests\n", "import requests\n\nNEVER = None\n"),
        ),
        "setnx": fails("`deliver`", Edit(TASKS, _LOCK, 'redis.setnx(f"lock:{order_id}", "1")')),
        "lock of the client": fails(*_count("`deliver`", 'with redis.lock("mails"):', '    redis.incr("mails")')),
        "milliseconds": established("tâches", Edit(TASKS, _LOCK, _LOCK.replace("ex=60", "px=60_000"))),
        "none": not_concerned(
            "aucun verrou n'y est reconnu",
            Edit(TASKS, f"if not {_LOCK}:", "if not order_id:"),
        ),
        "a lock of the project's own": undetermined(
            "`take_lock` est employé dans `shop/tasks.py:",
            Edit(TASKS, f"if not {_LOCK}:", "if not take_lock(order_id):"),
            Edit(TASKS, _APP, f"{_APP}\n\ndef take_lock(key): ...\n\n"),
        ),
    },
    "paged-reads": {
        "in several statements": fails(
            "`forgotten_orders`",
            Edit(
                TASKS,
                f"    return {_READ}",
                '    query = client.from_("orders").select("*")\n    query = query.eq("a", 1)\n    return query.execute().data',
            ),
        ),
        "one row": established("tâches", Edit(TASKS, _READ, _READ.replace(".limit(500)", ".maybe_single()"))),
        "a client, and no read": undetermined("`supabase` est employé", Edit(TASKS, _READ, "[]")),
        "none": not_concerned(
            "aucun client de PostgREST",
            Edit(TASKS, _READ, "[]"),
            Edit(TASKS, "import client, redis", "import redis"),
            Edit("shop/store.py", "from supabase import create_client\n", ""),
            Edit(
                "shop/store.py", 'client = create_client(os.environ["SUPABASE_URL"], os.environ["SUPABASE_KEY"])\n', ""
            ),
        ),
    },
    "no-process-state": {
        "global": fails(
            *_count("`deliver`, que `send_mail` appelle : `SENT`", "global SENT", "SENT += 1", before="\nSENT = 0\n")
        ),
        "several, counted down": fails(
            *_count("`LEFT`", "global SENT, LEFT", "LEFT -= 1", before="\nSENT, LEFT = 0, 100\n")
        ),
    },
    "no-connection-at-import": {
        "PostgreSQL": fails(
            "`shop/tasks.py`",
            Edit(TASKS, _APP, _APP + '\nimport psycopg2\n\nconnection = psycopg2.connect("dbname=shop")\n'),
        ),
        "MongoDB, in a class": fails(
            "`shop/tasks.py`",
            Edit(
                TASKS,
                _APP,
                f"{_APP}\nfrom pymongo import MongoClient as Mongo\n\n\nclass Base:\n    client = Mongo()\n",
            ),
        ),
        "by a method called at import, of Redis, which no child shares": warns(
            "qui ne s'importe plus",
            Edit(
                TASKS,
                _APP,
                _APP + _HANDLER + '        client.set("test", 0)\n        return client\n\n\nclient = H().make()\n',
            ),
        ),
        "PostgreSQL, beside a client of Redis": fails(
            "partagée par les processus enfants : `shop/tasks.py`",
            Edit(TASKS, _APP, f"{_APP}\nimport redis\n{_STORE}\n\nredis.Redis().ping()\nstore = Store()\n"),
        ),
        "by a constructor, one call further": fails(
            "`shop/tasks.py`", Edit(TASKS, _APP, f"{_APP}\n{_STORE}\n\nstore = Store()\n")
        ),
        "by a function of another module": fails(
            "`shop/tasks.py`",
            Edit(TASKS, _APP, f"{_APP}from shop.stores import opened\n\nstore = opened()\n"),
            Edit("shop/stores.py", "", _STORE),
        ),
        "a client that sends no command": established(
            "tâches", Edit(TASKS, _APP, f"{_APP}{_HANDLER}        return client\n\n\nclient = H().make()\n")
        ),
        "a constructor that nothing calls at import": established("tâches", Edit(TASKS, _APP, f"{_APP}\n{_STORE}\n")),
        "when it is needed": established(
            "tâches",
            Edit(
                TASKS,
                _APP,
                f'{_APP}\nimport psycopg2\n\n\ndef connect():\n    return psycopg2.connect("dbname=shop")\n',
            ),
        ),
    },
}
