"""`audit explain` on small trees: what wins, what overrides, what is unknown and why, and how it ends."""

import json
import textwrap
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from audit.command.cli import app

APP = """
import os
from celery import Celery
from outside import options
app = Celery("shop", broker="redis://:hunter2secret@h/0")
"""
TASKS = """
from shop.celery import app

@app.task(acks_late=True, queue="slow", max_retries=2)
def send(order):
    return helper(order)

def helper(order):
    return order
"""


def written(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / "shop" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text), encoding="utf-8")
    return root / "shop"


def explain(name: str, target: Path, *options: str) -> Result:
    return CliRunner().invoke(app, ["explain", name, str(target), *options])


def lines(name: str, root: Path, text: str = "", **files: str) -> list[str]:
    """What is printed for a name, where `text` follows the application."""
    tree = {"shop/__init__.py": "", "shop/celery.py": APP + textwrap.dedent(text), **files}
    result = explain(name, written(root, tree))
    assert result.exit_code == 0, result.output
    return result.stdout.splitlines()


def test_a_setting_never_written_has_celery_s_default(tmp_path: Path) -> None:
    assert lines("worker_pool", tmp_path) == [
        "worker_pool is not written: 'prefork', the default of Celery 5.7 (celery/app/defaults.py)"
    ]


def test_the_default_is_that_of_the_release_that_the_target_pins(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "requirements.txt").write_text("celery==5.1.2\n", encoding="utf-8")
    told = "worker_concurrency is not written: 0, the default of Celery 5.1 (celery/app/defaults.py)"
    assert lines("worker_concurrency", tmp_path) == [told]


def test_the_only_write_wins(tmp_path: Path) -> None:
    found = lines("task_time_limit", tmp_path, "app.conf.update(task_time_limit=60)")
    assert found[-1] == "shop/celery.py:6: write 1 wins: nothing else that counts writes it"


def test_the_last_write_wins(tmp_path: Path) -> None:
    text = "app.conf.task_time_limit = 30\napp.conf.update(task_time_limit=60)"
    assert lines("task_time_limit", tmp_path, text) == [
        "task_time_limit is 60",
        "shop/celery.py:6: write 1: an assignment writes 30: app.conf.task_time_limit = 30",
        "shop/celery.py:7: write 2: `conf.update` writes 60: app.conf.update(task_time_limit=60)",
        "shop/celery.py:7: write 2 wins: it is read after write 1",
    ]


def test_defaults_of_the_application_lose(tmp_path: Path) -> None:
    found = lines("timezone", tmp_path, "app.conf.timezone = 'UTC'\napp.add_defaults({'timezone': 'Europe/Paris'})")
    assert "`add_defaults` gives, where nothing else writes it, 'Europe/Paris'" in found[2]
    assert found[0] == "timezone is 'UTC'"
    assert found[-1] == "shop/celery.py:6: write 1 wins: write 2 only counts where nothing else writes it"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("app.conf.task_acks_late = options()", "shop/celery.py:6: write 1 uses options (outside.options, outside the"),
        (
            "if options():\n    app.conf.task_acks_late = True",
            "shop/celery.py:6: write 1 depends on this line: if opti",
        ),
        ("app.conf.update(**options())", "shop/celery.py:6: write 1 leaves it unknown: what it merges was not read"),
        ("app.config_from_object('nowhere')", "shop/celery.py:6: write 1: a configuration that was not read is loaded"),
        ("def late():\n    app.conf.task_acks_late = True", "shop/celery.py:7: write 1 leaves it unknown: nothing was"),
        ("del app.conf.task_acks_late", "shop/celery.py:6: write 1 leaves it unknown: what holds once it is removed"),
        (
            "from celery import current_app\ncurrent_app.conf.task_acks_late = True",
            "shop/celery.py:7: write 1 leaves it unknown: `current_app` may be any application",
        ),
    ],
)
def test_what_makes_a_setting_unknown_is_told(tmp_path: Path, text: str, why: str) -> None:
    found = lines("task_acks_late", tmp_path, text)
    assert found[0].startswith("task_acks_late is unknown")
    assert [line for line in found if line.startswith(why)], found
    assert found[-1].startswith("`audit run --level configuration`")


def test_a_value_from_outside_is_unknown(tmp_path: Path) -> None:
    found = lines("worker_concurrency", tmp_path, "app.conf.worker_concurrency = options.children")
    assert found[0] == "worker_concurrency is unknown: it is outside.options.children, which is outside the project"


def test_an_unread_file_is_named_where_the_value_is_unknown(tmp_path: Path) -> None:
    files = {"shop/broken.py": "def ("}
    assert any(line.startswith("shop/broken.py: not read") for line in lines(
        "task_acks_late", tmp_path, "app.conf.update(**options())", **files
    ))  # fmt: skip


def test_two_applications_are_named_where_none_is_declared(tmp_path: Path) -> None:
    found = lines("task_acks_late", tmp_path, "other = Celery('other')\nother.conf.task_acks_late = True")
    assert found[0] == "task_acks_late is unknown: which application is audited is not told"
    told = "shop.celery:other is one of 2 applications; `target.celery_app` says which is audited"
    assert f"shop/celery.py:6: {told}" in found


def test_a_write_that_the_environment_decides_does_not_count(tmp_path: Path) -> None:
    found = lines("task_always_eager", tmp_path, "if os.getenv('EAGER'):\n    app.conf.task_always_eager = True")
    assert found[0].startswith("task_always_eager is not written on the way that the source takes: False")
    assert "shop/celery.py:7: write 1 does not count: the source takes another way" in found


def test_the_variable_of_a_value_is_told(tmp_path: Path) -> None:
    found = lines("worker_concurrency", tmp_path, "app.conf.worker_concurrency = int(os.getenv('N', '4'))")
    assert found[0] == "worker_concurrency is 4, unless N replaces it"


def test_a_variable_without_a_default_is_told(tmp_path: Path) -> None:
    found = lines("result_backend", tmp_path, "app.conf.result_backend = os.environ['RESULTS']")
    assert "an assignment writes a value that the source does not tell, which the variable RESULTS gives" in found[1]
    assert found[2].endswith("leaves it unknown: the source does not tell its value, which RESULTS gives")


def test_what_a_later_write_replaces_is_no_reason(tmp_path: Path) -> None:
    text = "app.conf.task_acks_late = options()\napp.conf.task_acks_late = True\ndel app.conf.task_acks_late"
    reasons = [line for line in lines("task_acks_late", tmp_path, text) if "leaves it unknown" in line]
    assert [line.partition(": ")[0] for line in reasons] == ["shop/celery.py:8"]


def test_a_key_of_the_project_s_configuration_is_told(tmp_path: Path) -> None:
    text = "def init(flask):\n    app.config_from_object(flask.config['SHOP_CELERY'])\n"
    files = {"shop/settings.py": "SHOP_CELERY = {'task_acks_late': True}\n"}
    found = lines("task_acks_late", tmp_path, text, **files)
    assert found[0] == "task_acks_late is True, unless SHOP_CELERY replaces it"
    assert "writes True, unless the key SHOP_CELERY of the project's configuration replaces it" in found[1]
    assert found[-1] == "the key SHOP_CELERY of the project's configuration may replace all settings"


def test_old_and_prefixed_names_are_told(tmp_path: Path) -> None:
    text = "app.config_from_object('shop.settings', namespace='CELERY')"
    files = {"shop/settings.py": "CELERY_TASK_ACKS_LATE = True"}
    found = lines("CELERY_ACKS_LATE", tmp_path, text, **files)
    assert found[:2] == [
        "CELERY_ACKS_LATE is another name of task_acks_late, which Celery has today",
        "task_acks_late is True",
    ]
    assert "under the name CELERY_TASK_ACKS_LATE" in found[2]
    assert found[3].startswith("shop/celery.py:6: write 1 reaches the application here")


def test_a_module_that_no_worker_loads_does_not_count(tmp_path: Path) -> None:
    stray = "from shop.celery import app\napp.conf.task_acks_late = False\n"
    files = {"stray.py": stray, "Procfile": "worker: celery -A shop.celery worker\n"}
    found = lines("task_acks_late", tmp_path, "app.conf.task_acks_late = True", **files)
    assert found[0] == "task_acks_late is True"
    assert "stray.py:2: write 2: an assignment writes False; workers do not load stray: it does not count" in found[2]


def test_what_counts_over_a_setting_is_told(tmp_path: Path) -> None:
    text = "app.conf.task_annotations = {'*': {'acks_late': False}}\napp.conf.worker_concurrency = 8"
    files = {"shop/tasks.py": TASKS, "Procfile": "worker: celery -A shop.celery worker -c 3 -P gevent -Q fast\n"}
    late = lines("task_acks_late", tmp_path, text, **files)
    over = "task shop.tasks.send has acks_late=True, from the decorator, over the setting"
    assert [line for line in late if line.startswith(f"shop/tasks.py:4: {over}")], late
    assert [line for line in late if "task_annotations gives every task acks_late=False, over its options" in line]
    for name, option in (
        ("worker_concurrency", "concurrency=3"),
        ("worker_pool", "pool=gevent"),
        ("task_queues", "qu"),
    ):
        told = f"Procfile:1: the worker started here has --{option}"
        assert lines(name, tmp_path, text, **files)[-1].startswith(told)


def test_secrets_are_hidden(tmp_path: Path) -> None:
    assert "hunter2secret" not in "".join(lines("broker_url", tmp_path))


def test_a_task_is_explained_under_its_name_and_its_symbol(tmp_path: Path) -> None:
    files = {"shop/tasks.py": TASKS, "Procfile": "worker: celery -A shop.celery worker -Q fast\n"}
    text = "app.conf.include = ['shop.tasks']\napp.conf.task_time_limit = 60"
    found = lines("shop.tasks.send", tmp_path, text, **files)
    assert found == lines("shop.tasks:send", tmp_path, text, **files) == lines("send", tmp_path, text, **files)
    assert found[0] == "shop/tasks.py:4: shop.tasks.send is defined here, as shop.tasks:send"
    for told in (
        "shop/tasks.py:4: option acks_late=True, from the decorator",
        "shop/celery.py:7: no option time_limit: the setting task_time_limit=60 is what counts",
        "shop/tasks.py:4: queue 'slow', from its own option",
        "Procfile:1: the worker started here does not take from it: --queues=fast",
        "shop/celery.py:6: workers load shop.tasks: the setting include lists it",
        "no retry was found in it",
        "it may call 1 function of the project",
        "shop/tasks.py:8: calls shop.tasks:helper",
    ):
        assert [line for line in found if line.startswith(told)], (told, found)


def test_an_unloaded_task_and_a_routed_one(tmp_path: Path) -> None:
    files = {"shop/tasks.py": TASKS.replace(', queue="slow"', "")}
    found = lines("send", tmp_path, "app.conf.task_routes = {'shop.tasks.*': {'queue': 'messages'}}", **files)
    assert [line for line in found if line.startswith("shop/celery.py:6: queue 'messages', from task_routes")]
    assert [line for line in found if line.startswith("workers do not load shop.tasks")]


def test_the_worker_that_takes_a_task_and_its_retries_are_told(tmp_path: Path) -> None:
    retried = TASKS.replace("(acks_late=True", "(bind=True").replace("send(order)", "send(self, order)")
    retried = retried.replace("return helper(order)", "raise self.retry(countdown=9)", 1)
    files = {"shop/tasks.py": retried, "Procfile": "worker: celery -A shop.celery worker -Q slow\n"}
    found = lines("send", tmp_path, **files)
    assert "shop/tasks.py:6: retries at most 2, after 9, 9 s" in [line.partition(": raise")[0] for line in found], found
    assert [line for line in found if line.startswith("Procfile:1: the worker started here takes from it: --queues=")]


def test_json_holds_the_same_facts(tmp_path: Path) -> None:
    target = written(tmp_path, {"shop/__init__.py": "", "shop/celery.py": f"{APP}app.conf.task_acks_late = True\n"})
    document = json.loads(explain("task_acks_late", target, "--json").stdout)
    assert (document["kind"], document["name"], document["known"]) == ("setting", "task_acks_late", True)
    wins = [fact for fact in document["facts"] if fact["kind"] == "wins"]
    assert [(fact["path"], fact["line"]) for fact in wins] == [("shop/celery.py", 6)]


def test_a_name_that_celery_does_not_read_exits_2(tmp_path: Path) -> None:
    target = written(tmp_path, {"shop/__init__.py": "", "shop/celery.py": f"{APP}app.conf.task_ack_late = True\n"})
    result = explain("task_ack_late", target)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "did you mean task_acks_late" in result.stderr
    assert "shop/celery.py:6, where Celery does not read it" in result.stderr


@pytest.mark.parametrize(
    ("files", "told"),
    [({}, "no Python file"), ({"a.py": "def f(): ...\n"}, "no Celery application was found")],
)
def test_nothing_to_read_exits_3(tmp_path: Path, files: dict[str, str], told: str) -> None:
    (tmp_path / "shop").mkdir()
    result = explain("task_acks_late", written(tmp_path, files))
    assert (result.exit_code, result.stdout) == (3, "")
    assert told in result.stderr


def test_no_such_target_exits_2(tmp_path: Path) -> None:
    assert explain("task_acks_late", tmp_path / "none").exit_code == 2
