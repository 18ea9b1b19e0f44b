"""Waits that libraries make, and limits that calls give, against the limits of tasks."""

from audit.model.findings import Outcome
from tests.rules.kinds.program import ALARM, DOUBTED, PASSES, WARNED, Program

_RESERVED = frozenset({Outcome.RESERVATION})
_HEAD = """import queue
import subprocess
import threading
import time

import backoff
import boto3
import requests
import tenacity
from celery import Celery
from playwright.sync_api import Page
from requests.adapters import HTTPAdapter
from selenium.webdriver.support.ui import WebDriverWait
from tenacity import retry, stop_after_attempt, stop_after_delay, wait_exponential, wait_fixed
from urllib3.util import Retry

app = Celery("shop", broker="redis://localhost/0")
app.conf.update(task_soft_time_limit=60, task_time_limit=90)
READY = threading.Event()
WAITING = queue.Queue()

"""


def _waits(name: str, body: str, outcomes: frozenset[Outcome] = _RESERVED) -> Program:
    return Program("sleep-within-limit", name, outcomes, f"{_HEAD}\n@app.task\ndef send(key):\n    {body}\n")


def _retried(name: str, decorator: str, outcomes: frozenset[Outcome] = _RESERVED) -> Program:
    text = f"{_HEAD}\n{decorator}\ndef deliver(key):\n    post(key)\n\n\n@app.task\ndef send(key):\n    deliver(key)\n"
    return Program("sleep-within-limit", name, outcomes, text)


def _called(rule: str, name: str, call: str, outcomes: frozenset[Outcome], body: str) -> Program:
    text = f"{_HEAD.replace('=60', '=600').replace('=90', '=900')}\n@app.task\ndef send(key):\n    {body}\n\n\ndef go(key):\n    {call}\n"
    return Program(rule, name, outcomes, text)


def _sent(name: str, before: str, body: str, outcomes: frozenset[Outcome]) -> Program:
    text = f"{_HEAD}\n{before}\n\n@app.task\ndef send(key):\n    {body}\n"
    return Program("request-within-limit", name, outcomes, text)


_MOUNT = "client = requests.Session()\nclient.mount('https://', HTTPAdapter(max_retries={0}))\n"
_SHORT = "send.apply_async((key,), soft_time_limit=5, time_limit=10)"
_POST = "requests.get(key, timeout=60)"

PROGRAMS = (
    _retried("five attempts a minute apart", "@retry(wait=wait_fixed(60), stop=stop_after_attempt(5))"),
    _retried(
        "attempts further and further apart",
        "@tenacity.retry(wait=wait_exponential(max=60), stop=stop_after_attempt(9))",
    ),
    _retried("attempts for some minutes", "@retry(wait=wait_fixed(5), stop=stop_after_delay(300))"),
    _retried("attempts without end", "@retry(wait=wait_fixed(5))", DOUBTED),
    _retried("backoff", "@backoff.on_exception(backoff.expo, OSError, max_tries=9)"),
    _retried("backoff by a factor", "@backoff.on_exception(backoff.expo, OSError, factor=10, max_tries=5)"),
    _retried("backoff up to a value", "@backoff.on_exception(backoff.expo, OSError, max_tries=9, max_value=5)", PASSES),
    _retried("constant backoff", "@backoff.on_exception(backoff.constant, OSError, interval=30, max_tries=4)"),
    _retried("short attempts", "@retry(wait=wait_fixed(2), stop=stop_after_attempt(5))", PASSES),
    _retried("short backoff", "@backoff.on_exception(backoff.expo, OSError, max_time=30)", PASSES),
    _retried("attempts at once", "@retry(stop=stop_after_attempt(5))", PASSES),
    _waits(
        "attempts in a loop",
        "for one in tenacity.Retrying(wait=wait_fixed(60), stop=stop_after_attempt(5)): one(post, key)",
    ),
    _waits("event", "threading.Event().wait(600)"),
    _waits("event of the module", "READY.wait(timeout=600)"),
    _waits("short event", "READY.wait(6)", PASSES),
    _waits("queue", "WAITING.get(timeout=120)"),
    _waits("dictionary", "{}.get('timeout', 120)", PASSES),
    _waits("command", "subprocess.run(['sleep', '120'], check=True)"),
    _waits("another command", "subprocess.run(['resize', '120'], check=True)", PASSES),
    _waits("machine", "boto3.client('ec2').get_waiter('instance_running').wait(InstanceIds=[key])", DOUBTED),
    _waits(
        "machine, configured", "boto3.client('ec2').get_waiter('x').wait(WaiterConfig={'Delay': 15, 'MaxAttempts': 40})"
    ),
    _waits(
        "machine, shortly",
        "boto3.client('ec2').get_waiter('x').wait(WaiterConfig={'Delay': 2, 'MaxAttempts': 9})",
        PASSES,
    ),
    _waits("page", "WebDriverWait(open_page(key), 300).until(loaded)"),
    _waits("page, shortly", "WebDriverWait(open_page(key), timeout=10).until(loaded)", PASSES),
    _waits("page, by its milliseconds", "open_page(key).wait_for_timeout(90_000)"),
    _waits("page, for a few milliseconds", "open_page(key).wait_for_timeout(900)", PASSES),
    _called("request-within-limit", "limit given by a call", _SHORT, ALARM, _POST),
    _called("request-within-limit", "no limit given by a call", "send.apply_async((key,))", PASSES, _POST),
    _called("sleep-within-limit", "limit given by a call", _SHORT, ALARM, "time.sleep(60)"),
    _called(
        "sleep-within-limit",
        "limit given by name",
        _SHORT.replace("send.apply_async((key,)", "app.send_task('shop.send', (key,)"),
        ALARM,
        "time.sleep(60)",
    ),
    _called("sleep-within-limit", "no limit given by a call", "send.apply_async((key,))", PASSES, "time.sleep(60)"),
    _sent(
        "attempts of a session",
        _MOUNT.format("Retry(total=5, backoff_factor=2)"),
        "client.get(key, timeout=50)",
        WARNED,
    ),
    _sent("attempts, by their number", _MOUNT.format("5"), "client.get(key, timeout=50)", WARNED),
    _sent(
        "attempts of a session that a function makes",
        "def made():\n    own = requests.Session()\n    policy = Retry(total=5)\n    adapter = HTTPAdapter(max_retries=policy)\n"
        "    own.mount('https://', adapter)\n    return own\n\n\nclient = made()\n",
        "client.get(key, timeout=50)",
        WARNED,
    ),
    _sent(
        "attempts of a session of the task",
        "",
        "own = requests.Session()\n    own.mount('https://', HTTPAdapter(max_retries=Retry(total=5)))\n    own.get(key, timeout=50)",
        WARNED,
    ),
    _sent(
        "few attempts of a session",
        _MOUNT.format("Retry(total=2, backoff_factor=1)"),
        "client.get(key, timeout=10)",
        PASSES,
    ),
    _sent(
        "another session's attempts", _MOUNT.format("Retry(total=5)"), "requests.Session().get(key, timeout=50)", PASSES
    ),
)
