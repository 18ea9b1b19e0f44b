"""The sender's retries, and others that multiply or hide them."""

from audit.model.findings import Outcome
from tests.rules.kinds.program import DOUBTED, PASSES, Program

_HEAD = """
from celery import Celery

app = Celery("shop", broker="redis://localhost/0")
"""
_SEND = """

@app.task(bind=True, max_retries=3)
def send(self, message_id):
    try:
        deliver(message_id)
    except ConnectionError as error:
        raise self.retry(exc=error, countdown=60 * 2**self.request.retries)
"""


def _sender(deliver: str, send: str = _SEND, **files: str) -> dict[str, str]:
    return {
        "audit.toml": '[roles]\nsender = "shop:send"\n',
        "shop.py": _HEAD + deliver + send,
        **{f"{name}.py": text for name, text in files.items()},
    }


def _both(name: str, outcomes: frozenset[Outcome], files: dict[str, str]) -> tuple[Program, ...]:
    return tuple(Program(rule, name, outcomes, files) for rule in ("retry-limit", "retry-delays"))


PROGRAMS = (
    *_both("what it calls retries nothing", PASSES, _sender("\n\ndef deliver(key):\n    gateway.post(key)\n")),
    *_both(
        "a decorator on what its callee calls",
        DOUBTED,
        _sender(
            "\nfrom gate import deliver\n",
            gate="from tenacity import retry, stop_after_attempt\n\n\n@retry(stop=stop_after_attempt(9))\ndef post(key):\n"
            "    gateway.post(key)\n\n\ndef deliver(key):\n    post(key)\n",
        ),
    ),
    *_both(
        "a library that wraps a function by its name",
        DOUBTED,
        _sender(
            "\nimport backoff\n\n\ndef post(key):\n    gateway.post(key)\n\n\ndeliver = backoff.on_exception(backoff.expo, OSError)(post)\n"
        ),
    ),
    *_both(
        "the adapter of a session",
        DOUBTED,
        _sender(
            "\nfrom gate import deliver\n",
            gate="import requests\nfrom requests.adapters import HTTPAdapter\nfrom urllib3.util import Retry\n\n"
            'session = requests.Session()\nsession.mount("https://", HTTPAdapter(max_retries=Retry(total=5)))\n\n\n'
            "def deliver(key):\n    session.post(key, timeout=5)\n",
        ),
    ),
    *_both(
        "a word of a text",
        PASSES,
        _sender(
            '\n\ndef deliver(key):\n    """No retry here: the task does it."""\n    gateway.post(key, note="retry")\n'
        ),
    ),
)
