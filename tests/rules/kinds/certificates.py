"""Connections that verify nothing: the default of `ssl`, a context wherever it goes, an address built by code."""

from tests.rules.kinds.program import ALARM, PASSES, Program

_HEAD = """
import os
import ssl
import urllib.request
from urllib.parse import urlencode

import redis
from celery import Celery

app = Celery("shop", broker="redis://localhost/0")


@app.task
def send(key): ...


"""


def _trusting(name: str, text: str, outcomes: frozenset[object] = ALARM) -> Program:
    return Program("http-verified", name, outcomes, f"{_HEAD}{text}\n")  # type: ignore[arg-type]


def _sound(name: str, text: str) -> Program:
    return _trusting(name, text, PASSES)


def _broker(name: str, text: str, outcomes: frozenset[object] = ALARM) -> Program:
    return Program("broker-tls", name, outcomes, f"{_HEAD}{text}\n")  # type: ignore[arg-type]


_CONTEXT = "c = ssl.create_default_context()\n"

PROGRAMS = (
    _trusting("default of the process", "ssl._create_default_https_context = ssl._create_unverified_context"),
    _trusting("default, by a lambda", "ssl._create_default_https_context = lambda: ssl._create_unverified_context()"),
    _trusting("default, by its name", "setattr(ssl, '_create_default_https_context', ssl._create_unverified_context)"),
    _trusting(
        "context for the broker",
        f"{_CONTEXT}c.check_hostname = False\nc.verify_mode = ssl.CERT_NONE\napp.conf.broker_use_ssl = {{'context': c}}",
    ),
    _trusting("two at once", f"{_CONTEXT}c.check_hostname, c.verify_mode = False, ssl.CERT_NONE"),
    _trusting("by its name", f"{_CONTEXT}setattr(c, 'verify_mode', ssl.CERT_NONE)"),
    _trusting("bare context", "urllib.request.urlopen('https://x', context=ssl.SSLContext())"),
    _trusting("bare context of a protocol", "c = ssl.SSLContext(ssl.PROTOCOL_TLS)"),
    _trusting("context of the standard library", "c = ssl._create_stdlib_context()"),
    _trusting("address with an unknown host", "URL = f\"rediss://{os.environ['HOST']}/0?ssl_cert_reqs=none\""),
    _trusting("address in parts", "HOW = 'none'\nURL = os.environ['URL'] + '?ssl_cert_reqs=' + HOW"),
    _trusting("parameters of an address", "URL = 'rediss://h/0?' + urlencode({'ssl_cert_reqs': 'none'})"),
    _trusting("address of a client", "r = redis.Redis.from_url('rediss://h/0?db=1&ssl_cert_reqs=CERT_NONE')"),
    _broker("address in a pattern", "app.conf.broker_url = 'rediss://h/0?ssl_cert_reqs={}'.format('none')"),
    _broker("address with parameters", "app.conf.broker_url = 'rediss://h/0?' + urlencode({'ssl_cert_reqs': 'none'})"),
    _sound("context that verifies", f"{_CONTEXT}c.verify_mode = ssl.CERT_REQUIRED\nc.check_hostname = True"),
    _sound("bare context that verifies", "c = ssl.SSLContext()\nc.verify_mode = ssl.CERT_REQUIRED"),
    _sound("context of a client", "c = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)"),
    _sound("context of a server", "c = ssl.SSLContext(ssl.PROTOCOL_TLS)\nc.load_cert_chain('server.pem')"),
    _sound("address that verifies", "URL = f\"rediss://{os.environ['HOST']}/0?ssl_cert_reqs=required\""),
    _sound("words of a sentence", "HELP = 'never write ' + 'ssl_cert_reqs=none'"),
    _broker(
        "sound parameters", "app.conf.broker_url = 'rediss://h/0?' + urlencode({'ssl_cert_reqs': 'required'})", PASSES
    ),
)
