import json
import logging
import sys
from collections.abc import Iterator

import pytest

from system import logs
from system.config import read_settings
from system.correlation import correlated

SECRETS = {
    "DATABASE_URL": "postgresql://user:of-the-database@host/db",
    "REDIS_URL": "redis://:of-redis@host:6379/0",
    "WASSENGER_API_KEY": "key-of-the-gateway",
    "WASSENGER_DEVICE": "0123456789abcdef01234567",
    "WASSENGER_WEBHOOK_SECRET": "secret-of-webhooks",
    "ALERT_WEBHOOK_URL": "https://alerts.example/hook/of-the-alerts",
    "METRICS_TOKEN": "token-of-the-metrics",
}


@pytest.fixture
def restored() -> Iterator[None]:
    """The root's handlers as pytest left them."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def line(record: logging.LogRecord, *, terminal: bool = False) -> str:
    return logs.formatter(("key-of-the-gateway",), terminal=terminal).format(record)


def record(message: str, *arguments: object, **extra: object) -> logging.LogRecord:
    return logging.getLogger("system.test").makeRecord(
        "system.test", logging.INFO, __file__, 1, message, arguments, None, extra=extra
    )


def test_a_record_is_one_json_object_with_its_fields() -> None:
    with correlated("request-1"):
        told = json.loads(line(record("send %s", "now", message_id=7, outcome="sent")))
    assert told.pop("timestamp").endswith("Z")
    assert told == {
        "event": "send now",
        "message_id": 7,
        "outcome": "sent",
        "correlation_id": "request-1",
        "level": "info",
        "logger": "system.test",
    }


def test_outside_of_any_request_there_is_no_identifier() -> None:
    assert "correlation_id" not in json.loads(line(record("x")))


@pytest.mark.parametrize("terminal", [True, False])
def test_numbers_and_secrets_are_masked_even_in_a_traceback(terminal: bool) -> None:
    found = record("to %s", "+33639980001", detail={"phone": "+33639980002"})
    try:
        int("Key (phone)=(+33639980003) key-of-the-gateway")
    except ValueError:
        found.exc_info = sys.exc_info()
    told = line(found, terminal=terminal)
    assert "3363998" not in told
    assert "key-of-the-gateway" not in told
    assert "Traceback" in told


def test_every_log_of_the_process_goes_to_standard_output_without_secrets(
    restored: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    logs.configure(read_settings())
    for name in ("system.x", "uvicorn.error", "uvicorn.access", "celery.app.trace"):
        logging.getLogger(name).info("%s", list(SECRETS.values()))
    logging.getLogger("httpx").info("quiet")
    shown = capsys.readouterr()
    lines = [json.loads(text) for text in shown.out.splitlines()]
    assert [told["logger"] for told in lines] == ["system.x", "uvicorn.error", "uvicorn.access", "celery.app.trace"]
    assert not [word for word in ("of-", "secret", "token") if word in shown.out]


SWEEP, SEND = "system.tasks.periodic_tasks.sweep_expired_leases", "system.tasks.message_tasks.send_single_message"


@pytest.mark.parametrize("task", [SWEEP, SEND])
def test_a_routine_task_is_told_only_when_it_fails(task: str) -> None:
    def celery(name: str, level: int, message: str, *arguments: object) -> logging.LogRecord:
        return logging.getLogger(name).makeRecord(name, level, __file__, 1, message, arguments, None)

    context = {"id": "1", "name": task, "return_value": "None", "runtime": 0.1}
    told = [
        celery("celery.beat", logging.INFO, "Scheduler: Sending due task %s (%s)", "sweep", task),
        celery("celery.worker.strategy", logging.INFO, "Task %(name)s[%(id)s] received", context),
        celery("celery.app.trace", logging.INFO, "Task %(name)s[%(id)s] succeeded in %(runtime)ss", context),
    ]
    assert [logs.of_interest(one) for one in told] == [task == SEND] * 3
    failed = celery("celery.app.trace", logging.ERROR, "Task %(name)s[%(id)s] raised unexpected", context)
    assert logs.of_interest(failed)
    assert logs.of_interest(celery("celery.beat", logging.INFO, "beat: Starting..."))
