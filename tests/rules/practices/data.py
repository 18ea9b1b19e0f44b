from tests.acceptance.reference_copy import Edit
from tests.rules.case import established, fails, not_concerned, undetermined, warns

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


def _count(rule: str, name: str, words: str, *lines: str, before: str = "") -> tuple[str, str, str, Edit, Edit]:
    """These lines in the place of the count of `deliver`."""
    body = "\n".join(f"{'' if i == 0 else '        '}{line}" for i, line in enumerate(lines))
    return rule, name, words, Edit(TASKS, _COUNT, body), Edit(TASKS, _APP, _APP + before)


CASES = (
    fails("aware-clocks", "no zone", "`datetime.now()`", Edit(TASKS, _NOW, "datetime.now()")),
    fails(
        "aware-clocks",
        "another name, in a function it calls",
        "`write_report`, que `report` appelle",
        Edit(
            TASKS,
            "def write_report(day):\n",
            "def write_report(day):\n    import datetime as dt\n\n    dt.datetime.today()\n",
        ),
    ),
    established("aware-clocks", "zone by name", "tâches", Edit(TASKS, _NOW, "datetime.now(tz=UTC)")),
    established("aware-clocks", "only shown", "tâches", Edit(TASKS, _NOW, 'datetime.now().strftime("%d")')),
    fails(*_count("atomic-counters", "row", "`order.sent += 1`", "order.sent += 1", "order.save()")),
    fails(
        *_count(
            "atomic-counters",
            "row, in full",
            "`order.sent = order.sent + 1`",
            "order.sent = order.sent + 1",
            "session.commit()",
        )
    ),
    fails(*_count("atomic-counters", "key", "redis.set", 'redis.set("mails", int(redis.get("mails") or 0) + 1)')),
    fails(
        *_count(
            "atomic-counters",
            "column",
            "update",
            'row = client.table("stats").select("sent").eq("id", 1).single().execute().data',
            'client.table("stats").update({"sent": row["sent"] + 1}).eq("id", 1).execute()',
        )
    ),
    fails(
        *_count(
            "atomic-counters",
            "statements of SQL",
            "`UPDATE stats SET sent = $1`",
            'sent = connection.fetchval("SELECT sent FROM stats WHERE id = 1") or 0',
            "following = sent + 1",
            'connection.execute("UPDATE stats SET sent = $1", following)',
        )
    ),
    established(
        *_count(
            "atomic-counters",
            "written if it is still what was read",
            "tâches",
            'sent = connection.fetchval("SELECT sent FROM stats WHERE id = 1")',
            'connection.execute("UPDATE stats SET sent = $1 WHERE sent = $2", sent + 1, sent)',
        )
    ),
    established(
        *_count(
            "atomic-counters",
            "another table",
            "tâches",
            'sent = connection.fetchval("SELECT sent FROM stats")',
            'connection.execute("UPDATE pages SET sent = $1", sent + 1)',
        )
    ),
    established(*_count("atomic-counters", "by the database", "tâches", 'order.sent = F("sent") + 1', "order.save()")),
    established(
        *_count(
            "atomic-counters",
            "row locked",
            "tâches",
            "order = Order.objects.select_for_update().get(pk=order_id)",
            "order.sent += 1",
            "order.save()",
        )
    ),
    fails(
        "locks-expire",
        "none by a name",
        "`deliver`",
        Edit(TASKS, _LOCK, _LOCK.replace("ex=60", "ex=NEVER")),
        Edit(TASKS, "import requests\n", "import requests\n\nNEVER = None\n"),
    ),
    fails("locks-expire", "setnx", "`deliver`", Edit(TASKS, _LOCK, 'redis.setnx(f"lock:{order_id}", "1")')),
    fails(
        *_count(
            "locks-expire", "lock of the client", "`deliver`", 'with redis.lock("mails"):', '    redis.incr("mails")'
        )
    ),
    established("locks-expire", "milliseconds", "tâches", Edit(TASKS, _LOCK, _LOCK.replace("ex=60", "px=60_000"))),
    not_concerned(
        "locks-expire",
        "none",
        "aucun verrou n'y est reconnu",
        Edit(TASKS, f"if not {_LOCK}:", "if not order_id:"),
    ),
    undetermined(
        "locks-expire",
        "a lock of the project's own",
        "`take_lock` est employé dans `shop/tasks.py:",
        Edit(TASKS, f"if not {_LOCK}:", "if not take_lock(order_id):"),
        Edit(TASKS, _APP, f"{_APP}\n\ndef take_lock(key): ...\n\n"),
    ),
    fails(
        "paged-reads",
        "in several statements",
        "`forgotten_orders`",
        Edit(
            TASKS,
            f"    return {_READ}",
            '    query = client.from_("orders").select("*")\n    query = query.eq("a", 1)\n    return query.execute().data',
        ),
    ),
    established(
        "paged-reads", "one row", "tâches", Edit(TASKS, _READ, _READ.replace(".limit(500)", ".maybe_single()"))
    ),
    undetermined("paged-reads", "a client, and no read", "`supabase` est employé", Edit(TASKS, _READ, "[]")),
    not_concerned(
        "paged-reads",
        "none",
        "aucun client de PostgREST",
        Edit(TASKS, _READ, "[]"),
        Edit(TASKS, "import client, redis", "import redis"),
        Edit("shop/store.py", "from supabase import create_client\n", ""),
        Edit("shop/store.py", 'client = create_client(os.environ["SUPABASE_URL"], os.environ["SUPABASE_KEY"])\n', ""),
    ),
    fails(
        *_count(
            "no-process-state",
            "global",
            "`deliver`, que `send_mail` appelle : `SENT`",
            "global SENT",
            "SENT += 1",
            before="\nSENT = 0\n",
        )
    ),
    fails(
        *_count(
            "no-process-state",
            "several, counted down",
            "`LEFT`",
            "global SENT, LEFT",
            "LEFT -= 1",
            before="\nSENT, LEFT = 0, 100\n",
        )
    ),
    fails(
        "no-connection-at-import",
        "PostgreSQL",
        "`shop/tasks.py`",
        Edit(TASKS, _APP, _APP + '\nimport psycopg2\n\nconnection = psycopg2.connect("dbname=shop")\n'),
    ),
    fails(
        "no-connection-at-import",
        "MongoDB, in a class",
        "`shop/tasks.py`",
        Edit(TASKS, _APP, f"{_APP}\nfrom pymongo import MongoClient as Mongo\n\n\nclass Base:\n    client = Mongo()\n"),
    ),
    warns(
        "no-connection-at-import",
        "by a method called at import, of Redis, which no child shares",
        "qui ne s'importe plus",
        Edit(
            TASKS,
            _APP,
            _APP + _HANDLER + '        client.set("test", 0)\n        return client\n\n\nclient = H().make()\n',
        ),
    ),
    fails(
        "no-connection-at-import",
        "PostgreSQL, beside a client of Redis",
        "partagée par les processus enfants : `shop/tasks.py`",
        Edit(TASKS, _APP, f"{_APP}\nimport redis\n{_STORE}\n\nredis.Redis().ping()\nstore = Store()\n"),
    ),
    fails(
        "no-connection-at-import",
        "by a constructor, one call further",
        "`shop/tasks.py`",
        Edit(TASKS, _APP, f"{_APP}\n{_STORE}\n\nstore = Store()\n"),
    ),
    fails(
        "no-connection-at-import",
        "by a function of another module",
        "`shop/tasks.py`",
        Edit(TASKS, _APP, f"{_APP}from shop.stores import opened\n\nstore = opened()\n"),
        Edit("shop/stores.py", "", _STORE),
    ),
    established(
        "no-connection-at-import",
        "a client that sends no command",
        "tâches",
        Edit(TASKS, _APP, f"{_APP}{_HANDLER}        return client\n\n\nclient = H().make()\n"),
    ),
    established(
        "no-connection-at-import",
        "a constructor that nothing calls at import",
        "tâches",
        Edit(TASKS, _APP, f"{_APP}\n{_STORE}\n"),
    ),
    established(
        "no-connection-at-import",
        "when it is needed",
        "tâches",
        Edit(TASKS, _APP, f'{_APP}\nimport psycopg2\n\n\ndef connect():\n    return psycopg2.connect("dbname=shop")\n'),
    ),
)
