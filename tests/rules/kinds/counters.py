"""Shared values that are read, changed in Python, then written back."""

from tests.rules.kinds.program import ALARM, QUIET, WARNED, Program

_RESERVED = WARNED - ALARM

_HEAD = """
import dbm
import json
from pathlib import Path

import boto3
import diskcache
import redis
from celery import Celery
from django.core.cache import cache
from django.db import models
from django.db.models import F
from sqlalchemy import update
from sqlalchemy.orm import Session, declarative_base

app = Celery("shop", broker="redis://localhost/0")
r = redis.Redis()
disk = diskcache.Cache("/var/cache/shop")
table = boto3.resource("dynamodb").Table("counts")
Base = declarative_base()


class Order(models.Model):
    sent = models.IntegerField(default=0)

    def tick(self):
        self.sent += 1
        self.save()


class Line(Base):
    __tablename__ = "lines"
    n = None


def bump(db, key):
    line = db.query(Line).filter_by(key=key).first()
    line.n += 1


def add(row):
    row.sent = row.sent + 1


def forget(row, key): ...


"""


def _program(name: str, outcomes: frozenset[object], body: str, before: str = "") -> Program:
    lines = "".join(f"    {line}\n" for line in body.split("\n"))
    text = f"{_HEAD}{before}@app.task\ndef send(key, db):\n{lines}"
    return Program("atomic-counters", name, outcomes, text)  # type: ignore[arg-type]


def _lost(name: str, body: str, before: str = "") -> Program:
    return _program(name, ALARM, body, before)


def _sound(name: str, body: str, before: str = "") -> Program:
    return _program(name, QUIET, body, before)


_DOCUMENT = """
import json

from celery import shared_task
from django.db import models


class Order(models.Model):
    data = models.JSONField(default=dict)

    def read(self):
        return json.loads(self.data)

    def write(self, document):
        self.data = json.dumps(document)
        self.save()

    def note(self, key):
        document = self.read()
        document.update({key: 1})
        self.write(document)


"""


def _row(name: str, body: str, outcomes: frozenset[object], read: str = "Order.objects.get(pk=key)") -> Program:
    lines = "".join(f"    {line}\n" for line in body.split("\n"))
    text = f"{_DOCUMENT}@shared_task\ndef send(key):\n    order = {read}\n{lines}"
    return Program("atomic-counters", name, outcomes, text)  # type: ignore[arg-type]


PROGRAMS = (
    _lost("helper, committed by the task", "bump(db, key)\ndb.commit()"),
    _lost("helper given the row", "order = Order.objects.get(pk=key)\nadd(order)\norder.save()"),
    _lost(
        "session that commits at its end", "with Session.begin() as s:\n    line = s.get(Line, key)\n    line.n += 1"
    ),
    _lost("name in between", "order = Order.objects.get(pk=key)\nnew = order.sent + 1\norder.sent = new\norder.save()"),
    _lost("setattr", "order = Order.objects.get(pk=key)\nsetattr(order, 'sent', order.sent + 1)\norder.save()"),
    _lost(
        "several", "order = Order.objects.get(pk=key)\norder.sent += 1\nOrder.objects.bulk_update([order], ['sent'])"
    ),
    _lost(
        "update of Django",
        "order = Order.objects.get(pk=key)\nOrder.objects.filter(pk=key).update(sent=order.sent + 1)",
    ),
    _lost("update of SQLAlchemy", "line = db.get(Line, key)\ndb.execute(update(Line).values(n=line.n + 1))"),
    _lost("Redis, step by step", "n = int(r.get(key) or 0)\nn += 1\nr.set(key, n)"),
    _lost("Redis, another name", "n = r.get('n')\nfollowing = int(n) + 1\nr.setex('n', 60, following)"),
    _lost(
        "dictionary of counters", "d = cache.get('counts') or {}\nd[key] = d.get(key, 0) + 1\ncache.set('counts', d)"
    ),
    _lost("dictionary in JSON", "d = json.loads(r.get('n'))\nd[key] += 1\nr.set('n', json.dumps(d))"),
    _lost("another store", "db.put('n', db.fetch('n') + 1)"),
    _lost("documents", "d = db.find_one({'_id': key})\ndb.update_one({'_id': key}, {'$set': {'n': d['n'] + 1}})"),
    _lost("pipeline", "n = int(r.get(key) or 0)\np = r.pipeline()\np.set(key, n + 1)\np.execute()"),
    _lost(
        "one helper reads, one writes",
        "write(key, load(key) + 1)",
        "def load(k):\n    return int(r.get(k) or 0)\n\n\ndef write(k, v):\n    r.set(k, v)\n\n\n",
    ),
    _lost(
        "helper that saves",
        "order = Order.objects.get(pk=key)\norder.sent += 1\npersist(order)",
        "def persist(row):\n    row.save()\n\n\n",
    ),
    _lost("file", "p = Path('n')\np.write_text(str(int(p.read_text()) + 1))"),
    _lost("item", "row = table.get_item(Key={'id': key})['Item']\ntable.put_item(Item={'id': key, 'n': row['n'] + 1})"),
    _lost(
        "item changed in place",
        "row = table.get_item(Key={'id': key})['Item']\nrow['n'] += 1\ntable.put_item(Item=row)",
    ),
    _lost("item of another store", "row = db.read_item(item=key)\nrow['n'] += 1\ndb.replace_item(item=key, body=row)"),
    _lost("entity", "row = db.get(key)\nrow['n'] += 1\ndb.put(row)"),
    _lost(
        "object",
        "n = int(db.get_object(Bucket='b', Key=key)['Body'].read())\n"
        "db.put_object(Bucket='b', Key=key, Body=str(n + 1))",
    ),
    _lost("entry of Redis", "r[key] = int(r[key] or 0) + 1"),
    _lost("entry on disk", "disk['n'] += 1"),
    _lost("entry of a file", "with dbm.open('n', 'c') as names:\n    names[key] = str(int(names[key]) + 1)"),
    _sound(
        "added by the store", "table.update_item(Key={'id': key}, UpdateExpression='ADD n :n', Values={':n': 1 + 1})"
    ),
    _sound(
        "written if it is still what was read",
        "row = table.get_item(Key={'id': key})['Item']\n"
        "table.put_item(Item={'id': key, 'n': row['n'] + 1}, ConditionExpression='n = :n')",
    ),
    _sound("item of another key", "n = table.get_item(Key={'id': 1})['n']\ntable.put_item(Item={'id': 2, 'n': n + 1})"),
    _sound("copy of a hash", "counts = r.hgetall(key)\ncounts['n'] += 1\nreturn counts"),
    _sound("entry under a lock", "with r.lock('n', timeout=9):\n    r[key] = r[key] + 1"),
    _program("method of an unknown row", WARNED, "find(key).tick()"),
    _sound("by the database", "Order.objects.filter(pk=key).update(sent=F('sent') + 1)"),
    _sound("by SQLAlchemy", "db.execute(update(Line).values(n=Line.n + 1))\ndb.commit()"),
    _lost(
        "written together",
        "orders = list(Order.objects.all())\nfor o in orders:\n    o.sent += 1\nOrder.objects.bulk_update(orders, ['sent'])",
    ),
    _lost(
        "a lock that nobody else takes",
        "with r.lock(f'n:{uuid.uuid4()}', timeout=9):\n    order = Order.objects.get(pk=key)\n    order.sent += 1\n    order.save()",
    ),
    _lost(
        "a row that is no longer locked",
        "with transaction.atomic():\n    order = Order.objects.select_for_update().get(pk=key)\norder.sent += 1\norder.save()",
    ),
    _sound(
        "a row that is still locked",
        "with transaction.atomic():\n    order = Order.objects.select_for_update().get(pk=key)\n    order.sent += 1\n    order.save()",
    ),
    _sound("made here", "order = Order()\nfor n in key:\n    order.sent += n\norder.save()"),
    _lost("a column read by a statement", "n = db.scalar(select(Line.n))\ndb.execute(update(Line).values(n=n + 1))"),
    _sound("by Redis", "r.incr(key)\nr.hincrby('n', key, 1)"),
    _sound("lock around the helper", "with r.lock('n', timeout=9):\n    bump(db, key)\n    db.commit()"),
    _sound("locked row", "order = Order.objects.select_for_update().get(pk=key)\nadd(order)\norder.save()"),
    _sound(
        "local total", "total = 0\nfor order in Order.objects.all():\n    total += order.sent\nr.set('total', total)"
    ),
    _sound("read back", "seen = r.get(key)\nr.set(key, 'done')\nreturn seen"),
    _sound("another key", "r.set('next', int(r.get('last')) + 1)"),
    _row("entry of a document", "order.data[key] = 1\norder.save()", _RESERVED),
    _row(
        "entry removed, in a loop",
        "for order in Order.objects.all():\n    del order.data[key]\n    order.save()",
        _RESERVED,
    ),
    _row("document updated", "order.data.update({key: 1})\norder.save(update_fields=['data'])", _RESERVED),
    _row("list lengthened", "order.data['seen'].append(key)\norder.save()", _RESERVED),
    _row("document by a name", "d = order.data\nd[key] = 1\norder.save()", _RESERVED),
    _row("document written anew", "order.data = {**order.data, 'key': key}\norder.save()", _RESERVED),
    _row("document over three methods", "order.note(key)", _RESERVED),
    _row("status", "order.status = 'done'\norder.save()", QUIET),
    _row("another column saved", "order.data[key] = 1\norder.save(update_fields=['sent'])", QUIET),
    _row("relations", "order.tags.add(key)\norder.lines.update(sent=1)\norder.save()", QUIET),
    _row("new row", "new = Order(data={})\nnew.data[key] = 1\nnew.save()", QUIET),
    _row(
        "locked document", "order.data[key] = 1\norder.save()", QUIET, "Order.objects.select_for_update().get(pk=key)"
    ),
)
