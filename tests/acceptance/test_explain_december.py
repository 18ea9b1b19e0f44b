"""`audit explain` on the December application: a setting, one that a start line overrides, and a task."""

from typer.testing import CliRunner

from audit.command.cli import app
from tests.acceptance.reference_copy import REPOSITORY

TARGET = REPOSITORY / "tests" / "targets" / "decembre-2025"


def explained(name: str) -> list[str]:
    result = CliRunner().invoke(app, ["explain", name, str(TARGET)])
    assert result.exit_code == 0, result.output
    return result.stdout.splitlines()


def test_the_december_settings() -> None:
    assert explained("task_acks_late") == [
        "task_acks_late is True",
        "app/tasks/celery_app.py:23: write 1: `conf.update` writes True: task_acks_late=True,",
        "app/tasks/celery_app.py:16: write 1 reaches the application here: celery_app.conf.update( …",
        "app/tasks/celery_app.py:23: write 1 wins: nothing else that counts writes it",
    ]
    assert explained("broker_url")[0] == "broker_url is 'redis://localhost:6379/0', unless REDIS_URL replaces it"
    told = "start.sh:5: the worker started here has --concurrency=1, over the setting: celery -A app.tasks.celery_app"
    assert explained("worker_concurrency")[-1].startswith(told)


def test_the_december_sending_task() -> None:
    found = explained("app.tasks.message_tasks.send_single_message")
    assert found[0].startswith("app/tasks/message_tasks.py:16: app.tasks.message_tasks.send_single_message is defined")
    for told in (
        "app/tasks/message_tasks.py:16: option max_retries=3, from the decorator",
        "app/tasks/celery_app.py:42: queue 'messages', from task_routes",
        "start.sh:5: the worker started here takes from it: --queues=default,messages,",
        "app/tasks/celery_app.py:13: workers load app.tasks.message_tasks: the setting include lists it",
        "app/tasks/message_tasks.py:38: retries at most 3, after 60, 120, 240 s",
        "it may call 13 functions of the project",
    ):
        assert [line for line in found if line.startswith(told)], told
