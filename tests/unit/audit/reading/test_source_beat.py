"""The beat schedule, entry by entry."""

import pytest

from tests.unit.audit.reading.collecting import Collect

HEAD = "from celery import Celery\nfrom celery.schedules import crontab, schedule\nfrom datetime import timedelta\napp = Celery('p')\n"


@pytest.mark.parametrize(
    ("schedule", "seconds", "crontab"),
    [
        ("120.0", 120.0, ""),
        ("2 * 60", 120.0, ""),
        ("timedelta(minutes=2)", 120.0, ""),
        ("schedule(run_every=timedelta(minutes=2))", 120.0, ""),
        ("crontab(hour=0, minute=0)", None, "0 0 * * *"),
        ("crontab(0, 3)", None, "0 3 * * *"),
        ("crontab(minute='*/5', day_of_week='mon, fri', day_of_month=1)", None, "*/5 * 1 * mon,fri"),
    ],
)
def test_a_schedule(collect_tree: Collect, schedule: str, seconds: float | None, crontab: str) -> None:
    text = f"{HEAD}app.conf.beat_schedule = {{'e': {{'task': 'p.t', 'schedule': {schedule}}}}}"
    facts = collect_tree({"p.py": text})
    assert facts.beat_known
    assert [(e.task, e.seconds, e.crontab) for e in facts.beat] == [("p.t", seconds, crontab)]


@pytest.mark.parametrize("schedule", ["unknown()", "solar('sunset', 1, 2)", "'often'"])
def test_a_schedule_that_cannot_be_read_leaves_the_whole_unknown(collect_tree: Collect, schedule: str) -> None:
    text = f"{HEAD}app.conf.beat_schedule = {{'e': {{'task': 'p.t', 'schedule': {schedule}}}}}"
    assert not collect_tree({"p.py": text}).beat_known


def test_each_entry_quotes_its_own_lines_and_options(collect_tree: Collect) -> None:
    text = HEAD + (
        "app.conf.update(\n    beat_schedule={\n        'a': {\n            'task': 'p.a',\n            'schedule': 1,\n"
        "            'options': {'expires': 3},\n        },\n        'b': {'task': 'p.b', 'schedule': 2},\n    }\n)"
    )
    one, two = collect_tree({"p.py": text}).beat
    assert one.excerpt is not None
    assert two.excerpt is not None
    assert (one.excerpt.first_line, one.excerpt.last_line) == (7, 11)
    assert two.excerpt.text == "        'b': {'task': 'p.b', 'schedule': 2},"
    assert one.options == {"expires": 3}


def test_entries_added_one_by_one_and_merged(collect_tree: Collect) -> None:
    text = (
        HEAD
        + "BASE = {'a': {'task': 'p.a', 'schedule': 1}}\n"
        + "app.conf.beat_schedule = {**BASE, 'b': {'task': 'p.b', 'schedule': 2}}\n"
        + "app.conf.beat_schedule['c'] = {'task': 'p.c', 'schedule': 3}\n"
        + "app.conf.beat_schedule.update({'d': {'task': 'p.d', 'schedule': 4}})\n"
        + "app.conf.beat_schedule |= {'e': {'task': 'p.e', 'schedule': 5}}\n"
    )
    facts = collect_tree({"p.py": text})
    assert [e.name for e in facts.beat] == ["a", "b", "c", "d", "e"]
    assert [e.excerpt.first_line for e in facts.beat if e.excerpt] == [5, 6, 7, 8, 9]
    assert facts.beat_known


def test_a_task_named_by_its_function(collect_tree: Collect) -> None:
    text = HEAD + (
        "@app.task(name='custom')\ndef job(): ...\napp.conf.beat_schedule = {'a': {'task': job.name, 'schedule': 1}}"
    )
    assert [e.task for e in collect_tree({"p.py": text}).beat] == ["custom"]


def test_a_schedule_in_a_configuration_module(collect_tree: Collect) -> None:
    files = {
        "conf.py": "CELERYBEAT_SCHEDULE = {'a': {'task': 'p.a', 'schedule': 1}}",
        "p.py": f"{HEAD}app.config_from_object('conf')",
    }
    facts = collect_tree(files)
    assert [e.name for e in facts.beat] == ["a"]
    assert facts.beat_known


def test_periodic_tasks_added_when_the_application_is_ready(collect_tree: Collect) -> None:
    text = HEAD + (
        "@app.task\ndef job(): ...\n"
        "@app.on_after_configure.connect\ndef setup(sender, **kwargs):\n"
        "    sender.add_periodic_task(10.0, job.s(), name='ten')\n"
    )
    facts = collect_tree({"p.py": text})
    assert [(e.name, e.task, e.seconds) for e in facts.beat] == [("ten", "p.job", 10.0)]
    assert facts.beat_known


def test_no_schedule_is_known_to_be_empty_only_when_all_the_configuration_is(collect_tree: Collect) -> None:
    assert collect_tree({"p.py": HEAD}).beat_known
    assert not collect_tree({"p.py": f"{HEAD}app.conf.update(unknown())"}).beat_known
    assert not collect_tree({"p.py": f"{HEAD}app.conf.beat_schedule = unknown()"}).beat_known
    assert not collect_tree({"p.py": "x = 1"}).beat_known
    assert not collect_tree({"p.py": f"{HEAD}app.conf.beat_schedule = {{unknown(): 1}}"}).beat_known
