"""Objects of the database that are given to tasks."""

from tests.rules.kinds.program import ALARM, DOUBTED, PASSES, Program

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


def _given(name: str, text: str) -> Program:
    return Program("identifiers-only", name, ALARM, _HEAD + text)


def _kept(name: str, text: str) -> Program:
    return Program("identifiers-only", name, PASSES, _HEAD + text)


PROGRAMS = (
    _given("annotated", "def f(doc: Doc):\n    up.delay(doc)\n"),
    _given("annotated as optional, by name", 'def f(doc: "Doc | None"):\n    up.apply_async((doc,))\n'),
    _given("annotated as several", "def f(docs: list[Doc]):\n    for doc in docs:\n        up.delay(doc)\n"),
    _given("built", "def f():\n    doc = Doc(n=1)\n    doc.save()\n    up.delay(document=doc)\n"),
    _given("row of SQLAlchemy", "def f(line: Line):\n    up.delay(line)\n"),
    _given("new or not", "def f():\n    doc, created = Doc.objects.get_or_create(n=1)\n    up.delay(doc)\n"),
    _given("given twice", "def f():\n    doc = None\n    doc = Doc.objects.filter(n=1).first()\n    up.delay(doc)\n"),
    _given(
        "arguments by name",
        'def f():\n    given = {"document": Doc.objects.get(n=1)}\n    up.apply_async(kwargs=given)\n',
    ),
    _given("spread", 'def f(doc: Doc):\n    up.delay(**{"document": doc})\n'),
    _given("in a signature", "def f(doc: Doc):\n    chain(up.s(doc)).delay()\n"),
    _given("in a group", "def f():\n    group(up.s(d) for d in Doc.objects.all()).delay()\n"),
    _given("after the commit", "def f(doc: Doc):\n    transaction.on_commit(partial(up.delay, doc))\n"),
    _given("lambda", "def f(doc: Doc):\n    transaction.on_commit(lambda: up.delay(doc))\n"),
    _given("itself", "class Page(models.Model):\n    def publish(self):\n        up.delay(self)\n"),
    _given(
        "receiver without annotation",
        "@receiver(post_save, sender=Doc)\ndef on(sender, instance, **kwargs):\n    up.delay(instance)\n",
    ),
    _given(
        "receiver connected below",
        "def on(sender, **kwargs):\n    up.delay(kwargs['instance'])\n\n\npost_save.connect(on, sender=Doc)\n",
    ),
    _given("function that returns one", "def find() -> Doc: ...\n\n\ndef f():\n    up.delay(find())\n"),
    _kept("identifier", "def f(doc: Doc):\n    up.delay(doc.pk)\n"),
    _kept("identifiers", 'def f():\n    up.delay(list(Doc.objects.values_list("pk", flat=True)))\n'),
    _kept("count", "def f():\n    up.delay(Doc.objects.filter(n=1).count())\n"),
    _kept("field of a receiver", "@receiver(post_save)\ndef on(sender, instance, **kw):\n    up.delay(instance.pk)\n"),
    _kept(
        "plain class",
        "class Point:\n    def f(self):\n        up.delay(self.x)\n",
    ),
    _given(
        "by the session",
        "from sqlalchemy.orm import Session\n\n\ndef f(pk):\n    with Session() as s:\n        up.delay(s.get(Line, pk))\n",
    ),
    _given("one of a statement", "def f(s, q):\n    up.delay(s.execute(q.select(Line)).scalar_one())\n"),
    _given("merged", "def f(s, line: Line):\n    kept = s.merge(line)\n    up.s(kept).delay()\n"),
    _given("first of several", "def f():\n    up.delay(Doc.objects.all()[:1][0])\n"),
    _given("saved by a serializer", "def f(serializer, user):\n    up.delay(serializer.save(owner=user))\n"),
    _given("written by a form", "def f(form):\n    form.save()\n    up.delay(form.instance)\n"),
    _given(
        "asked of its class, in a dictionary",
        "from tortoise.models import Model\n\n\nclass User(Model): ...\n\n\n"
        "async def f(pk):\n    user = await User.get(id=pk)\n    up.delay({'user': user})\n",
    ),
    _given(
        "what a foreign key leads to",
        "class Page(models.Model):\n    doc = models.ForeignKey(Doc, models.CASCADE)\n\n\n"
        "def f(pk):\n    page = Page.objects.get(pk=pk)\n    up.delay(page.doc)\n",
    ),
    _given("made together", "def f():\n    for d in Doc.objects.bulk_create([Doc(), Doc()]):\n        up.delay(d)\n"),
    _given(
        "arguments filled later",
        'def f():\n    given = {"n": 1}\n    given["document"] = Doc.objects.get(n=1)\n    up.delay(**given)\n',
    ),
    _given(
        "through a function that publishes",
        "def enqueue(task, *args):\n    return task.apply_async(args, queue='q')\n\n\n"
        "def f():\n    enqueue(up, Doc.objects.get(n=1))\n",
    ),
    _given(
        "through a method that publishes",
        "class Bus:\n    def put(self, payload):\n        up.delay(payload)\n\n    def f(self):\n"
        "        self.put(payload=Doc.objects.first())\n",
    ),
    _given(
        "document of a signal",
        "from mongoengine import Document, signals\n\n\nclass Note(Document): ...\n\n\n"
        "def saved(sender, document, **_):\n    up.delay(document)\n\n\nsignals.post_save.connect(saved, sender=Note)\n",
    ),
    _kept("column of a statement", "def f(s, q):\n    for pk in s.scalars(q.select(Line.id)):\n        up.delay(pk)\n"),
    _kept("count of a statement", "def f(s, q, func):\n    up.delay(s.scalar(q.select(func.count(Line.id))))\n"),
    _kept("columns by SQL", "def f(s):\n    up.delay(s.execute('SELECT id FROM line').first())\n"),
    _kept("page of a client", "def f(session):\n    up.delay(session.get(URL, {'a': 1}))\n"),
    _kept(
        "identifiers, through a function that publishes",
        "def enqueue(task, *args):\n    return task.apply_async(args, queue='q')\n\n\n"
        "def f(doc: Doc):\n    enqueue(up, doc.pk)\n",
    ),
    _kept(
        "a function that publishes the identifier",
        "def enqueue(doc):\n    doc = doc.pk\n    up.delay(doc)\n\n\ndef f(doc: Doc):\n    enqueue(doc)\n",
    ),
    _kept("whether it is new", "def f():\n    up.delay(Doc.objects.get_or_create(n=1)[1])\n"),
    _kept(
        "column of what a foreign key leads to",
        "class Page(models.Model):\n    doc = models.ForeignKey(Doc, models.CASCADE)\n\n\n"
        "def f(page: Page):\n    up.delay(page.doc.pk, page.doc_id)\n",
    ),
    Program(
        "identifiers-only", "of which nothing tells", DOUBTED, _HEAD + "def g(instance):\n    up.delay(instance)\n"
    ),
)
