"""Counts that a task adds to in a document of a store, or in a row that a helper of the project commits."""

from audit.model.findings import Outcome
from tests.rules.kinds.program import ALARM, DOUBTED, PASSES, QUIET, WARNED, Program

_HEAD = """
from celery import Celery
from stores import get_service

app = Celery("shop", broker="redis://localhost/0")
service = get_service("queue")


@app.task
def send(key):
    item = service.find_one(_id=key)
"""
_STORED = (
    'd = service.find_one({{"_id": key}})\nservice.update_one({{"_id": key}}, {{"$set": {{"{field}": d["n"] + 1}}}})'
)
_SELECT = 'run = app.pool.cursor()\nrun.execute("select n from orders where id = 1")\nn = run.fetchone()[0]\n'
_DATABASE = """
from flask_sqlalchemy import SQLAlchemy

db = SQLAlchemy()


class Order(db.Model):
    id = db.Column(db.Integer)


def commit():
    db.session.commit()


def update(row):
    commit()
    return row


def show(row):
    print(row)
"""
_RESERVED = frozenset({Outcome.RESERVATION})


def _document(name: str, outcomes: frozenset[Outcome], body: str) -> Program:
    lines = "".join(f"    {line}\n" for line in body.split("\n"))
    return Program("atomic-counters", name, outcomes, _HEAD + lines)


def _row(name: str, outcomes: frozenset[Outcome], *body: str) -> Program:
    counts = "".join(f"    {line}\n" for line in body)
    tasks = f"""
from celery import Celery
from shop import database

app = Celery("shop", broker="redis://localhost/0")


def count(order):
{counts}

@app.task
def send(key):
    count(database.Order.query.get(key))
"""
    files = {"shop/__init__.py": "", "shop/database.py": _DATABASE, "shop/tasks.py": tasks}
    return Program("atomic-counters", name, outcomes, files)


PROGRAMS = (
    _row("row given to a helper that commits", ALARM, "order.n += 1", "database.update(order)"),
    _row("sum in a row, committed by a helper", ALARM, "order.n = order.n + 1", "done = database.update(order)"),
    _row("row given to a helper that only prints", QUIET, "order.n += 1", "database.show(order)"),
    _row("column added to", QUIET, "order.n = database.Order.n + 1", "database.update(order)"),
    _document("field patched", _RESERVED, 'service.patch(key, {"n": item.get("n", 0) + 1})'),
    _document(
        "entry of what is updated",
        _RESERVED,
        'changed = {}\nchanged["n"] = item.get("n", 0) + 1\nservice.system_update(key, changed, item)',
    ),
    _document("operator of a store", _RESERVED, 'service.update_one({"_id": key}, {"$set": {"n": item["n"] + 1}})'),
    _document("value by a name", WARNED, 'n = item["n"]\nservice.update_by_id(key, {"n": n + 1})'),
    _document(
        "under a lock that a condition takes",
        DOUBTED,
        'if key and not service.lock(key):\n    return\nservice.patch(key, {"n": item.get("n", 0) + 1})',
    ),
    _document(
        "lock of one branch only",
        DOUBTED,
        'if key:\n    service.lock(key)\nservice.patch(key, {"n": item.get("n", 0) + 1})',
    ),
    _document(
        "under a lock", PASSES, 'if not service.lock(key):\n    return\nservice.patch(key, {"n": item.get("n", 0) + 1})'
    ),
    _document(
        "under the lock of the only branch that goes on",
        PASSES,
        'if not key:\n    return\nelif not service.lock(key):\n    return\nservice.patch(key, {"n": item["n"] + 1})',
    ),
    _document("columns of a query", WARNED, 'n = rows.values_list("n")[0]\nrows.filter(pk=key).update(n=n + 1)'),
    _document(
        "sum of other fields", PASSES, 'service.update_one({"_id": key}, {"$set": {"n": item["a"] + item["b"]}})'
    ),
    _document("field of a store, by its key", ALARM, _STORED.format(field="n")),
    _document("another field of the same document", PASSES, _STORED.format(field="m")),
    _document(
        "text of SQL around a value", ALARM, _SELECT + 'run.execute(f"update orders set n = {n + 1} where id = 1")'
    ),
    _document(
        "text of SQL that `format` fills", ALARM, _SELECT + 'n += 1\nrun.execute("update orders set n = {}".format(n))'
    ),
    _document("text of SQL, another column", PASSES, _SELECT + 'run.execute(f"update orders set m = {n + 1}")'),
    _document("added by the store", QUIET, 'service.update_one({"_id": key}, {"$inc": {"n": 1}})'),
    _document(
        "only where it is still so", QUIET, 'service.update_one({"n": item["n"]}, {"$set": {"n": item["n"] + 1}})'
    ),
    _document("another field", QUIET, 'service.patch(key, {"end": item["start"] + 1})'),
    _document("local table", QUIET, 'seen = {}\nseen.update({"n": seen.get("n", 0) + 1})'),
    _document("state of the task", QUIET, 'send.update_state(meta={"n": item["n"] + 1})'),
)
