"""Answers that depend on what each probe knows, which no edit of a source tree shows alone."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from audit.model.annotations import annotated
from audit.model.facts import BeatEntry, Facts, Function, Process, Route, Setting, Task
from audit.model.findings import Excerpt, Level, Outcome
from audit.model.plain_value import REST, PlainValue
from audit.model.target_facts import TargetFacts
from audit.model.unknown import UNKNOWN
from audit.rules import every_rule
from audit.rules.crontabs import crontab_seconds, daily_times, frequency
from audit.target.target_file import Target
from tests.rules.example_projects import answer, write

SENDER = "app.tasks:send"
BY_ID = {rule.id: rule for rule in every_rule()}


def inside(options: Mapping[str, Any] | None = None, **settings: PlainValue) -> Facts:
    return Facts(
        Level.CONFIGURATION,
        "configuration",
        settings={name: Setting(name, value) for name, value in settings.items()},
        tasks=(Task("app.tasks.send", SENDER, options or {}),),
    )


def known(target_roles: Mapping[str, tuple[str, ...]], configuration: Facts, **source: Any) -> TargetFacts:
    return TargetFacts(Target("t", Path(), roles=target_roles), Facts(Level.SOURCE, "source", **source), configuration)


def outcomes(rule: str, facts: TargetFacts) -> list[Outcome]:
    return [finding.outcome for finding in BY_ID[rule].evaluate(facts)]


@pytest.mark.parametrize(
    ("conf", "own", "expected"),
    [
        (True, True, [Outcome.ESTABLISHED]),
        (True, False, [Outcome.ESTABLISHED, Outcome.DEFECT]),
        (True, None, [Outcome.ESTABLISHED]),
        (True, "<Mystery>", [Outcome.ESTABLISHED, Outcome.UNDETERMINED]),
        (False, False, [Outcome.DEFECT]),
        (False, True, [Outcome.ESTABLISHED]),
    ],
)
def test_the_effective_option_of_the_sender_counts(conf: bool, own: object, expected: list[Outcome]) -> None:
    facts = known({"sender": (SENDER,)}, inside({"acks_late": own}, task_acks_late=conf))
    assert outcomes("late-acknowledgement", facts) == expected


@pytest.mark.parametrize(
    ("lent", "expected"),
    [
        ((), Outcome.NOT_APPLICABLE),
        (("REDIS_URL=redis://localhost/0",), Outcome.UNDETERMINED),
        (("OTHER=redis://elsewhere/0",), Outcome.NOT_APPLICABLE),
    ],
)
def test_an_address_that_the_target_file_lends_tells_nothing_of_the_real_one(
    lent: tuple[str, ...], expected: Outcome
) -> None:
    target = Target("t", Path(), environment=lent)
    facts = TargetFacts(target, Facts(Level.SOURCE, "source"), inside(broker_url="redis://localhost/0"))
    assert outcomes("broker-tls", facts) == [expected]


@pytest.mark.parametrize(
    ("annotations", "value"),
    [
        ({"*": {"acks_late": False}, "app.tasks.send": {"acks_late": True}}, ({"acks_late": False}, True)),
        ({"*": {"acks_late": False}}, ({"acks_late": False}, True)),
        ({"app.other": {"acks_late": False}}, ({}, True)),
        ([{"app.other": {}}, {"*": {"priority": 1}}, {"*": {"priority": 2}}], ({"priority": 1}, True)),
        ({"*": "unread"}, ({}, False)),
        ({"app.other": {}, REST: UNKNOWN}, ({}, False)),
        ({"*": {"priority": 1, REST: UNKNOWN}}, ({"priority": 1}, False)),
        (["shop.annotations.Slow", {"*": {"priority": 1}}], ({}, False)),
        (None, ({}, True)),
    ],
)
def test_annotations_are_applied_as_celery_does(
    annotations: PlainValue, value: tuple[Mapping[str, PlainValue], bool]
) -> None:
    assert annotated(annotations, "app.tasks.send") == value


@pytest.mark.parametrize(
    ("crontab", "seconds"),
    [
        ("* * * * *", 60),
        ("*/2 * * * *", 120),
        ("*/5 * * * *", 300),
        ("*/10 * * * *", 600),
        ("0,30 * * * *", 1800),
        ("0 * * * *", 3600),
        ("15 * * * *", 3600),
        ("0 */2 * * *", 7200),
        ("0 0 * * *", 86400),
        ("*/7 * * * *", None),
        ("0 */5 * * *", None),
        ("0-30/10 * * * *", None),
        ("*/5 8-18 * * *", None),
        ("*/5 * * * mon", None),
        ("5/2 * * * *", None),
        ("99 * * * *", None),
        ("x * * * *", None),
        ("", None),
    ],
)
def test_a_crontab_is_a_period_when_it_fires_at_equal_intervals(crontab: str, seconds: float | None) -> None:
    assert crontab_seconds(crontab) == seconds


def test_times_of_the_day() -> None:
    assert daily_times("30 8-10/2 * * *") == (510, 630)
    assert daily_times("30 8 1 * *") == ()


@pytest.mark.parametrize(
    ("crontab", "text"),
    [("5 7 * * *", "07:05 UTC"), ("*/5 * * * *", "5 min"), ("0 8,9 * * *", "crontab `0 8,9 * * *`")],
)
def test_frequencies_are_told_as_a_reader_says_them(crontab: str, text: str) -> None:
    assert frequency(BeatEntry("e", "t", crontab=crontab)).replace("\u00a0", " ") == text


@pytest.mark.parametrize(
    ("settings", "outcome"),
    [
        ({}, Outcome.ESTABLISHED),
        ({"timezone": None, "enable_utc": True}, Outcome.ESTABLISHED),
        ({"timezone": "UTC", "enable_utc": False}, Outcome.ESTABLISHED),
        ({"timezone": "Africa/Abidjan"}, Outcome.ESTABLISHED),
        ({"timezone": "Europe/London"}, Outcome.DEFECT),
        ({"timezone": "Mars/Olympus"}, Outcome.UNDETERMINED),
        ({"timezone": 3}, Outcome.UNDETERMINED),
        ({"enable_utc": False}, Outcome.UNDETERMINED),
        ({"*": True}, Outcome.UNDETERMINED),
    ],
)
def test_midnight_is_that_of_the_zone_beat_works_in(settings: dict[str, PlainValue], outcome: Outcome) -> None:
    entry = BeatEntry("e", "app.tasks.send", crontab="0 0 * * *")
    base = inside(None, **settings)
    facts = Facts(base.level, base.probe, settings=base.settings, tasks=base.tasks, beat=(entry,), beat_known=True)
    assert outcomes("monitoring-reset-period", known({"monitoring_reset": (SENDER,)}, facts)) == [outcome]


def test_code_that_is_not_python_on_its_own_is_undetermined() -> None:
    body = Excerpt("app/tasks.py", 1, 1, "def send(self:\n")
    function = Function(SENDER, (), head=body, body=body)
    facts = known({"sender": (SENDER,)}, inside(), functions={SENDER: function})
    assert outcomes("retry-not-swallowed", facts) == [Outcome.UNDETERMINED]


def test_a_supervisor_keeps_its_own_capitals() -> None:
    worker = Process("worker", "celery worker", {}, "compose", Excerpt("compose.yaml", 1, 1, "celery worker", "yaml"))
    (found,) = BY_ID["supervision"].evaluate(known({}, inside(), processes=(worker,)))
    assert found.sentence.startswith("Docker Compose relance")


@pytest.mark.parametrize(
    ("options", "outcome"),
    [
        ({"autoscale": "1,1"}, Outcome.ESTABLISHED),
        ({"autoscale": "4,1"}, Outcome.UNDETERMINED),
        ({"pool": "solo"}, Outcome.ESTABLISHED),
        ({"pool": "threads"}, Outcome.UNDETERMINED),
    ],
)
def test_options_of_the_same_meaning_as_one_process(options: dict[str, str], outcome: Outcome) -> None:
    worker = Process("worker", "celery worker", options, "loop", Excerpt("start.sh", 1, 1, "celery worker", "bash"))
    assert outcomes("concurrency", known({}, inside(worker_concurrency=1), processes=(worker,))) == [outcome]


def test_a_dependency_that_could_not_be_read_is_undetermined() -> None:
    hook = Function("app:hook", ())
    facts = known(
        {"webhook": ("app:hook",)},
        Facts(Level.CONFIGURATION, "configuration", failure="rien"),
        functions={"app:hook": hook},
        user_mentions={"app:hook": ()},
        routes=(Route("POST", "/hook", "app:hook", ("?",)),),
        routes_known=True,
    )
    assert outcomes("webhook-no-user", facts)[0] is Outcome.UNDETERMINED


def test_every_rule_answers_on_an_empty_target() -> None:
    empty = known({}, Facts(Level.CONFIGURATION, "configuration"))
    assert all(rule.evaluate(empty) for rule in every_rule())


def test_a_limit_that_is_no_number_is_undetermined() -> None:
    facts = inside(None, task_time_limit="90")
    entry = BeatEntry("e", "app.tasks.another", seconds=60)
    facts = Facts(facts.level, facts.probe, settings=facts.settings, tasks=facts.tasks, beat=(entry,), beat_known=True)
    assert outcomes("beat-overlap", known({}, facts)) == [Outcome.UNDETERMINED]


def test_a_task_that_a_request_calls_is_no_setting(tmp_path: Path) -> None:
    """« Exécution immédiate activée » was told of a plain call, with a setting to change that changes nothing of it."""
    shop = (
        'from celery import Celery\n\napp = Celery("shop", broker="redis://h/0")\n\n\n@app.task\ndef send(key): ...\n'
    )
    web = (
        "from fastapi import FastAPI\nfrom shop import send\n\napi = FastAPI()\n\n\n"
        '@api.post("/order")\ndef order(key: int):\n    send(key)\n'
    )
    write(tmp_path, {"shop.py": shop, "web.py": web})
    (finding,) = answer(BY_ID["not-eager"], tmp_path)
    assert finding.problem is not None
    assert (finding.outcome, finding.problem.title) == (Outcome.RESERVATION, "Tâche appelée sans être publiée")
    assert "task_always_eager" not in f"{finding.problem.recommendation}{finding.problem.solution}"
