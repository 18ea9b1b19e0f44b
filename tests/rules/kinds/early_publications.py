"""Tasks published before the transaction is committed, and after."""

from audit.model.findings import Outcome
from tests.rules.kinds.program import ALARM, DOUBTED, PASSES, Program

_SETTINGS = 'DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "ATOMIC_REQUESTS": True}}\nROOT_URLCONF = "urls"\n'
_BUILT = 'DATABASES = {"default": env.db("DATABASE_URL")}\nDATABASES["default"]["ATOMIC_REQUESTS"] = True\n'
_HEAD = """
from functools import partial

from celery import shared_task
from django.db import models, transaction
from django.db.models.signals import post_save
from django.dispatch import receiver


@shared_task
def up(pk): ...


class Doc(models.Model):
    n = models.IntegerField()


"""
_URLS = 'from django.urls import path\nfrom shop import view\n\nurlpatterns = [path("a/", view)]\n'


def _early(name: str, text: str, settings: str = _SETTINGS) -> Program:
    return Program("publish-after-commit", name, ALARM, _files(text, settings))


def _late(name: str, text: str, settings: str = _SETTINGS) -> Program:
    return Program("publish-after-commit", name, PASSES, _files(text, settings))


def _event(text: str, outcomes: frozenset[Outcome]) -> Program:
    """A listener of SQLAlchemy that publishes, named by its event."""
    head = "from celery import shared_task\nfrom sqlalchemy import event\nfrom sqlalchemy.engine import Engine\n"
    model = "from sqlalchemy.orm import Session\n\n\nclass Doc: ...\n\n\n@shared_task\ndef up(pk): ...\n\n\n"
    name = next(word for word in ("after_insert", "after_flush", "after_commit", "connect") if f'"{word}"' in text)
    return Program("publish-after-commit", f"SQLAlchemy, {name}", outcomes, head + model + text)


def _files(text: str, settings: str) -> dict[str, str]:
    urls = {"urls.py": _URLS} if "def view" in text else {}
    return {"shop.py": _HEAD + text, "settings.py": settings, "manage.py": _MANAGE, **urls}


_MANAGE = 'import os\n\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")\n'
_RECEIVER = "@receiver(post_save, sender=Doc)\ndef on(sender, instance, **kwargs):\n"
_SAVES = "def keep(pk):\n    with transaction.atomic():\n        Doc.objects.create(n=pk)\n"
_PROCESS = (
    "from celery.signals import {signal}\n\n\n@{signal}.connect\ndef started(**kwargs):\n    up.delay(1)\n\n\n" + _SAVES
)
PROGRAMS = (
    _early("receiver", f"{_RECEIVER}    up.delay(instance.pk)\n"),
    _early("receiver, set after", f"{_RECEIVER}    up.apply_async(args=(instance.pk,))\n", _BUILT),
    _early("receiver of several", _RECEIVER.replace("post_save", "[post_save]") + "    up.delay(instance.pk)\n"),
    _early("connected", "def on(sender, instance, **kw):\n    up.delay(instance.pk)\n\n\npost_save.connect(on)\n"),
    _early(
        "save", "class A(models.Model):\n    def save(self, *a):\n        super().save(*a)\n        up.delay(self.pk)\n"
    ),
    _early("view", "def view(request):\n    up.delay(1)\n"),
    _early("what a view calls", "def view(request):\n    start(1)\n\n\ndef start(pk):\n    up.delay(pk)\n"),
    _late("partial", f"{_RECEIVER}    transaction.on_commit(partial(up.delay, instance.pk))\n"),
    _late("lambda", f"{_RECEIVER}    transaction.on_commit(lambda: up.delay(instance.pk))\n"),
    _late("named", f"{_RECEIVER}    def later():\n        up.delay(instance.pk)\n\n    transaction.on_commit(later)\n"),
    _late("delay_on_commit", f"{_RECEIVER}    up.delay_on_commit(instance.pk)\n"),
    _event(
        '@event.listens_for(Doc, "after_insert")\ndef on(mapper, connection, target):\n    up.delay(target.id)\n', ALARM
    ),
    _event(
        'def on(session, context):\n    start(1)\n\n\ndef start(pk):\n    up.delay(pk)\n\n\nevent.listen(Session, "after_flush", on)\n',
        ALARM,
    ),
    _event('@event.listens_for(Session, "after_commit")\ndef on(session):\n    up.delay(1)\n', PASSES),
    _event('@event.listens_for(Engine, "connect")\ndef on(connection, record):\n    up.delay(1)\n', PASSES),
    _late("no such setting", f"{_RECEIVER}    up.delay(instance.pk)\n", "DATABASES = {}\n"),
    _late("refused", f"{_RECEIVER}    up.delay(instance.pk)\n", _SETTINGS.replace("True", "False")),
    _late("signal of a worker", _PROCESS.format(signal="worker_ready"), "DATABASES = {}\n"),
    _late("signal of beat", _PROCESS.format(signal="beat_init"), "DATABASES = {}\n"),
    Program(
        "publish-after-commit",
        "signal of a row, in its transaction",
        DOUBTED,
        _files(f"{_RECEIVER}    up.delay(1)\n\n\n{_SAVES}", "DATABASES = {}\n"),
    ),
    _late("from a task", "@shared_task\ndef go():\n    up.delay(1)\n"),
    _late("view of its own", "@transaction.non_atomic_requests\ndef view(request):\n    up.delay(1)\n"),
)
