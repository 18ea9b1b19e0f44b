"""Objects of the database that are given to tasks."""

from tests.rules.kinds.program import ALARM, DOUBTED, PASSES, Answer, Table

_HEAD = """
from functools import partial

from celery import chain, group, shared_task
from django.db import models, transaction
from django.db.models.signals import post_save
from django.dispatch import receiver
from sqlalchemy.orm import declarative_base

Base = declarative_base()


class Doc(models.Model):
    n = models.IntegerField()


class Line(Base):
    __tablename__ = "line"


@shared_task
def up(document): ...


"""


def _given(text: str) -> Answer:
    return ALARM, _HEAD + text


def _kept(text: str) -> Answer:
    return PASSES, _HEAD + text


TABLE: Table = {
    "identifiers-only": {
        "annotated": _given("def f(doc: Doc):\n    up.delay(doc)\n"),
        "annotated as optional, by name": _given('def f(doc: "Doc | None"):\n    up.apply_async((doc,))\n'),
        "annotated as several": _given("def f(docs: list[Doc]):\n    for doc in docs:\n        up.delay(doc)\n"),
        "built": _given("def f():\n    doc = Doc(n=1)\n    doc.save()\n    up.delay(document=doc)\n"),
        "row of SQLAlchemy": _given("def f(line: Line):\n    up.delay(line)\n"),
        "new or not": _given("def f():\n    doc, created = Doc.objects.get_or_create(n=1)\n    up.delay(doc)\n"),
        "given twice": _given(
            "def f():\n    doc = None\n    doc = Doc.objects.filter(n=1).first()\n    up.delay(doc)\n"
        ),
        "arguments by name": _given(
            'def f():\n    given = {"document": Doc.objects.get(n=1)}\n    up.apply_async(kwargs=given)\n'
        ),
        "spread": _given('def f(doc: Doc):\n    up.delay(**{"document": doc})\n'),
        "in a signature": _given("def f(doc: Doc):\n    chain(up.s(doc)).delay()\n"),
        "in a group": _given("def f():\n    group(up.s(d) for d in Doc.objects.all()).delay()\n"),
        "after the commit": _given("def f(doc: Doc):\n    transaction.on_commit(partial(up.delay, doc))\n"),
        "lambda": _given("def f(doc: Doc):\n    transaction.on_commit(lambda: up.delay(doc))\n"),
        "itself": _given("class Page(models.Model):\n    def publish(self):\n        up.delay(self)\n"),
        "receiver without annotation": _given(
            "@receiver(post_save, sender=Doc)\ndef on(sender, instance, **kwargs):\n    up.delay(instance)\n"
        ),
        "receiver connected below": _given(
            "def on(sender, **kwargs):\n    up.delay(kwargs['instance'])\n\n\npost_save.connect(on, sender=Doc)\n"
        ),
        "function that returns one": _given("def find() -> Doc: ...\n\n\ndef f():\n    up.delay(find())\n"),
        "identifier": _kept("def f(doc: Doc):\n    up.delay(doc.pk)\n"),
        "identifiers": _kept('def f():\n    up.delay(list(Doc.objects.values_list("pk", flat=True)))\n'),
        "count": _kept("def f():\n    up.delay(Doc.objects.filter(n=1).count())\n"),
        "field of a receiver": _kept(
            "@receiver(post_save)\ndef on(sender, instance, **kw):\n    up.delay(instance.pk)\n"
        ),
        "plain class": _kept("class Point:\n    def f(self):\n        up.delay(self.x)\n"),
        "by the session": _given(
            "from sqlalchemy.orm import Session\n\n\ndef f(pk):\n    with Session() as s:\n        up.delay(s.get(Line, pk))\n"
        ),
        "one of a statement": _given("def f(s, q):\n    up.delay(s.execute(q.select(Line)).scalar_one())\n"),
        "merged": _given("def f(s, line: Line):\n    kept = s.merge(line)\n    up.s(kept).delay()\n"),
        "first of several": _given("def f():\n    up.delay(Doc.objects.all()[:1][0])\n"),
        "saved by a serializer": _given("def f(serializer, user):\n    up.delay(serializer.save(owner=user))\n"),
        "written by a form": _given("def f(form):\n    form.save()\n    up.delay(form.instance)\n"),
        "asked of its class, in a dictionary": _given(
            "from tortoise.models import Model\n\n\nclass User(Model): ...\n\n\n"
            "async def f(pk):\n    user = await User.get(id=pk)\n    up.delay({'user': user})\n"
        ),
        "what a foreign key leads to": _given(
            "class Page(models.Model):\n    doc = models.ForeignKey(Doc, models.CASCADE)\n\n\n"
            "def f(pk):\n    page = Page.objects.get(pk=pk)\n    up.delay(page.doc)\n"
        ),
        "made together": _given(
            "def f():\n    for d in Doc.objects.bulk_create([Doc(), Doc()]):\n        up.delay(d)\n"
        ),
        "arguments filled later": _given(
            'def f():\n    given = {"n": 1}\n    given["document"] = Doc.objects.get(n=1)\n    up.delay(**given)\n'
        ),
        "through a function that publishes": _given(
            "def enqueue(task, *args):\n    return task.apply_async(args, queue='q')\n\n\n"
            "def f():\n    enqueue(up, Doc.objects.get(n=1))\n"
        ),
        "through a method that publishes": _given(
            "class Bus:\n    def put(self, payload):\n        up.delay(payload)\n\n    def f(self):\n"
            "        self.put(payload=Doc.objects.first())\n"
        ),
        "document of a signal": _given(
            "from mongoengine import Document, signals\n\n\nclass Note(Document): ...\n\n\n"
            "def saved(sender, document, **_):\n    up.delay(document)\n\n\nsignals.post_save.connect(saved, sender=Note)\n"
        ),
        "column of a statement": _kept(
            "def f(s, q):\n    for pk in s.scalars(q.select(Line.id)):\n        up.delay(pk)\n"
        ),
        "count of a statement": _kept("def f(s, q, func):\n    up.delay(s.scalar(q.select(func.count(Line.id))))\n"),
        "columns by SQL": _kept("def f(s):\n    up.delay(s.execute('SELECT id FROM line').first())\n"),
        "page of a client": _kept("def f(session):\n    up.delay(session.get(URL, {'a': 1}))\n"),
        "identifiers, through a function that publishes": _kept(
            "def enqueue(task, *args):\n    return task.apply_async(args, queue='q')\n\n\n"
            "def f(doc: Doc):\n    enqueue(up, doc.pk)\n"
        ),
        "a function that publishes the identifier": _kept(
            "def enqueue(doc):\n    doc = doc.pk\n    up.delay(doc)\n\n\ndef f(doc: Doc):\n    enqueue(doc)\n"
        ),
        "whether it is new": _kept("def f():\n    up.delay(Doc.objects.get_or_create(n=1)[1])\n"),
        "column of what a foreign key leads to": _kept(
            "class Page(models.Model):\n    doc = models.ForeignKey(Doc, models.CASCADE)\n\n\n"
            "def f(page: Page):\n    up.delay(page.doc.pk, page.doc_id)\n"
        ),
        "of which nothing tells": (DOUBTED, _HEAD + "def g(instance):\n    up.delay(instance)\n"),
    }
}
