"""Waits that libraries make, and limits that calls give, against the limits of tasks."""

from audit.model.findings import Outcome
from tests.rules.kinds.program import ALARM, DOUBTED, PASSES, WARNED, Answer, Table

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


def _waits(body: str, outcomes: frozenset[Outcome] = _RESERVED) -> Answer:
    return outcomes, f"{_HEAD}\n@app.task\ndef send(key):\n    {body}\n"


def _retried(decorator: str, outcomes: frozenset[Outcome] = _RESERVED) -> Answer:
    text = f"{_HEAD}\n{decorator}\ndef deliver(key):\n    post(key)\n\n\n@app.task\ndef send(key):\n    deliver(key)\n"
    return outcomes, text


def _called(call: str, outcomes: frozenset[Outcome], body: str) -> Answer:
    text = f"{_HEAD.replace('=60', '=600').replace('=90', '=900')}\n@app.task\ndef send(key):\n    {body}\n\n\ndef go(key):\n    {call}\n"
    return outcomes, text


def _sent(before: str, body: str, outcomes: frozenset[Outcome]) -> Answer:
    text = f"{_HEAD}\n{before}\n\n@app.task\ndef send(key):\n    {body}\n"
    return outcomes, text


_MOUNT = "client = requests.Session()\nclient.mount('https://', HTTPAdapter(max_retries={0}))\n"
_SHORT = "send.apply_async((key,), soft_time_limit=5, time_limit=10)"
_POST = "requests.get(key, timeout=60)"

TABLE: Table = {
    "sleep-within-limit": {
        "five attempts a minute apart": _retried("@retry(wait=wait_fixed(60), stop=stop_after_attempt(5))"),
        "attempts further and further apart": _retried(
            "@tenacity.retry(wait=wait_exponential(max=60), stop=stop_after_attempt(9))"
        ),
        "attempts for some minutes": _retried("@retry(wait=wait_fixed(5), stop=stop_after_delay(300))"),
        "attempts without end": _retried("@retry(wait=wait_fixed(5))", DOUBTED),
        "backoff": _retried("@backoff.on_exception(backoff.expo, OSError, max_tries=9)"),
        "backoff by a factor": _retried("@backoff.on_exception(backoff.expo, OSError, factor=10, max_tries=5)"),
        "backoff up to a value": _retried(
            "@backoff.on_exception(backoff.expo, OSError, max_tries=9, max_value=5)", PASSES
        ),
        "constant backoff": _retried("@backoff.on_exception(backoff.constant, OSError, interval=30, max_tries=4)"),
        "short attempts": _retried("@retry(wait=wait_fixed(2), stop=stop_after_attempt(5))", PASSES),
        "short backoff": _retried("@backoff.on_exception(backoff.expo, OSError, max_time=30)", PASSES),
        "attempts at once": _retried("@retry(stop=stop_after_attempt(5))", PASSES),
        "attempts in a loop": _waits(
            "for one in tenacity.Retrying(wait=wait_fixed(60), stop=stop_after_attempt(5)): one(post, key)"
        ),
        "event": _waits("threading.Event().wait(600)"),
        "event of the module": _waits("READY.wait(timeout=600)"),
        "short event": _waits("READY.wait(6)", PASSES),
        "queue": _waits("WAITING.get(timeout=120)"),
        "dictionary": _waits("{}.get('timeout', 120)", PASSES),
        "command": _waits("subprocess.run(['sleep', '120'], check=True)"),
        "another command": _waits("subprocess.run(['resize', '120'], check=True)", PASSES),
        "machine": _waits("boto3.client('ec2').get_waiter('instance_running').wait(InstanceIds=[key])", DOUBTED),
        "machine, configured": _waits(
            "boto3.client('ec2').get_waiter('x').wait(WaiterConfig={'Delay': 15, 'MaxAttempts': 40})"
        ),
        "machine, shortly": _waits(
            "boto3.client('ec2').get_waiter('x').wait(WaiterConfig={'Delay': 2, 'MaxAttempts': 9})", PASSES
        ),
        "page": _waits("WebDriverWait(open_page(key), 300).until(loaded)"),
        "page, shortly": _waits("WebDriverWait(open_page(key), timeout=10).until(loaded)", PASSES),
        "page, by its milliseconds": _waits("open_page(key).wait_for_timeout(90_000)"),
        "page, for a few milliseconds": _waits("open_page(key).wait_for_timeout(900)", PASSES),
        "limit given by a call": _called(_SHORT, ALARM, "time.sleep(60)"),
        "limit given by name": _called(
            _SHORT.replace("send.apply_async((key,)", "app.send_task('shop.send', (key,)"), ALARM, "time.sleep(60)"
        ),
        "no limit given by a call": _called("send.apply_async((key,))", PASSES, "time.sleep(60)"),
    },
    "request-within-limit": {
        "limit given by a call": _called(_SHORT, ALARM, _POST),
        "no limit given by a call": _called("send.apply_async((key,))", PASSES, _POST),
        "attempts of a session": _sent(
            _MOUNT.format("Retry(total=5, backoff_factor=2)"), "client.get(key, timeout=50)", WARNED
        ),
        "attempts, by their number": _sent(_MOUNT.format("5"), "client.get(key, timeout=50)", WARNED),
        "attempts of a session that a function makes": _sent(
            "def made():\n    own = requests.Session()\n    policy = Retry(total=5)\n    adapter = HTTPAdapter(max_retries=policy)\n"
            "    own.mount('https://', adapter)\n    return own\n\n\nclient = made()\n",
            "client.get(key, timeout=50)",
            WARNED,
        ),
        "attempts of a session of the task": _sent(
            "",
            "own = requests.Session()\n    own.mount('https://', HTTPAdapter(max_retries=Retry(total=5)))\n    own.get(key, timeout=50)",
            WARNED,
        ),
        "few attempts of a session": _sent(
            _MOUNT.format("Retry(total=2, backoff_factor=1)"), "client.get(key, timeout=10)", PASSES
        ),
        "another session's attempts": _sent(
            _MOUNT.format("Retry(total=5)"), "requests.Session().get(key, timeout=50)", PASSES
        ),
    },
}
