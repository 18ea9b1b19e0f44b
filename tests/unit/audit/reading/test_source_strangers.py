"""Projects that nobody described: their application, settings and tasks are found, or said to be out of reach."""

import pytest

from audit.model.facts import Facts
from audit.model.unknown import UNKNOWN
from tests.unit.audit.reading.collecting import Collect

DJANGO = """
import os
from celery import Celery
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "proj.settings")
app = Celery("proj")
app.config_from_object("django.conf:settings", namespace="CELERY")
"""


def value(facts: Facts, name: str) -> object:
    return facts.settings[name].value


def test_a_factory_that_no_module_calls_is_followed(collect_tree: Collect) -> None:
    text = """
    from celery import Celery
    def create_celery(flask_app):
        app = Celery(flask_app.import_name, broker="redis://localhost")
        app.conf.update(task_acks_late=True)
        return app
    """
    facts = collect_tree({"factory.py": text})
    assert value(facts, "task_acks_late") is True
    assert value(facts, "broker_url") == "redis://localhost"


@pytest.mark.parametrize("built", ["Celery[Task]('a')", "Typed[Task]('a')"])
def test_an_application_of_a_class_with_type_parameters_is_one(collect_tree: Collect, built: str) -> None:
    text = f"""
    from celery import Celery, Task
    class Typed(Celery): ...
    app = {built}
    app.conf.task_acks_late = True
    """
    facts = collect_tree({"a.py": text})
    assert [a.symbol for a in facts.applications] == ["a:app"]
    assert value(facts, "task_acks_late") is True


def test_the_settings_are_those_that_the_application_s_own_module_chooses(collect_tree: Collect) -> None:
    other = 'import os\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "proj.build")\n'
    facts = collect_tree(
        {
            "a_build.py": other,
            "proj/celery.py": DJANGO,
            "proj/settings.py": "CELERY_TASK_ACKS_LATE = True\nDEBUG = True\n",
            "proj/build.py": "CELERY_TASK_ACKS_LATE = False\n",
        }
    )
    assert value(facts, "task_acks_late") is True
    assert "debug" not in facts.settings


@pytest.mark.parametrize(("other", "told"), [("test.settings", True), ("proj.build", UNKNOWN)])
def test_settings_that_serve_tests_are_not_those_of_workers(collect_tree: Collect, other: str, told: object) -> None:
    """`manage.py test` and a worker share the module that chooses; between two modules of the program nobody can."""
    choice = f"""
    import sys
    from celery import Celery
    import os
    if sys.argv[1] == "test":
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "{other}")
    else:
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "proj.settings")
    app = Celery("proj")
    app.config_from_object("django.conf:settings", namespace="CELERY")
    """
    files = {"proj/settings.py": "CELERY_TASK_ACKS_LATE = True\n", "proj/__init__.py": "", "test/__init__.py": ""}
    files |= {f"{name.replace('.', '/')}.py": "CELERY_TASK_ACKS_LATE = False\n" for name in (other,)}
    settings = collect_tree(files | {"proj/celery.py": choice}).settings
    assert settings["task_acks_late" if told is True else "*"].value is told


def test_a_module_first_imported_inside_a_branch_keeps_its_values(collect_tree: Collect) -> None:
    early = "import unknown\nif unknown.ready():\n    from proj import settings\n"
    facts = collect_tree(
        {"a.py": early, "proj/celery.py": DJANGO, "proj/settings.py": 'CELERY_TASK_SERIALIZER = "json"\n'}
    )
    assert value(facts, "task_serializer") == "json"


def test_a_setting_written_on_one_side_of_an_open_test_is_not_known(collect_tree: Collect) -> None:
    settings = "import unknown\nif not unknown.broker():\n    CELERY_TASK_ALWAYS_EAGER = True\n"
    facts = collect_tree({"proj/celery.py": DJANGO, "proj/settings.py": settings})
    assert value(facts, "task_always_eager") is UNKNOWN


@pytest.mark.parametrize(
    ("late", "unknown"),
    [
        ("celery_app.config_from_object(site.config['CELERY'])", "*"),
        ("celery_app.conf.update(site.config)", "*"),
        ("celery_app.conf.task_acks_late = site.late", "task_acks_late"),
        ("celery_app.conf['task_acks_late'] = site.late", "task_acks_late"),
        ("celery_app.conf.update(task_acks_late=site.late)", "task_acks_late"),
        ("site.celery.conf.CELERY_ACKS_LATE = True", "task_acks_late"),
    ],
)
def test_settings_written_by_functions_nobody_calls_are_not_known(
    late: str, unknown: str, collect_tree: Collect
) -> None:
    text = f"""
    from celery import Celery
    celery_app = Celery()
    class Site:
        def start(site):
            {late}
    """
    facts = collect_tree({"site_.py": text})
    assert value(facts, unknown) is UNKNOWN


@pytest.mark.parametrize(
    "elsewhere",
    [
        "class Sphinx:\n    def setup(self, app):\n        celery = 1\n        registry.conf.x = 1\nregistry = object()\n",
        "def test_eager():\n    app.conf.task_always_eager = True\n",
    ],
)
def test_other_configurations_and_tests_change_nothing(elsewhere: str, collect_tree: Collect) -> None:
    name = "tests/test_a.py" if "test_eager" in elsewhere else "other.py"
    facts = collect_tree({"app.py": "from celery import Celery\napp = Celery()\n", name: elsewhere})
    assert not facts.settings


def test_among_several_applications_the_one_that_workers_start(collect_tree: Collect) -> None:
    files = {
        "one.py": "from celery import Celery\napp = Celery()\napp.conf.task_acks_late = True\n",
        "two.py": "from celery import Celery\napp = Celery()\napp.conf.task_acks_late = False\n",
    }
    assert value(collect_tree(files), "task_acks_late") is UNKNOWN
    assert value(collect_tree({**files, "Procfile": "worker: celery -A one worker\n"}), "task_acks_late") is True
    owner = {**files, "two_tasks.py": "from two import app\n@app.task\ndef f(): ...\n"}
    assert value(collect_tree({**owner, "Procfile": ""}), "task_acks_late") is False


def test_an_example_is_not_the_application(collect_tree: Collect) -> None:
    text = "from celery import Celery\napp = Celery()\napp.conf.task_acks_late = "
    facts = collect_tree(
        {"docs/conf.py": f"{text}False\n", "examples/a.py": f"{text}False\n", "app.py": f"{text}True\n"}
    )
    assert value(facts, "task_acks_late") is True


@pytest.mark.parametrize(
    "files",
    [
        {"app.py": "from celery import Celery\napp = Celery()\napp.conf.beat_scheduler = 'django_celery_beat.schedulers:DatabaseScheduler'\n"},
        {"app.py": "from celery import Celery\napp = Celery()\n", "Procfile": "beat: celery -A app beat -S redbeat.RedBeatScheduler\n"},
        {"app.py": "import x\nfrom celery import Celery\napp = Celery()\napp.conf.beat_scheduler = x.scheduler()\n"},
    ],
    ids=["setting", "option", "unreadable"],
)  # fmt: skip
def test_a_schedule_kept_in_a_database_is_not_known(files: dict[str, str], collect_tree: Collect) -> None:
    assert not collect_tree(files).beat_known


def test_celery_s_own_scheduler_has_no_entry_but_those_of_files(collect_tree: Collect) -> None:
    text = "from celery import Celery\napp = Celery()\napp.conf.beat_scheduler = 'celery.beat:PersistentScheduler'\n"
    assert collect_tree({"app.py": text}).beat_known


def test_options_come_from_the_base_class_too(collect_tree: Collect) -> None:
    text = """
    from celery import Celery, Task
    app = Celery()
    class Base(Task):
        acks_late = True
        max_retries = 7
        helper = 1
    class Wild(unknown()):
        acks_late = True
    @app.task(base=Base, max_retries=2)
    def a(): ...
    @app.task(base=Wild)
    def b(): ...
    class C(Base):
        name = "c"
        def run(self): ...
    app.register_task(C())
    class Local(app.Task):
        pass
    @app.task(base=Local)
    def d(): ...
    """
    tasks = {t.name: dict(t.options) for t in collect_tree({"p.py": text}).tasks}
    assert tasks["p.a"] == {"acks_late": True, "max_retries": 2}
    assert tasks["p.b"] == {"acks_late": True, "base": "Wild"}
    assert tasks["c"] == {"acks_late": True, "max_retries": 7}
    assert tasks["p.d"] == {}


def test_an_application_of_a_class_of_the_project_and_its_own_decorators(collect_tree: Collect) -> None:
    text = """
    from celery import Celery
    class Own(Celery):
        def periodic_task(self, **options):
            return lambda f: f
    app = Own("x", task_cls=None)
    @app.periodic_task(run_every=5)
    def tick(): ...
    @app.task
    def plain(): ...
    """
    assert [t.symbol for t in collect_tree({"p.py": text}).tasks] == ["p:plain", "p:tick"]


def test_what_several_applications_agree_on_is_known(collect_tree: Collect) -> None:
    """Without knowing which is audited; a setting on which they differ, or that one of them lacks, is not."""
    one = "from celery import Celery\na = Celery('a')\na.conf.update(task_acks_late=True, task_serializer='json', timezone='UTC')"
    other = "from celery import Celery\nb = Celery('b')\nb.conf.update(task_acks_late=True, task_serializer='yaml')"
    facts = collect_tree({"one.py": one, "other.py": other})
    assert value(facts, "task_acks_late") is True
    assert [value(facts, name) for name in ("task_serializer", "timezone")] == [UNKNOWN, UNKNOWN]
    assert "*" not in facts.settings


def test_an_application_without_settings_agrees_on_nothing(collect_tree: Collect) -> None:
    one = "from celery import Celery\na = Celery('a')\na.conf.task_acks_late = True"
    facts = collect_tree({"one.py": one, "other.py": "from celery import Celery\nb = Celery('b')\n"})
    assert set(facts.settings) == {"*"}
