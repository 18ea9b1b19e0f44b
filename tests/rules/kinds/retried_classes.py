"""What `autoretry_for` names: errors that pass by themselves, or others."""

from tests.rules.kinds.program import ALARM, PASSES, WARNED, Program

_RULE = "autoretry-narrow"
_HEAD = 'from celery import Celery\n\napp = Celery("shop", broker="redis://localhost/0")\n'


def _retrying(name: str, classes: str, outcomes: frozenset[object], before: str = "") -> Program:
    text = f"{_HEAD}{before}\n\n@app.task(autoretry_for={classes}, retry_backoff=True)\ndef send(): ...\n"
    return Program(_RULE, name, outcomes, text)  # type: ignore[arg-type]


_DJANGO = (
    "from django.core.exceptions import ObjectDoesNotExist\nfrom django.db import models\nclass P(models.Model): ...\n"
)
_TREE = "class ShopError(Exception): ...\nclass InvalidOrder(ShopError): ...\nclass ShopClosed(ShopError): ...\n"

PROGRAMS = (
    _retrying("everything, by another name", "Any", ALARM, "Any = BaseException\n"),
    _retrying("the system's errors", "(ConnectionError, OSError)", WARNED),
    _retrying("the system's errors, by an old name", "(IOError,)", WARNED),
    _retrying("the system's errors, by another old name", "[EnvironmentError]", WARNED),
    _retrying("the system's errors, by a library's", "(socket.error,)", WARNED, "import socket\n"),
    _retrying("mail", "(smtplib.SMTPException,)", WARNED, "import smtplib\n"),
    _retrying("mail that is refused", "(R,)", WARNED, "from smtplib import SMTPRecipientsRefused as R\n"),
    _retrying("an object that is not there", "(ObjectDoesNotExist,)", WARNED, _DJANGO),
    _retrying("an object of a model", "(P.DoesNotExist,)", WARNED, _DJANGO),
    _retrying("errors of the program", "(KeyError, TimeoutError)", WARNED),
    _retrying("a class over one", "(Bad,)", WARNED, "class Bad(ValueError): ...\n"),
    _retrying("the root of the project's errors", "(ShopError,)", WARNED, _TREE),
    _retrying("a name that says so", "(InvalidOrder,)", WARNED, _TREE),
    _retrying("connections", "(ConnectionError, TimeoutError, BrokenPipeError)", PASSES),
    _retrying(
        "mail that is not joined",
        "(smtplib.SMTPConnectError, smtplib.SMTPServerDisconnected)",
        PASSES,
        "import smtplib\n",
    ),
    _retrying("a class of the project", "(ShopClosed,)", PASSES, _TREE),
    _retrying("a class over a connection's", "(Down,)", PASSES, "class Down(ConnectionError, ValueError): ...\n"),
    _retrying("a library's", "(requests.Timeout, redis.ConnectionError)", PASSES, "import redis\nimport requests\n"),
    _retrying(
        "a library's, of its own name", "(OperationalError,)", PASSES, "from kombu.exceptions import OperationalError\n"
    ),
)
