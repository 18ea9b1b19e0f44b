from collections import UserDict
from pathlib import Path

import pytest

from audit.model.facts import Application, BeatEntry, Call, Facts, Function, Parameter, Process, Route, Setting, Task
from audit.model.findings import Excerpt, Level
from audit.model.retries import RetryPolicy, RetrySchedule
from audit.model.target_facts import TargetFacts
from audit.model.user_names import is_user
from audit.target.target_file import Target
from tests.unit.audit.examples import known

HERE = Excerpt("start.sh", 1, 1, "celery worker", "bash")


def function(symbol: str, *calls: str, body: str = "") -> Function:
    excerpt = Excerpt("app.py", 1, 1, body) if body else None
    return Function(symbol, (Parameter("id"),), calls=tuple(Call(c, c) for c in calls), head=HERE, body=excerpt)


def source(**facts: object) -> Facts:
    return Facts(Level.SOURCE, "source", **facts)  # type: ignore[arg-type]


def inside(**facts: object) -> Facts:
    return Facts(Level.CONFIGURATION, "configuration", **facts)  # type: ignore[arg-type]


def test_probes_answer_strongest_first_and_a_failed_one_not_at_all() -> None:
    late = Setting("task_acks_late", value=True)
    early = Setting("task_acks_late", value=False)
    both = known(source(settings={late.name: late}), inside(settings={late.name: early}))
    assert [s.value for s, _ in both.setting("task_acks_late")] == [False, True]
    assert list(both.setting("unset")) == []
    failed = known(source(settings={late.name: late}), inside(failure="pas de module", settings={late.name: early}))
    assert [s.value for s, _ in failed.setting("task_acks_late")] == [True]
    assert failed.why_silent == "pas de module"
    assert both.why_silent == ""


@pytest.mark.parametrize(
    ("facts", "answer"),
    [
        ({}, False),
        ({"settings": {"x": Setting("x", 1)}}, True),
        ({"tasks": (Task("t", "app:t"),)}, True),
        ({"tasks": (Task("t", "app:t"),), "failure": "illisible"}, False),
    ],
)
def test_a_configuration_was_found_when_something_of_celery_was(facts: dict[str, object], answer: bool) -> None:
    assert known(source(**facts)).settings_known is answer


def test_a_function_is_told_by_each_probe_that_saw_it() -> None:
    seen = function("app:send")
    both = known(source(functions={seen.symbol: seen}), inside())
    assert [facts.probe for _, facts in both.function("app:send")] == ["source"]
    assert both.source_evidence(seen).values == (("fonction", "app:send"),)


def test_reachable_functions_are_followed_once_through_loops() -> None:
    graph = [function("a:f", "a:g", "a:h"), function("a:g", "a:f", "lib:unknown"), function("a:h", "a:g", "")]
    facts = source(functions={f.symbol: f for f in graph})
    assert [f.symbol for f in known(facts).reachable("a:f")] == ["a:f", "a:g", "a:h"]
    assert known(facts).reachable("a:none") == ()


CLEAN = Task("own-name", "app.tasks:clean")
OTHER = Task("app.other", "app:other")


@pytest.mark.parametrize(("task", "found"), [("own-name", True), ("app.tasks.clean", False), ("clean", False)])
def test_a_beat_entry_is_found_by_the_registered_name_only(task: str, found: bool) -> None:
    entry = BeatEntry("e", task, 60.0)
    facts = source(beat=(entry,), beat_known=True, tasks=(CLEAN, OTHER))
    assert [e for e, _ in known(facts).beat_of("app.tasks:clean")] == [(entry,) if found else ()]


def test_every_entry_of_a_task_is_given() -> None:
    entries = (BeatEntry("a", "own-name", 60.0), BeatEntry("x", "app.other", 1.0), BeatEntry("b", "own-name", 120.0))
    facts = source(beat=entries, beat_known=True, tasks=(CLEAN, OTHER))
    assert [e for e, _ in known(facts).beat_of("app.tasks:clean")] == [(entries[0], entries[2])]


def test_an_imported_application_that_does_not_register_a_task_runs_it_never() -> None:
    schedule = {"beat": (BeatEntry("e", "own-name", 60.0),), "beat_known": True}
    read = source(tasks=(CLEAN,), **schedule)
    assert next(known(read, inside(tasks=(OTHER,), **schedule)).beat_of(CLEAN.symbol))[0] == ()
    broken = inside(tasks=(OTHER,), failures=("un import a échoué",), **schedule)
    assert [f.probe for _, f in known(read, broken).beat_of(CLEAN.symbol)] == ["source"]


def test_a_schedule_or_a_name_that_is_not_wholly_known_says_nothing() -> None:
    entry = BeatEntry("e", "clean", 60.0)
    assert list(known(source(beat=(entry,))).beat_of("app:clean")) == []
    assert [e for e, _ in known(source(beat_known=True)).beat_of("app:clean")] == [()]
    assert list(known(source(beat=(entry,), beat_known=True)).beat_of("app:clean")) == []
    unread = Task("app.clean", "app:clean", {"name": "names()"})
    assert list(known(source(beat=(entry,), beat_known=True, tasks=(unread,))).beat_of("app:clean")) == []


def test_functions_beyond_are_not_followed() -> None:
    graph = [function("a:f", "a:g", "a:h"), function("a:g", "a:i"), function("a:h"), function("a:i")]
    facts = source(functions={f.symbol: f for f in graph})
    assert [f.symbol for f in known(facts).reachable("a:f", frozenset({"a:f", "a:g"}))] == ["a:f", "a:h"]


def test_what_several_tasks_may_run_belongs_to_the_first_and_no_task_to_another() -> None:
    graph = [
        function("a:one", "a:shared", "a:two"),
        function("a:two", "a:own", "a:shared"),
        function("a:shared", "a:deep"),
        function("a:deep", "a:shared"),
        function("a:own"),
        function("a:loose", "a:deep"),
    ]
    tasks = (Task("one", "a:one"), Task("again", "a:one"), Task("two", "a:two"), Task("gone", "a:gone"))
    found = known(source(functions={f.symbol: f for f in graph}, tasks=tasks)).in_tasks
    assert found == {"a:one": "a:one", "a:shared": "a:one", "a:deep": "a:one", "a:two": "a:two", "a:own": "a:two"}


class Counted(UserDict[str, Function]):
    """Functions, and how often one was asked for."""

    reads = 0

    def __getitem__(self, symbol: str) -> Function:
        self.reads += symbol in self.data
        return super().__getitem__(symbol)


def test_the_head_of_a_function_is_read_once() -> None:
    functions = Counted({f.symbol: f for f in (function("a:f", "a:g"), function("a:g"))})
    every = known(source(functions=functions, tasks=(Task("f", "a:f"),)))
    assert [every.head("a:f"), every.head("a:f"), every.head("a:none")] == [HERE, HERE, None]
    assert functions.reads == 1
    assert {*every.in_tasks} == {"a:f", "a:g"}
    assert every.head("a:g") == HERE
    # Each once more, for what its calls reach.
    assert functions.reads == 3


@pytest.mark.parametrize(
    ("option", "kept"),
    [
        ("app.tasks.celery_app", True),
        ("app.tasks.celery_app:celery_app", True),
        ("app.tasks.celery_app.celery_app", True),
        ("app.tasks", True),
        ("tasks.celery_app", True),
        ("${APP}", True),
        ("", True),
        ("legacy.tasks", False),
        ("app.tasks.celery_app2", False),
    ],
)
def test_workers_are_those_of_the_application(option: str, kept: bool) -> None:
    worker = Process("worker", "", {"app": option} if option else {}, "", HERE)
    target = Target("t", Path(), celery_app="app.tasks.celery_app:celery_app")
    assert TargetFacts(target, source(processes=(worker,))).workers == ((worker,) if kept else ())
    assert known(source(processes=(worker,))).workers == (worker,)


@pytest.mark.parametrize(
    ("declared", "found", "application"),
    [
        ("a:app", ("a:app", "b:app"), "a:app"),
        ("a:app", ("b:app",), ""),
        ("a:app", (), ""),
        ("", ("b:app",), "b:app"),
        ("", ("a:app", "b:app"), ""),
    ],
)
def test_the_application_is_the_one_that_the_source_has(
    declared: str, found: tuple[str, ...], application: str
) -> None:
    applications = (Application("asgi", "w:web"), *(Application("celery", symbol) for symbol in found))
    target = Target("c", Path(), celery_app=declared)
    assert TargetFacts(target, source(applications=applications)).celery_application == application


def test_a_route_is_found_by_its_endpoint() -> None:
    first, twice = Route("POST", "/hook", "app:hook"), Route("GET", "/hook", "app:hook")
    facts = source(routes=(Route("GET", "/", "app:home"), first, twice))
    assert [r for r, _ in known(facts, inside()).route_of("app:hook")] == [first]


def test_a_process_may_play_two_roles() -> None:
    processes = tuple(Process(role, "", {}, "", HERE) for role in ("worker+beat", "web", "workers"))
    facts = source(processes=processes)
    assert known(facts).processes("beat") == processes[:1]
    assert known(facts).processes("web") == processes[1:2]


def test_the_retries_of_one_task() -> None:
    one, other = RetryPolicy("app:a", (RetrySchedule("app:a", (60.0,), 1),)), RetryPolicy("app:b")
    facts = source(retries=(one, other))
    assert (known(facts).retries("app:a"), known(facts).retries("app:c")) == (one, None)
    assert facts.retry_schedules == one.schedules


@pytest.mark.parametrize(
    "name",
    [
        "user",
        "user_id",
        "current_user",
        "app.auth:get_current_user",
        "require_admin",
        "AdminOnly",
        "OAuth2PasswordBearer",
        "oauth2_scheme",
        "JWTBearer",
        "app.auth:Login.check",
        "currentUser",
        "app.auth:require_user.<locals>.check",
    ],
)
def test_names_that_speak_of_a_person(name: str) -> None:
    assert is_user(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "message_id",
        "username_cache",
        "superuserless",
        "user.auth:get_db",
        "user.get_db",
        "administrative_area",
        "user_agent",
        "UserAgent",
    ],
)
def test_names_that_do_not(name: str) -> None:
    assert not is_user(name)
