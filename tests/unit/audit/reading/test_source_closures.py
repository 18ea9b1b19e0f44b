"""What tasks run, as the reading follows it: surely, maybe, and what nobody can follow."""

import pytest

from audit.model.call_closures import Closures, closures
from tests.unit.audit.reading.collecting import Collect

TASK = """\
from celery import Celery
app = Celery("shop")
"""


def followed(collect: Collect, **files: str) -> Closures:
    facts = collect({f"{name}.py": text for name, text in files.items()})
    return closures(facts.functions, {task.symbol for task in facts.tasks})


def run(body: str, before: str = "") -> str:
    return f"{TASK}{before}\n@app.task\ndef run(name, handler=None):\n    {body}\n"


PLUGINS = "class Plugin:\n    def start(self): pass\n\nclass Other:\n    def start(self): pass\n"


def test_a_command_or_a_route_is_nobody_s_method(collect_tree: Collect) -> None:
    commands = """\
@cli.command()
def start(): pass

@router.post("/start")
def begin(): pass
"""
    found = followed(collect_tree, app=run("handler.start(); handler.begin()"), plugins=PLUGINS, commands=commands)
    assert found.possible.keys() == {"plugins:Plugin.start", "plugins:Other.start"}


@pytest.mark.parametrize(
    "body",
    [
        "registry[name].start()",
        "registry[name]().start()",
        "handler.start()",
        "getattr(handler, 'start')()",
        "for p in handler: p.start()",
        "(handler or name).start()",
    ],
)
def test_a_method_of_an_unknown_receiver_may_be_any_of_that_name(collect_tree: Collect, body: str) -> None:
    found = followed(collect_tree, app=run(body), plugins=PLUGINS)
    assert found.possible.keys() == {"plugins:Plugin.start", "plugins:Other.start"}
    assert found.possible["plugins:Plugin.start"] == ("app:run", "plugins:Plugin.start")


@pytest.mark.parametrize(
    "body",
    [
        "requests.get(name).start()",
        '"".join(name)',
        "json.loads(name).start()",
        "len(name)",
        "helper(name)",
        "chord(name)(name)",
    ],
)
def test_what_a_library_or_the_language_gives_is_not_the_project_s(collect_tree: Collect, body: str) -> None:
    text = run(body, "import json\nimport requests\nfrom celery import chord\ndef helper(x): return x\n")
    found = followed(collect_tree, app=text, plugins=PLUGINS)
    assert not found.possible
    assert not found.opaque


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("handler(name)", "handler(…)"),
        ("registry[name]()", "registry[name]()"),
        ("getattr(registry, name)()", "getattr(registry, name)()"),
        ("eval(name)", "eval(…)"),
    ],
)
def test_a_call_whose_callee_may_be_any_function_is_named(collect_tree: Collect, body: str, told: str) -> None:
    (gap,) = followed(collect_tree, app=run(body)).opaque
    assert (gap.text, gap.path, gap.line) == (told, "app.py", 6)


def test_callbacks_decorators_context_managers_and_built_objects_are_followed(collect_tree: Collect) -> None:
    tools = """\
        from contextlib import contextmanager
        @contextmanager
        def step(): yield
        def logged(function):
            def wrapper(*given): return function(*given)
            return wrapper
        def each(item): pass
        class Job:
            def __init__(self): pass
            def __enter__(self): pass
        """
    text = """\
        from celery import Celery
        from tools import Job, each, logged, step
        app = Celery("shop")
        @app.task
        @logged
        def run(items):
            with step(), Job():
                list(map(each, items))
        """
    found = followed(collect_tree, app=text, tools=tools)
    reached = {"tools:step", "tools:logged", "tools:each", "tools:Job.__init__", "tools:Job.__enter__"}
    assert found.sure.keys() == {"app:run", *reached}
    assert not found.opaque


def test_a_name_of_python_s_own_collections_is_an_unlikely_callee(collect_tree: Collect) -> None:
    views = "class View:\n    def get(self): pass\n"
    found = followed(collect_tree, app=run("handler.get(name)"), views=views)
    assert not found.possible
    assert found.unlikely["views:View.get"].text == "handler.get(…)"


def test_what_a_task_publishes_runs_elsewhere(collect_tree: Collect) -> None:
    text = run("other(name)", "@app.task\ndef other(x): helper()\ndef helper(): pass\n")
    found = followed(collect_tree, app=text)
    assert found.sure["app:helper"] == ("app:other", "app:helper")
