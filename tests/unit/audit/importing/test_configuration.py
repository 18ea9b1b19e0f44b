"""The settings, the tasks and the schedule that the configuration probe reads, each in a real interpreter."""

import sys
from dataclasses import replace

import pytest

from audit.importing.configuration_probe import collect
from audit.model.findings import Level
from tests.unit.audit.importing.small_targets import CELERY, Make, celery


def test_settings_tasks_and_beat_are_those_celery_would_use(make: Make) -> None:
    facts = celery(
        make,
        """
        from datetime import timedelta
        from celery.schedules import crontab, schedule
        from kombu import Queue
        app.conf.update(
            task_acks_late=True, worker_concurrency=2 + 2, task_queues=[Queue("low"), Queue("high")],
            task_routes={"work.routed": {"queue": "high"}},
            redis_backend_health_check_interval=timedelta(seconds=1.5),
            beat_schedule={
                "a": {"task": "work.send", "schedule": 120, "options": {"queue": "high"}},
                "b": {"task": "work.send", "schedule": timedelta(minutes=5)},
                "c": {"task": "work.send", "schedule": crontab(minute=0, hour="1, 2")},
                "d": {"task": "work.send", "schedule": schedule(run_every=60)},
            },
        )
        @app.task(bind=True, max_retries=3, autoretry_for=(OSError,), queue="low")
        def send(self, message_id: int, template=None, *, mark: "Unknown" = 5): ...
        @app.task(acks_late=False)
        def routed(): ...
        """,
    )
    assert (facts.failure, facts.failures, facts.level) == ("", (), Level.CONFIGURATION)
    assert facts.settings["task_acks_late"].value is True
    assert facts.settings["task_reject_on_worker_lost"].value is None
    assert facts.settings["worker_concurrency"].value == 4
    assert facts.settings["task_queues"].value == ["low", "high"]
    assert facts.settings["redis_backend_health_check_interval"].value == 1.5
    assert facts.settings["broker_url"].value == "redis://***@broker.example:6379/0"
    assert [(t.name, t.symbol) for t in facts.tasks] == [("work.routed", "work:routed"), ("work.send", "work:send")]
    routed, send = facts.tasks
    assert (routed.options["bind"], routed.options["acks_late"], routed.options["queue"]) == (False, False, "high")
    assert (send.options["bind"], send.options["acks_late"], send.options["queue"]) == (True, True, "low")
    assert (send.options["max_retries"], send.options["autoretry_for"]) == (3, ["builtins:OSError"])
    shown = [(p.name, p.annotation, p.default) for p in facts.functions["work:send"].parameters]
    assert shown[0] == ("self", "", "")
    assert shown[2:] == [("template", "", "None"), ("mark", "Unknown", "5")]
    assert [(e.name, e.seconds, e.crontab) for e in facts.beat] == [
        ("a", 120.0, ""),
        ("b", 300.0, ""),
        ("c", None, "0 1,2 * * *"),
        ("d", 60.0, ""),
    ]
    assert facts.beat[0].options == {"queue": "high"}
    assert facts.beat_known
    assert not facts.routes_known
    assert facts.versions["celery"].startswith("5.")
    assert facts.versions["python"] == ".".join(map(str, sys.version_info[:3]))


def test_facts_are_the_same_from_one_run_to_the_next(make: Make) -> None:
    target = make(
        {"work.py": CELERY + "    app.conf.task_annotations = [object(), {1, 2, 3}]\n"}, celery_app="work:app"
    )
    assert collect(target).digest == collect(target).digest


def test_what_a_set_holds_has_one_order_in_every_run(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    tags = """
        from typing import Annotated

        class Tagged:
            def __repr__(self):
                return repr({f"tag-{n}" for n in range(40)})

        app.conf.my_option = Tagged()

        @app.task
        def one(a: Annotated[str, frozenset({"alpha", "beta", "gamma", "delta"})], b=Tagged()):
            pass
    """
    digests = set()
    for seed in ("1", "2", "random"):
        monkeypatch.setenv("PYTHONHASHSEED", seed)
        digests.add(celery(make, tags).digest)
    assert len(digests) == 1


def test_task_modules_named_by_include_are_imported(make: Make) -> None:
    others = {"jobs.py": "from work import app\n@app.task\ndef job(): ...\n"}
    facts = celery(make, "app.conf.include = ['jobs']", **others)
    assert [t.name for t in facts.tasks] == ["jobs.job"]


def test_a_task_module_that_fails_leaves_the_settings(make: Make) -> None:
    others = {"jobs.py": "1 / 0\n", "fine.py": "from work import app\n@app.task\ndef job(): ...\n"}
    facts = celery(make, "app.conf.include = ['jobs', 'fine']\napp.conf.task_acks_late = True", **others)
    assert facts.failure == ""
    assert [t.name for t in facts.tasks] == ["fine.job"]
    assert facts.settings["task_acks_late"].value is True
    assert facts.failures == (
        "L'import de « jobs » a échoué : ZeroDivisionError : division by zero (jobs.py, ligne 1).",
    )


def test_modules_are_discovered_as_celery_does(make: Make) -> None:
    others = {"shop/__init__.py": "", "shop/tasks.py": "from work import app\n@app.task\ndef buy(): ...\n"}
    assert [t.name for t in celery(make, "app.autodiscover_tasks(['shop'])", **others).tasks] == ["shop.tasks.buy"]
    others["shop/tasks.py"] = "raise OSError('no shop')"
    facts = celery(make, "app.autodiscover_tasks(['shop'])", **others)
    assert facts.failures == (
        "La découverte des modules de tâches a échoué : OSError : no shop (shop/tasks.py, ligne 1).",
    )
    assert facts.settings


def test_half_a_configuration_is_not_reported(make: Make) -> None:
    text = """
    import os
    app.conf.task_acks_late = True
    app.add_defaults(lambda: {"broker_url": os.environ["SMALL_URL"]})
    """
    target = make(
        {"work.py": CELERY.replace(', broker="redis://user:hunter2@broker.example:6379/0"', "") + text},
        celery_app="work:app",
    )
    missing = "La lecture des réglages Celery a échoué : la variable d'environnement « SMALL_URL » n'est pas définie (work.py, ligne 7)."
    facts = collect(target)
    assert (facts.failure, facts.settings, facts.beat_known) == (missing, {}, False)
    told = collect(replace(target, environment=("SMALL_URL=redis://small=1/0",)))
    assert told.settings["broker_url"].value == "redis://small=1/0"
    assert told.versions["isolation"].endswith(" ; environnement prêté : SMALL_URL"), "its value may be a secret"


@pytest.mark.parametrize("entry", ["SMALL_URL", "=x", ""])
def test_an_environment_that_cannot_be_read_is_told(make: Make, entry: str) -> None:
    facts = collect(replace(make({"work.py": CELERY}, celery_app="work:app"), environment=("A=1", entry)))
    assert facts.failure == "Une entrée de `target.environment` n'a pas la forme « NOM=valeur »."


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("app.conf.beat_scheduler = 'redbeat.RedBeatScheduler'", "beat utilise « redbeat.RedBeatScheduler »"),
        (
            "app.conf.beat_schedule = {'s': {'task': 't', 'schedule': __import__('celery.schedules').schedules.BaseSchedule()}}",
            "la périodicité de « s »",
        ),
        ("app.conf.beat_schedule = {'s': {'task': 't', 'schedule': True}}", "la périodicité de « s »"),
    ],
)
def test_a_schedule_not_wholly_in_the_configuration_is_not_called_known(make: Make, text: str, reason: str) -> None:
    facts = celery(make, text)
    assert not facts.beat_known
    assert reason in facts.failures[0]


def test_beat_entries_added_by_a_signal_are_seen(make: Make) -> None:
    facts = celery(
        make,
        """
        @app.task
        def tick(): ...
        @app.on_after_finalize.connect
        def add(sender, **_): sender.add_periodic_task(30.0, tick.s(), name="every 30")
        """,
    )
    assert [(e.name, e.task, e.seconds) for e in facts.beat] == [("every 30", "work.tick", 30.0)]


DEPRECATED = """
    import warnings
    from datetime import datetime
    from pydantic import BaseModel
    class Old(BaseModel):
        class Config:
            frozen = True
    for _ in range(3):
        warnings.warn("token=abcdef is old", FutureWarning)
    warnings.warn("not about age")
"""


def test_deprecations_warned_about_at_import_are_quoted(make: Make) -> None:
    facts = celery(make, DEPRECATED)
    assert len(facts.deprecations) == 2
    model, future = facts.deprecations
    assert "PydanticDeprecatedSince20" in model.what
    assert model.excerpt is not None
    assert (model.excerpt.path, model.excerpt.text) == ("work.py", "class Old(BaseModel):")
    assert future.what == "Avertissement `FutureWarning` à l'import : token=*** is old"
    assert future.excerpt is not None
    assert future.excerpt.text == '    warnings.warn("token=*** is old", FutureWarning)'


def test_warnings_of_others_are_not_quoted(make: Make) -> None:
    text = """
    import warnings
    for path, line in (("/usr/lib/x.py", 1), (__file__, 9999), ("missing.py", 1)):
        warnings.warn_explicit(f"old {line} {path[:2]}", DeprecationWarning, path, line)
    """
    facts = celery(make, text)
    assert [d.excerpt for d in facts.deprecations] == [None, None, None]
