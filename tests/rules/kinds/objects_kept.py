"""Objects of the database inside what tasks are given: a dictionary, a list made on the way, an attribute."""

from audit.model.findings import Outcome
from tests.rules.kinds.program import ALARM, PASSES, Program

_HEAD = """
from celery import Task, shared_task
from django.db import models
from django.views.generic import UpdateView


class Doc(models.Model): ...


@shared_task
def up(given): ...


"""


def _given(name: str, text: str, outcomes: frozenset[Outcome] = ALARM) -> Program:
    return Program("identifiers-only", name, outcomes, _HEAD + text)


PROGRAMS = (
    _given("an entry", "def f():\n    doc = Doc.objects.get(pk=1)\n    up.delay({'doc': doc})\n"),
    _given("an entry of a name", "def f(doc: Doc):\n    given = {'doc': doc}\n    up.delay(given)\n"),
    _given("an entry set later", "def f(doc: Doc):\n    given = {}\n    given['doc'] = doc\n    up.delay(given)\n"),
    _given("an entry by update", "def f(doc: Doc):\n    given = {}\n    given.update(doc=doc)\n    up.delay(given)\n"),
    _given("an item added", "def f(doc: Doc):\n    given = []\n    given.append(doc)\n    up.delay(given)\n"),
    _given("a comprehension", "def f():\n    docs = [doc for doc in Doc.objects.all()]\n    up.delay(docs)\n"),
    _given("entries of a comprehension", "def f():\n    up.delay({d.pk: d for d in Doc.objects.all()})\n"),
    _given(
        "an attribute",
        "class V:\n    def one(self):\n        return Doc.objects.get(pk=1)\n\n"
        "    def go(self):\n        self.doc = self.one()\n        up.delay(self.doc)\n",
    ),
    _given(
        "an attribute of another method",
        "class V:\n    def __init__(self, pk):\n        self.doc = Doc.objects.get(pk=pk)\n\n    def go(self):\n        up.delay(self.doc)\n",
    ),
    _given(
        "the object of a view",
        "class V(UpdateView):\n    model = Doc\n\n    def form_valid(self, form):\n        up.delay(self.object)\n",
    ),
    _given("who asks", "def view(request):\n    up.delay(request.user)\n"),
    _given(
        "a model of an extension",
        "from flask_sqlalchemy import SQLAlchemy\n\ndb = SQLAlchemy()\n\n\nclass User(db.Model):\n    def go(self):\n        up.delay(self)\n",
    ),
    _given(
        "a task that replaces it",
        "class Own(Task):\n    def apply_async(self, args=(), **rest):\n        return super().apply_async([a.pk for a in args], **rest)\n\n\n"
        "def f(doc: Doc):\n    up.delay(doc)\n",
        frozenset({Outcome.UNDETERMINED}),
    ),
    _given(
        "an identifier, where there is one",
        "def f():\n    doc = Doc.objects.first()\n    up.delay(doc and doc.pk)\n",
        PASSES,
    ),
    _given("identifiers of a comprehension", "def f():\n    up.delay([doc.pk for doc in Doc.objects.all()])\n", PASSES),
    _given(
        "an entry of an identifier",
        "def f(doc: Doc):\n    given = {}\n    given['doc'] = doc.pk\n    up.delay(given)\n",
        PASSES,
    ),
    _given(
        "the identifier of a view's object",
        "class V(UpdateView):\n    def form_valid(self, form):\n        up.delay(self.object.pk)\n",
        PASSES,
    ),
)
