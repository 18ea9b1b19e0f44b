"""What modules that the application's start does not load write into its settings is taken back, after one reading."""

import pytest

from audit.model.facts import Facts
from tests.unit.audit.reading.collecting import Collect

APP = """
import os
from celery import Celery
app = Celery("shop")
app.conf.beat_schedule = {"own": {"task": "shop.own", "schedule": 60.0}}
"""


def settings(collect_tree: Collect, **files: str) -> Facts:
    return collect_tree(
        {"shop/celery.py": APP + files.pop("app", ""), **{f"{name}.py": text for name, text in files.items()}},
        celery_app="shop.celery:app",
    )


@pytest.mark.parametrize(
    "written",
    [
        "app.conf.task_acks_late = False",
        "app.conf.update({'task_acks_late': False, 'timezone': 'UTC'})",
        "app.conf['beat_schedule'] = {}",
        "app.conf.clear()",
        "app.config_from_object(open('x').read())",
        "app.config_from_envvar('SETTINGS')",
        "app.conf.update(**unknown)",
        "app.add_defaults({'task_always_eager': True})",
        "app.add_periodic_task(30.0, task.s(), name='more')",
        "del app.conf.beat_schedule",
        "if unknown:\n    app.conf.task_acks_late = False\nelse:\n    app.conf.timezone = 'UTC'",
    ],
)
@pytest.mark.parametrize("place", ["conftest", "a_script"])
def test_a_module_that_nothing_loads_changes_nothing(collect_tree: Collect, written: str, place: str) -> None:
    module = f"from shop.celery import app\n@app.task\ndef task(): ...\n{written}\n"
    kept = "app.conf.task_acks_late = True\n"
    alone = settings(collect_tree, app=kept)
    beside = settings(collect_tree, app=kept, **{place: module})
    assert beside.settings == alone.settings
    assert beside.beat == alone.beat
    assert beside.beat_known is alone.beat_known


def test_a_side_that_writes_nothing_leaves_what_was_written_by_what_is_loaded(collect_tree: Collect) -> None:
    early = "from shop.celery import app\napp.conf.task_acks_late = False\n"
    late = "from shop.celery import app, os\nif os.getenv('LATE', ''):\n    app.conf.task_acks_late = True\n"
    files = {"app": "app.conf.include = ['z_late']\n", "z_late": late}
    alone, beside = settings(collect_tree, **files), settings(collect_tree, **files, conftest=early)
    assert beside.settings == alone.settings
    kept = {**files, "app": f"{files['app']}app.conf.task_acks_late = False\n"}
    assert settings(collect_tree, **kept).settings["task_acks_late"].overridable == "LATE"


def test_a_default_counts_where_the_value_before_it_does_not(collect_tree: Collect) -> None:
    early = "from shop.celery import app\napp.conf.task_acks_late = False\n"
    late = "from shop.celery import app\napp.conf.setdefault('task_acks_late', True)\n"
    files = {"app": "app.conf.include = ['z_late']\n", "z_late": late}
    assert settings(collect_tree, **files, conftest=early).settings["task_acks_late"].value is True
    kept = {**files, "app": f"{files['app']}app.conf.task_acks_late = False\n"}
    assert settings(collect_tree, **kept, conftest=early).settings["task_acks_late"].value is False


def test_a_module_that_may_be_loaded_leaves_in_doubt_what_it_changes(collect_tree: Collect) -> None:
    kept = "app.conf.task_acks_late = True\napp.conf.timezone = 'UTC'\ndef later():\n    import more\nprint(later)\n"
    more = "from shop.celery import app\napp.conf.task_acks_late = True\napp.conf.timezone = 'CET'\n"
    found = settings(collect_tree, app=kept, more=more).settings
    assert (found["task_acks_late"].value, str(found["timezone"].value)) == (True, "inconnu")
