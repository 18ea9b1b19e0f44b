"""Every write of a setting, and every place of a task's option, as facts tell them; what is read stays what it was."""

import pytest

from audit.model.facts import Facts
from audit.model.setting_writes import Loading, Means, OptionSource, SettingWrite
from audit.model.unknown import UNKNOWN
from tests.unit.audit.reading.collecting import Collect

APP = "import os\nfrom celery import Celery\nfrom outside import options\napp = Celery('shop')\n"


def writes(collect_tree: Collect, text: str, name: str = "task_acks_late", **files: str) -> tuple[SettingWrite, ...]:
    facts: Facts = collect_tree({"app.py": APP + text, **{f"{module}.py": given for module, given in files.items()}})
    return facts.setting_writes.get(name, ())


@pytest.mark.parametrize(
    ("text", "means", "value", "lines"),
    [
        ("app.conf.task_acks_late = True", Means.ASSIGNED, True, [5]),
        ("app.conf['task_acks_late'] = True", Means.ASSIGNED, True, [5]),
        ("app.conf.update(\n    task_acks_late=True)", Means.UPDATED, True, [6]),
        ("app.conf.update({\n    'task_acks_late': True})", Means.UPDATED, True, [6]),
        ("setattr(app.conf, 'task_acks_late', True)", Means.SET_BY_NAME, True, [5]),
        ("app.add_defaults({'task_acks_late': True})", Means.DEFAULTS, True, [5]),
        ("class C:\n    task_acks_late = True\napp.config_from_object(C)", Means.LOADED, True, [6]),
        ("del app.conf.task_acks_late", Means.REMOVED, UNKNOWN, [5]),
        ("app.conf.pop('task_acks_late')", Means.REMOVED, UNKNOWN, [5]),
        ("def late():\n    app.conf.task_acks_late = True", Means.UNCALLED, UNKNOWN, [6]),
        (
            "from celery import current_app\ncurrent_app.conf.task_acks_late = True",
            Means.CURRENT_APPLICATION,
            UNKNOWN,
            [6],
        ),
        ("for value in (False, True):\n    app.conf.task_acks_late = value", Means.ASSIGNED, True, [6]),
        (
            "def call():\n    try:\n        app.conf.task_acks_late = True\n    except OSError:\n        pass\ncall()",
            Means.ASSIGNED,
            True,
            [7],
        ),
    ],
)
def test_each_kind_of_write_is_kept_once_with_its_place(
    collect_tree: Collect, text: str, means: Means, value: object, lines: list[int]
) -> None:
    found = writes(collect_tree, text)
    assert [w.excerpt.first_line for w in found if w.excerpt] == lines
    assert [(w.means, w.value) for w in found] == [(means, value)]


def test_an_argument_of_the_application_is_a_write(collect_tree: Collect) -> None:
    (found,) = writes(collect_tree, "other = 1\napp = Celery('x', broker='redis://h/0')", "broker_url")
    assert (found.means, found.value) == (Means.ARGUMENT, "redis://h/0")


def test_writes_are_in_the_order_read_and_name_what_loads_them(collect_tree: Collect) -> None:
    first, second = writes(
        collect_tree,
        "app.config_from_object('settings', namespace='CELERY')\napp.conf.task_acks_late = False",
        settings="CELERY_TASK_ACKS_LATE = True\n",
    )
    assert first.position < second.position
    assert (first.written_as, first.module) == ("CELERY_TASK_ACKS_LATE", "app")
    assert first.excerpt
    assert first.call
    assert (first.excerpt.path, first.call.path, first.call.first_line) == ("settings.py", "app.py", 5)
    assert (second.written_as, second.call) == ("task_acks_late", None)


def test_an_old_name_is_told(collect_tree: Collect) -> None:
    (found,) = writes(collect_tree, "app.conf.CELERY_ACKS_LATE = True")
    assert found.written_as == "CELERY_ACKS_LATE"


def test_the_variable_that_may_replace_a_value_is_told(collect_tree: Collect) -> None:
    (found,) = writes(collect_tree, "app.conf.worker_concurrency = int(os.getenv('N', '4'))", "worker_concurrency")
    assert (found.value, found.variable) == (4, "N")


def test_both_sides_of_a_test_are_kept_with_the_test(collect_tree: Collect) -> None:
    found = writes(
        collect_tree, "if options():\n    app.conf.task_acks_late = True\nelse:\n    app.conf.task_acks_late = False"
    )
    assert [(w.value, w.on_a_side) for w in found] == [(True, True), (False, True)]
    assert [w.test.text for w in found if w.test] == ["if options():"] * 2


@pytest.mark.parametrize("text", ["app.conf.update(**options())", "app.config_from_envvar('X')", "app.conf.clear()"])
def test_what_may_write_any_setting_is_kept_apart(collect_tree: Collect, text: str) -> None:
    text = f"app.conf.task_acks_late = True\n{text}"
    assert [w.value for w in writes(collect_tree, text)] == [True]
    assert [w.excerpt.first_line for w in writes(collect_tree, text, "*") if w.excerpt] == [6]


def test_names_behind_an_unknown_value_are_told(collect_tree: Collect) -> None:
    (found,) = writes(collect_tree, "app.conf.update(timezone=os.sep, task_acks_late=options())")
    assert found.value is UNKNOWN
    assert found.unknown_names == ("options (outside.options, outside the project)",)


def test_a_value_that_is_a_name_from_outside_is_told(collect_tree: Collect) -> None:
    (found,) = writes(collect_tree, "app.conf.task_acks_late = options.LATE")
    assert found.outside == "outside.options.LATE"


@pytest.mark.parametrize(("declared", "loading"), [("app:app", Loading.NEVER), ("", Loading.MAYBE)])
def test_the_writes_of_a_module_that_workers_may_not_load_are_marked(
    collect_tree: Collect, declared: str, loading: Loading
) -> None:
    files = {
        "app.py": f"{APP}app.conf.task_acks_late = True\n",
        "stray.py": "from app import app\napp.conf.timezone = ''\n",
    }
    found = collect_tree(files, celery_app=declared).setting_writes
    assert [w.loading for w in found["task_acks_late"]] == [Loading.LOADED]
    assert [w.loading for w in found["timezone"]] == [loading]


def test_every_place_of_an_option_is_told_the_weakest_first(collect_tree: Collect) -> None:
    text = """class Base(app.Task):
    acks_late = True
@app.task(base=Base, acks_late=False)
def send(): ...
send.acks_late = True
"""
    facts = collect_tree({"app.py": APP + text})
    found = [w for w in facts.option_writes["app:send"] if w.name == "acks_late"]
    assert [(w.source, w.value) for w in found] == [
        (OptionSource.BASE_CLASS, True),
        (OptionSource.DECORATOR, False),
        (OptionSource.WRITTEN, True),
    ]
    assert [w.excerpt.first_line for w in found if w.excerpt] == [6, 7, 9]
    assert {task.options["acks_late"] for task in facts.tasks} == {True}


def test_asking_for_writes_changes_no_digest(collect_tree: Collect) -> None:
    files = {"app.py": f"{APP}app.conf.task_acks_late = options()\n"}
    asked, silent = collect_tree(files), collect_tree(files)
    assert asked.setting_writes["task_acks_late"]
    assert len(asked.option_writes) == 0
    assert asked.digest == silent.digest
