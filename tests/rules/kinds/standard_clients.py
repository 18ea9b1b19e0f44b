"""Clients of the standard library over TLS: without a context, they verify nothing."""

from tests.rules.kinds.program import ALARM, DOUBTED, PASSES, WARNED, Program

_HEAD = """
import ftplib
import imaplib
import poplib
import smtplib
import ssl

from celery import Celery

app = Celery("shop", broker="redis://localhost/0")


@app.task
def read(key, options):
"""
_CONTEXT = "context=ssl.create_default_context()"


def _program(name: str, outcomes: frozenset[object], body: str) -> Program:
    lines = "".join(f"    {line}\n" for line in body.split("\n"))
    return Program("http-verified", name, outcomes, _HEAD + lines)  # type: ignore[arg-type]


PROGRAMS = (
    _program("mail box without a context", ALARM, "imaplib.IMAP4_SSL('mail', 993).login(key, key)"),
    _program("class by its name", ALARM, "n = 'POP3_SSL' if key else 'POP3'\nc = getattr(poplib, n)\nc(host='mail')"),
    _program("class by a choice", ALARM, "c = smtplib.SMTP_SSL if key else smtplib.SMTP\nc('mail')"),
    _program("TLS begun later", ALARM, "with smtplib.SMTP('mail') as s:\n    s.starttls()\n    s.login(key, key)"),
    _program("files without a context", ALARM, "ftplib.FTP_TLS(host='files', timeout=3)"),
    _program("mail box with a context", PASSES, f"imaplib.IMAP4_SSL('mail', ssl_{_CONTEXT})"),
    _program("TLS begun later with a context", PASSES, f"s = smtplib.SMTP('mail')\ns.starttls({_CONTEXT})"),
    _program("options with a context", PASSES, f"kw = dict({_CONTEXT})\nsmtplib.SMTP_SSL('mail', **kw)"),
    _program("no TLS", PASSES, "smtplib.SMTP('localhost')"),
    _program("options that are not read", DOUBTED - WARNED, "smtplib.SMTP_SSL('mail', **options)"),
)
