"""Failures that something around a task's work swallows."""

from audit.model.findings import Outcome
from tests.rules.kinds.program import ALARM, DOUBTED, PASSES, QUIET, WARNED, Program

_RESERVED = WARNED - ALARM

_HEAD = """
import contextlib
import functools
import logging

from celery import Celery

app = Celery("shop", broker="redis://localhost/0")
log = logging.getLogger(__name__)


@contextlib.contextmanager
def tolerate(what):
    try:
        yield
    except Exception:
        pass


@contextlib.contextmanager
def timed(what):
    try:
        yield
    finally:
        log.info(what)


class Quiet:
    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        return True


class Ordinary(contextlib.ContextDecorator):
    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        return kind is not None and issubclass(kind, Exception)


class Timer:
    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        log.info("done")


def safe(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        try:
            return function(*args, **kwargs)
        except Exception:
            return None

    return wrapper


def traced(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        log.info("start")
        return function(*args, **kwargs)

    return wrapper


def work(key):
    try:
        deliver(key)
    except Exception:
        return None


def answer(key):
    try:
        deliver(key)
    except Exception as error:
        return {"error": str(error)}


def further(key):
    return answer(key)


class Step:
    def launch(self, key):
        try:
            deliver(key)
        except Exception:
            pass


def deliver(key):
    log.info(key)


"""


_NOTED = "order = key\ntry:\n    deliver(key)\nexcept Exception as error:\n    {}"
_NOTE = """
class Sender:
    pass


def note(sender, key):
    try:
        deliver(key)
    except Exception as error:
        log.error(error)
        sender.status = "failed"
        sender.save()


"""
_OWN = """
class Own(app.Task):
    known = (ValueError, KeyError)

    def __call__(self, *args, **kwargs):
        try:
            return super().__call__(*args, **kwargs)
        except {0} as error:
            {1}


app.Task = Own


"""
_AFTER_A_LOCK = "try:\n    lock = take(key)\nexcept KeyError:\n    pass\nelse:\n    try:\n        deliver(key)\n"
_GIVE_UP = """
def give_up(error):
    raise ValueError("no") from error


"""


def _task(name: str, outcomes: frozenset[object], body: str, decorators: str = "", before: str = "") -> Program:
    lines = "".join(f"    {line}\n" for line in body.split("\n"))
    text = f"{_HEAD}{before}@app.task\n{decorators}def send(key):\n{lines}"
    return Program("errors-not-swallowed", name, outcomes, text)  # type: ignore[arg-type]


_LIBRARIES = """
import os
import subprocess

import backoff
import funcy
import odd
import tenacity
from celery import Celery
from returns.result import safe as safe_result

app = Celery("shop", broker="redis://localhost/0")


"""


def _decorated(name: str, decorator: str, outcomes: frozenset[Outcome]) -> Program:
    text = f"{_LIBRARIES}@app.task\n{decorator}\ndef send(key):\n    raise OSError(key)\n"
    return Program("errors-not-swallowed", f"decorator: {name}", outcomes, text)


def _command(name: str, body: str, outcomes: frozenset[Outcome]) -> Program:
    lines = "".join(f"    {line}\n" for line in body.split("\n"))
    return Program("errors-not-swallowed", name, outcomes, f"{_LIBRARIES}@app.task\ndef send(key):\n{lines}")


PROGRAMS = (
    _task("context manager", ALARM, "with tolerate(key):\n    deliver(key)"),
    _task("class that answers True", ALARM, "with Quiet():\n    deliver(key)"),
    _task("class that answers of errors", ALARM, "with Ordinary():\n    deliver(key)"),
    _task("suppress", ALARM, "with contextlib.suppress(Exception):\n    deliver(key)"),
    _task(
        "stack",
        ALARM,
        "with contextlib.ExitStack() as stack:\n    stack.enter_context(tolerate(key))\n    deliver(key)",
    ),
    _task("around each step", DOUBTED, "for part in key:\n    with tolerate(part):\n        deliver(part)"),
    _task("helper that does it all", ALARM, "work(key)"),
    _task("helper that answers, logged", ALARM, "log.info(key)\nresult = answer(key)\nreturn result"),
    _task("helper of a helper", ALARM, "return further(key)"),
    _task("step that a helper passes over", DOUBTED, "deliver(key)\nfor part in key:\n    work(part)"),
    _task("unknown receiver", WARNED, "find(key).launch(key)"),
    _task("known receiver", ALARM, "Step().launch(key)"),
    _task("decorator", ALARM, "deliver(key)", "@safe\n"),
    _task("context manager that decorates", ALARM, "deliver(key)", "@tolerate('x')\n"),
    _task("class that decorates", ALARM, "deliver(key)", "@Ordinary()\n"),
    _task(
        "noted in a row", _RESERVED, _NOTED.format("log.error(error)\n    order.status = 'failed'\n    order.save()")
    ),
    _task("noted by an update", _RESERVED, _NOTED.format("order.update(status='error')")),
    _task("logged, and a value answered", _RESERVED, _NOTED.format("log.exception('x')\n    return order")),
    _task("told to somebody at last", _RESERVED, _NOTED.format("log.error(error)\nfinally:\n    order.notify()")),
    _task("only logged", _RESERVED, _NOTED.format("log.warning(error)") + "\nlog.info('done')\nreturn order"),
    _task("only printed, bare", _RESERVED, "try:\n    deliver(key)\nexcept:\n    print('no')\n    return None"),
    _task("noted by a helper that is built", _RESERVED, "sender = Sender(key)\nnote(sender, key)", before=_NOTE),
    _task("noted, then raised", PASSES, _NOTED.format("log.error(error)\n    order.fail()\n    raise")),
    _task("noted, then tried again", PASSES, _NOTED.format("log.error(error)\n    send.retry(exc=error)")),
    _task("raised by a helper", PASSES, _NOTED.format("log.error(error)\n    give_up(error)"), before=_GIVE_UP),
    _task("raised at last", PASSES, _NOTED.format("order = 'failed'") + "\nif order:\n    raise ValueError(key)"),
    _task("another way tried", PASSES, _NOTED.format("log.info(error)\n    deliver(order)")),
    _task("noted by a helper among others", PASSES, "deliver(key)\nnote(key, key)", before=_NOTE),
    _task("narrow, noted", PASSES, "try:\n    deliver(key)\nexcept KeyError as error:\n    log.error(error)"),
    _task("computed", QUIET - PASSES, "STEPS[key](key)"),
    _task("timed", PASSES, "with timed(key), Timer():\n    deliver(key)"),
    _task("traced", PASSES, "deliver(key)", "@traced\n"),
    _task("narrow", PASSES, "with contextlib.suppress(FileNotFoundError):\n    deliver(key)"),
    _task("plain helper", PASSES, "deliver(key)"),
    _task("answer that is read", PASSES, "if answer(key):\n    raise ValueError(key)\ndeliver(key)"),
    _task("class of all tasks", _RESERVED, "deliver(key)", before=_OWN.format("Exception", "log.error(error)")),
    _task("class of all tasks, some errors", DOUBTED, "deliver(key)", before=_OWN.format("self.known", "print(error)")),
    _task("class of all tasks that raises", PASSES, "deliver(key)", before=_OWN.format("Exception", "raise")),
    _task("in the `else` of a lock", _RESERVED, _AFTER_A_LOCK + "    except Exception:\n        log.error('no')"),
    _task(
        "in the `else` of a lock, raised in development",
        _RESERVED,
        "from django.conf import settings\n"
        + _AFTER_A_LOCK
        + "    except Exception as error:\n        order.error_log.create(text=str(error))\n"
        "        if settings.DEBUG:\n            raise\n    finally:\n        lock.release()",
    ),
    _task("in the `else` of a lock, raised", PASSES, _AFTER_A_LOCK + "    except Exception:\n        raise"),
    _task("noted by a method that says so", _RESERVED, _NOTED.format("order.mark_failed(error)")),
    _task("noted by a function that says so", _RESERVED, _NOTED.format("record_failure(order)")),
    _task("noted by a method that says so, then raised", PASSES, _NOTED.format("order.mark_failed(error)\n    raise")),
    _task("answered by an object", ALARM, _NOTED.format("return Result(ok=False, text=str(error))")),
    _task("answered by the place of an object", ALARM, _NOTED.format("return Result(False, order)")),
    _task("answered beside nothing", ALARM, _NOTED.format("return None, error")),
    _task("another object answered", PASSES, "try:\n    deliver(key)\nexcept KeyError:\n    return Result(order=1)"),
    _task("given on by a method", PASSES, _NOTED.format("order.fail(error)")),
    _task("kept among errors", _RESERVED, _NOTED.format("order.errors.create(text=str(error))")),
    _decorated("tenacity, its answer", "@tenacity.retry(retry_error_callback=lambda state: None)", ALARM),
    _decorated(
        "tenacity, its result", "@tenacity.retry(retry_error_callback=lambda state: state.outcome.result())", DOUBTED
    ),
    _decorated("tenacity", "@tenacity.retry(stop=tenacity.stop_after_attempt(3), reraise=True)", PASSES),
    _decorated(
        "backoff, without a raise", "@backoff.on_exception(backoff.expo, Exception, raise_on_giveup=False)", ALARM
    ),
    _decorated("backoff", "@backoff.on_exception(backoff.expo, Exception, max_tries=4)", PASSES),
    _decorated("funcy", "@funcy.ignore(Exception)", ALARM),
    _decorated("an error made a value", "@safe_result", DOUBTED - ALARM),
    _decorated("a name that says so", "@odd.ignore_errors", DOUBTED - ALARM),
    _decorated("another library's", "@odd.traced", PASSES),
    _command("a command whose code nobody reads", "subprocess.run(['convert', key])", ALARM),
    _command("the system's", "os.system('convert ' + key)", ALARM),
    _command("a command that is checked", "subprocess.run(['convert', key], check=True)", PASSES),
    _command("a command whose code is read", "if subprocess.call(['convert', key]):\n    raise OSError(key)", PASSES),
)
