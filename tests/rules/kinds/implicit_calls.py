"""Loops without end in what tasks run by no call of their own text: signals, events, commands, settings, `super()`."""

from tests.rules.kinds.program import DOUBTED, PASSES, WARNED, Program

_BAD = "def bad(pk):\n    while True:\n        pk += 1\n"
_MODEL = "from django.db import models\n\n\nclass Order(models.Model): ...\n\n\nclass Cart(models.Model): ...\n"
_TASK = "from celery import shared_task\n"


def _files(**texts: str) -> dict[str, str]:
    return {"bad.py": _BAD, **{f"{name.replace('__', '/')}.py": text for name, text in texts.items()}}


def _seen(name: str, **texts: str) -> Program:
    return Program("no-endless-loop", f"implicit, {name}", WARNED, _files(**texts))


def _doubted(name: str, **texts: str) -> Program:
    return Program("no-endless-loop", f"implicit, {name}", DOUBTED, _files(**texts))


def _apart(name: str, **texts: str) -> Program:
    return Program("no-endless-loop", f"apart, {name}", PASSES, _files(**texts))


_RECEIVER = (
    "from django.db.models.signals import post_delete, post_save\nfrom django.dispatch import receiver\n"
    "from bad import bad\nfrom models import Cart, Order\n\n\n"
)
_SAVING = _TASK + (
    "from models import Order\n\n\n@shared_task\ndef close(pk):\n    order = Order.objects.get(pk=pk)\n    order.save()\n"
)
_DISPATCH = _TASK + (
    "from functools import singledispatch\nfrom bad import bad\n\n\n@singledispatch\ndef handle(x): ...\n\n\n"
)
_COMMAND = "from django.core.management.base import BaseCommand\nfrom bad import bad\n\n\n"
_LAZY = "import importlib\n\n\ndef __getattr__(name):\n    return importlib.import_module('bad').bad\n"
_LATE = "sender = None\n\n\ndef configure(s):\n    global sender\n    sender = s\n"
_BOOT = "import ports\nfrom bad import bad\n\n\nclass Http:\n    def dispatch_it(self, pk):\n        bad(pk)\n\n\nports.configure(Http())\n"
_MAIL = "class Backend:\n    def send_messages(self, messages):\n        bad(messages)\n"

PROGRAMS = (
    _seen(
        "receiver of what is saved",
        models=_MODEL,
        tasks=_SAVING,
        receivers=_RECEIVER + "@receiver(post_save, sender=Order)\ndef on(sender, instance, **_):\n    bad(1)\n",
    ),
    _seen(
        "receiver connected when the application is ready",
        models=_MODEL,
        tasks=_TASK + "from models import Order\n\n\n@shared_task\ndef make():\n    Order.objects.create()\n",
        handlers="from bad import bad\n\n\ndef saved(sender, **_):\n    bad(1)\n",
        apps="class Shop:\n    def ready(self):\n        from django.db.models.signals import post_save\n"
        "        from handlers import saved\n        post_save.connect(saved)\n",
    ),
    _seen(
        "signal of the project",
        sig="from django.dispatch import Signal\n\nclosed = Signal()\n",
        listen="from bad import bad\nfrom sig import closed\n\n\n@closed.connect\ndef on(sender, **_):\n    bad(1)\n",
        tasks=_TASK + "import sig\n\n\n@shared_task\ndef close(pk):\n    sig.closed.send_robust(pk)\n",
    ),
    _seen(
        "signal of Celery",
        tasks=_TASK + "from celery import signals\nfrom bad import bad\n\n\n@shared_task\ndef a(): ...\n\n\n"
        "@signals.task_success.connect\ndef done(**_):\n    bad(1)\n",
    ),
    _seen(
        "event of SQLAlchemy",
        db="from sqlalchemy import event\nfrom sqlalchemy.orm import sessionmaker\nfrom bad import bad\n\n"
        "Session = sessionmaker()\n\n\n@event.listens_for(Session, 'after_flush')\ndef on(session, context):\n    bad(1)\n",
        tasks=_TASK + "from db import Session\n\n\n@shared_task\ndef a():\n    with Session() as s:\n        s.commit()\n",
    ),
    _seen(
        "command of Django",
        tasks=_TASK + "from django.core import management\n\n\n@shared_task\ndef a():\n    management.call_command('sync')\n",
        shop____init__="",
        shop__management____init__="",
        shop__management__commands____init__="",
        shop__management__commands__sync=_COMMAND + "class Command(BaseCommand):\n    def handle(self, **_):\n        bad(1)\n",
    ),
    _seen(
        "backend of the settings",
        settings="EMAIL_BACKEND = 'backend.Backend'\n",
        backend="from bad import bad\n\n\n" + _MAIL,
        tasks=_TASK + "from django.core.mail import send_mail\n\n\n@shared_task\ndef a():\n    send_mail('a', 'b', 'c', [])\n",
    ),
    _seen(
        "single dispatch",
        tasks=_DISPATCH + "@handle.register(int)\ndef _(x):\n    bad(x)\n\n\n@shared_task\ndef a(pk):\n    handle(pk)\n",
    ),
    _seen(
        "class beside",
        tasks=_TASK + "from bad import bad\n\n\nclass Log:\n    def out(self, pk):\n        super().out(pk)\n\n\n"
        "class Http:\n    def out(self, pk):\n        bad(pk)\n\n\nclass Both(Log, Http): ...\n\n\n"
        "@shared_task\ndef a(pk):\n    Both().out(pk)\n",
    ),
    _seen(
        "where a library is not installed",
        tasks=_TASK + "try:\n    from acme import push\nexcept ImportError:\n    from bad import bad as push\n\n\n"
        "@shared_task\ndef a(pk):\n    push(pk)\n",
    ),
    _doubted("attribute that a module makes", lazy=_LAZY, tasks=_TASK + "import lazy\n\n\n@shared_task\ndef a():\n    lazy.push(1)\n"),
    _doubted(
        "global given late",
        ports=_LATE,
        boot=_BOOT,
        tasks=_TASK + "import boot\nimport ports\n\n\n@shared_task\ndef a(pk):\n    ports.sender.dispatch_it(pk)\n",
    ),
    _doubted(
        "script in another process",
        script="from bad import bad\n\nbad(1)\n",
        tasks=_TASK + "import subprocess, sys\n\n\n@shared_task\ndef a():\n    subprocess.run([sys.executable, '-m', 'script'])\n",
    ),
    _doubted(
        "loop of a script in another process",
        script="n = 0\nwhile True:\n    n += 1\n",
        tasks=_TASK + "import subprocess, sys\n\n\n@shared_task\ndef a():\n    subprocess.run([sys.executable, 'script.py'])\n",
    ),
    _apart(
        "loop of a script that no task runs",
        script="n = 0\nwhile True:\n    n += 1\n",
        tasks=_TASK + "import subprocess\n\n\n@shared_task\ndef a():\n    subprocess.run(['convert', 'a.png'])\n",
    ),
    _doubted(
        "module run by runpy",
        script="from bad import bad\n\nbad(1)\n",
        tasks=_TASK + "import runpy\n\n\n@shared_task\ndef a():\n    runpy.run_module('script')\n",
    ),
    _apart(
        "receiver of another class",
        models=_MODEL,
        tasks=_SAVING,
        receivers=_RECEIVER + "@receiver(post_save, sender=Cart)\ndef on(sender, instance, **_):\n    bad(1)\n",
    ),
    _apart(
        "receiver of another signal",
        models=_MODEL,
        tasks=_SAVING,
        receivers=_RECEIVER + "@receiver(post_delete, sender=Order)\ndef on(sender, instance, **_):\n    bad(1)\n",
    ),
    _apart(
        "another command",
        tasks=_TASK + "from django.core.management import call_command\n\n\n@shared_task\ndef a():\n    call_command('migrate')\n",
        shop____init__="",
        shop__management____init__="",
        shop__management__commands____init__="",
        shop__management__commands__sync=_COMMAND + "class Command(BaseCommand):\n    def handle(self, **_):\n        bad(1)\n",
    ),
    _apart(
        "a program of the machine",
        script="from bad import bad\n\nbad(1)\n",
        tasks=_TASK + "import subprocess\n\n\n@shared_task\ndef a():\n    subprocess.run(['git', 'commit', '-m', 'script'])\n",
    ),
    _apart(
        "keys removed from a cache",
        models=_MODEL,
        receivers=_RECEIVER + "@receiver(post_delete, sender=Order)\ndef on(sender, instance, **_):\n    bad(1)\n",
        tasks=_TASK + "import redis\nfrom models import Order\n\nr = redis.Redis()\n\n\n@shared_task\ndef a():\n    r.delete('Order')\n",
    ),
    _apart(
        "signal of another task",
        tasks=_TASK + "from celery import signals\nfrom bad import bad\n\n\n@shared_task\ndef a(): ...\n\n\n"
        "@signals.task_success.connect(sender='tasks.b')\ndef done(**_):\n    bad(1)\n",
    ),
)  # fmt: skip
