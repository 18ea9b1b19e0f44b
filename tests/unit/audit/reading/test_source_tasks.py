"""Celery tasks and the options of their decorators."""

import pytest

from tests.unit.audit.reading.collecting import Collect

HEAD = "from celery import Celery, shared_task\nimport celery\napp = Celery('p')\n"


@pytest.mark.parametrize(
    ("decorator", "name"),
    [
        ("@app.task", "p.job"),
        ("@app.task()", "p.job"),
        ("@app.task(bind=True, name='x.y')", "x.y"),
        ("@shared_task", "p.job"),
        ("@celery.shared_task(name='z')", "z"),
    ],
)
def test_a_task(collect_tree: Collect, decorator: str, name: str) -> None:
    (task,) = collect_tree({"p.py": f"{HEAD}{decorator}\ndef job(): ..."}).tasks
    assert (task.name, task.symbol) == (name, "p:job")


@pytest.mark.parametrize("decorator", ["@other.task", "@cache", "@app.connect", "@Runner().task"])
def test_another_decorator_makes_no_task(collect_tree: Collect, decorator: str) -> None:
    text = f"{HEAD}from invoke import other\nclass Runner: ...\n{decorator}\ndef job(): ..."
    assert collect_tree({"p.py": text}).tasks == ()


def test_options_are_values_or_their_own_text(collect_tree: Collect) -> None:
    text = HEAD + (
        "N = 3\n@app.task(bind=True, max_retries=N, acks_late=True, queue='q', autoretry_for=(KeyError, ), base=unknown( 1))\n"
        "def job(self): ..."
    )
    (task,) = collect_tree({"p.py": text}).tasks
    assert task.options == {
        "bind": True,
        "max_retries": 3,
        "acks_late": True,
        "queue": "q",
        "autoretry_for": ("builtins.KeyError",),
        "base": "unknown( 1)",
    }


def test_the_application_under_another_name_in_another_module(collect_tree: Collect) -> None:
    files = {
        "pkg/__init__.py": "from .core import app as celery_app",
        "pkg/core.py": HEAD,
        "pkg/jobs.py": "from pkg import celery_app as c\n@c.task\ndef job(): ...",
    }
    assert [t.name for t in collect_tree(files).tasks] == ["pkg.jobs.job"]


def test_an_application_that_cannot_be_followed_is_told_by_its_name(collect_tree: Collect) -> None:
    text = "celery_app, thing = unknown()\n@celery_app.task\ndef job(): ...\n@thing.task\ndef other(): ..."
    assert [t.symbol for t in collect_tree({"p.py": text}).tasks] == ["p:job"]
