"""Effective Celery settings, in the ways projects write them."""

from typing import Any

import pytest

from audit.model.unknown import UNKNOWN
from tests.unit.audit.reading.collecting import Collect

HEAD = "from celery import Celery\napp = Celery('p')\n"


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("app.conf.update(task_acks_late=True)", True),
        ("app.conf.update({'task_acks_late': True})", True),
        ("CONFIG = {'task_acks_late': True}\napp.conf.update(CONFIG)", True),
        ("CONFIG = dict(task_acks_late=True)\napp.conf.update(**CONFIG)", True),
        ("app.conf.task_acks_late = True", True),
        ("app.conf['task_acks_late'] = not False", True),
        ("app.conf.CELERY_ACKS_LATE = True", True),
        ("app.conf = {'task_acks_late': True}", True),
        ("app.conf.update(task_acks_late=True)\napp.conf.task_acks_late = False", False),
        ("if unknown():\n    app.conf.task_acks_late = True", UNKNOWN),
        ("if unknown():\n    app.conf.task_acks_late = True\nelse:\n    app.conf.task_acks_late = True", True),
        ("if unknown():\n    app.conf.task_acks_late = True\nelse:\n    app.conf.task_always_eager = True", True),
        ("if unknown():\n    app.conf.task_acks_late = True\nelse:\n    app.conf.task_always_eager = False", UNKNOWN),
        (
            "if unknown():\n    app.conf.update(task_always_eager=True, task_acks_late=1)\nelse:\n    app.conf.task_acks_late = True",
            True,
        ),
        ("if 1 > 2:\n    app.conf.task_acks_late = False\nelse:\n    app.conf.task_acks_late = True", True),
        ("app.conf.task_acks_late = unknown()", UNKNOWN),
        ("for name in ('task_acks_late', 'enable_utc'):\n    app.conf[name] = True", True),
        ("def tune(a):\n    a.conf.task_acks_late = True\ntune(app)", True),
        ("try:\n    app.conf.task_acks_late = True\nexcept ImportError:\n    app.conf.task_acks_late = False", True),
        ("class C:\n    task_acks_late = True\napp.config_from_object(C)", True),
        ("class B:\n    task_acks_late = True\nclass C(B):\n    pass\napp.config_from_object(C())", True),
        ("app.add_defaults({'task_acks_late': True})", True),
        ("app.add_defaults(lambda: {'task_acks_late': True})\napp.conf.task_acks_late = False", False),
    ],
)
def test_a_setting_as_written(collect_tree: Collect, written: str, value: Any) -> None:
    facts = collect_tree({"p.py": HEAD + written})
    assert facts.settings["task_acks_late"].value is value


def test_settings_given_to_the_application_itself(collect_tree: Collect) -> None:
    text = "from celery import Celery\nc = Celery('p', broker='redis://h/0', include=['a.b'], task_acks_late=True)"
    settings = collect_tree({"p.py": text}).settings
    assert settings["broker_url"].value == "redis://h/0"
    assert settings["include"].value == ["a.b"]
    assert settings["task_acks_late"].value is True


def test_a_configuration_module_with_constants_of_another_module(collect_tree: Collect) -> None:
    facts = collect_tree(
        {
            "pkg/__init__.py": "",
            "pkg/limits.py": "SLOTS = 2 ** 2\nDAY = 24 * 3600",
            "pkg/conf.py": """\
                from datetime import timedelta
                from kombu import Queue
                from . import limits
                from .limits import DAY
                worker_concurrency = limits.SLOTS
                result_expires = timedelta(seconds=DAY)
                task_queues = (Queue('a'), Queue(name='b'))
                note = 'not a setting'
                """,
            "pkg/worker.py": "from celery import Celery\napp = Celery('p')\napp.config_from_object('pkg.conf')",
        }
    )
    assert facts.settings["worker_concurrency"].value == 4
    assert facts.settings["result_expires"].value == 86400.0
    assert facts.settings["task_queues"].value == ("a", "b")
    assert "note" not in facts.settings
    excerpt = facts.settings["worker_concurrency"].excerpt
    assert excerpt is not None
    assert (excerpt.path, excerpt.first_line, excerpt.text) == ("pkg/conf.py", 5, "worker_concurrency = limits.SLOTS")


def test_a_namespace_and_django_settings(collect_tree: Collect) -> None:
    facts = collect_tree(
        {
            "site1/settings.py": "CELERY_TASK_ACKS_LATE = True\nDEBUG = True\nTASK_TIME_LIMIT = 3",
            "site1/celery.py": """\
                import os
                from celery import Celery
                os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'site1.settings')
                app = Celery('site1')
                app.config_from_object('django.conf:settings', namespace='CELERY')
                """,
        },
        celery_app="site1",
    )
    assert facts.settings["task_acks_late"].value is True
    assert "task_time_limit" not in facts.settings


@pytest.mark.parametrize(
    "expression",
    [
        "int(os.environ.get('SLOTS', '4'))",
        "int(os.getenv('SLOTS', 4))",
        "int(os.environ.get('SLOTS') or 4)",
        "max(1, int(os.environ.get('SLOTS', '4')))",
    ],
)
def test_an_environment_variable_gives_its_default_and_its_name(collect_tree: Collect, expression: str) -> None:
    facts = collect_tree({"p.py": f"import os\n{HEAD}app.conf.worker_concurrency = {expression}"})
    setting = facts.settings["worker_concurrency"]
    assert (setting.value, setting.overridable) == (4, "SLOTS")


def test_an_environment_variable_without_default(collect_tree: Collect) -> None:
    facts = collect_tree({"p.py": f"import os\n{HEAD}app.conf.broker_url = os.environ['URL']"})
    setting = facts.settings["broker_url"]
    assert (setting.value, setting.overridable) == (UNKNOWN, "URL")


def test_a_branch_on_the_environment_keeps_the_default_and_names_the_variable(collect_tree: Collect) -> None:
    text = (
        f"import os\n{HEAD}app.conf.task_acks_late = True\nif os.getenv('FAST'):\n    app.conf.task_acks_late = False"
    )
    setting = collect_tree({"p.py": text}).settings["task_acks_late"]
    assert (setting.value, setting.overridable) == (True, "FAST")


@pytest.mark.parametrize(
    ("field", "value", "variable"),
    [
        ("slots: int = 4", 4, "SLOTS"),
        ("slots: int = Field(4)", 4, "SLOTS"),
        ("slots: int = Field(default=4, validation_alias='N')", 4, "N"),
        ("slots: int", UNKNOWN, "SLOTS"),
        ("model_config = SettingsConfigDict(env_prefix='app_')\n    slots: int = 4", 4, "APP_SLOTS"),
    ],
)
@pytest.mark.parametrize("access", ["settings.slots", "get_settings().slots"])
def test_a_pydantic_setting(collect_tree: Collect, field: str, value: Any, variable: str, access: str) -> None:
    text = f"""\
from functools import lru_cache
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict
class Settings(BaseSettings):
    {field}
settings = Settings()
@lru_cache
def get_settings():
    return Settings()
{HEAD}
app.conf.worker_concurrency = {access}
"""
    setting = collect_tree({"p.py": text}).settings["worker_concurrency"]
    assert (setting.value, setting.overridable) == (value, variable)


def test_a_factory(collect_tree: Collect) -> None:
    text = """\
        from celery import Celery
        def make():
            celery = Celery('p')
            celery.conf.update(task_acks_late=True)
            return celery
        worker = make()
        """
    assert collect_tree({"p.py": text}, celery_app="p").settings["task_acks_late"].value is True


@pytest.mark.parametrize("unlisted", ["**unknown()", "unknown()"])
def test_settings_that_cannot_be_listed_are_said_to_exist(collect_tree: Collect, unlisted: str) -> None:
    assert collect_tree({"p.py": f"{HEAD}app.conf.update({unlisted})"}).settings["*"].value is UNKNOWN
    assert collect_tree({"p.py": f"{HEAD}app.config_from_envvar('X')"}).settings["*"].value is UNKNOWN
    written = f"{HEAD}app.conf.task_acks_late = True\napp.conf = unknown()\napp.config_from_envvar('X')"
    replaced = collect_tree({"p.py": written}).settings
    assert (replaced["*"].value, replaced["task_acks_late"].value) == (UNKNOWN, UNKNOWN)
    assert "*" not in collect_tree({"p.py": HEAD}).settings


def test_the_declared_application_is_the_one_read(collect_tree: Collect) -> None:
    files = {
        "one.py": "from celery import Celery\napp = Celery('1', enable_utc=True)",
        "two.py": "from celery import Celery\nother = Celery('2', enable_utc=False)",
    }
    assert collect_tree(files, celery_app="two:other").settings["enable_utc"].value is False
    assert collect_tree(files, celery_app="one.app").settings["enable_utc"].value is True
    assert collect_tree(files).settings["enable_utc"].value is UNKNOWN, "the two differ"
    assert set(collect_tree(files, celery_app="absent.module").settings) == {"*"}


def test_an_application_of_the_tests_does_not_hide_the_real_one(collect_tree: Collect) -> None:
    files = {
        "one.py": "from celery import Celery\napp = Celery('1', enable_utc=True)",
        "tests/test_two.py": "from celery import Celery\nother = Celery('2', enable_utc=False)",
    }
    assert collect_tree(files).settings["enable_utc"].value is True


def test_imports_are_found_below_src_and_below_the_declared_package(collect_tree: Collect) -> None:
    files = {"backend/p/w.py": HEAD + "app.conf.enable_utc = True", "src/q.py": "X = 1"}
    assert collect_tree(files, celery_app="p.w").settings["enable_utc"].value is True


@pytest.mark.parametrize(
    "written",
    [
        "for k, v in os.environ.items():\n    setattr(app.conf, k, v)",
        "for k, v in os.environ.items():\n    app.conf.update({k: v})",
        "for k in os.environ:\n    app.conf[k] = False",
        "app.conf.__dict__.update(task_acks_late=False)",
        "vars(app.conf).update(task_acks_late=False)",
    ],
)
def test_a_setting_that_something_unreadable_may_replace(collect_tree: Collect, written: str) -> None:
    text = f"import os\n{HEAD}app.conf.task_acks_late = True\n{written}\napp.conf.enable_utc = True\n"
    settings = collect_tree({"p.py": text}).settings
    assert settings["*"].value is UNKNOWN
    assert settings["task_acks_late"].value is UNKNOWN
    assert settings["enable_utc"].value is True


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("for k, v in {'task_acks_late': False}.items():\n    setattr(app.conf, k, v)", False),
        ("while True:\n    app.conf.update(task_acks_late=False)\n    break", UNKNOWN),
        ("app.conf.pop('task_acks_late')", UNKNOWN),
    ],
)
def test_a_setting_written_again_elsewhere(collect_tree: Collect, written: str, value: Any) -> None:
    settings = collect_tree({"p.py": f"{HEAD}app.conf.task_acks_late = True\n{written}"}).settings
    assert settings["task_acks_late"].value is value
    assert "*" not in settings


def test_a_variable_behind_a_checked_instance_is_told(collect_tree: Collect) -> None:
    text = """\
    from celery import Celery
    from pydantic import SecretStr, ValidationError
    from pydantic_settings import BaseSettings
    class Settings(BaseSettings):
        redis_url: SecretStr
        broker_url: SecretStr | None = None
        @property
        def broker(self): return self.broker_url or self.redis_url
    def settings():
        try:
            return Settings()
        except ValidationError:
            raise SystemExit(1)
    app = Celery(broker=settings().broker.get_secret_value(), backend=settings().redis_url.get_secret_value())
    """
    told = collect_tree({"a.py": text}).settings
    assert [(told[n].value, told[n].overridable) for n in ("broker_url", "result_backend")] == [
        (UNKNOWN, "REDIS_URL")
    ] * 2


_BY_KEY = """\
from celery import Celery
celery = Celery('p')
class Start:
    def __init__(self, app): self.config = app.config
    def celery(self): celery.config_from_object({source})
"""


@pytest.mark.parametrize(
    "source",
    [
        'self.config["CELERY_CONFIG"]',
        'current_app.config["CELERY_CONFIG"]',
        'settings.get("CELERY_CONFIG")',
    ],
)
def test_a_key_of_the_configuration_is_its_default(collect_tree: Collect, source: str) -> None:
    config = "class C:\n    task_acks_late = True\n    imports = ('p',)\nCELERY_CONFIG: type | None = C\n"
    facts = collect_tree({"p.py": _BY_KEY.format(source=source), "config.py": config})
    told = facts.settings["task_acks_late"]
    assert (told.value, told.overridable, facts.configured_by) == (True, "CELERY_CONFIG", "CELERY_CONFIG")
    assert told.excerpt is not None
    assert told.excerpt.path == "config.py"
    assert "*" not in facts.settings


@pytest.mark.parametrize(
    ("source", "files"),
    [
        ('self.config["CELERY_CONFIG"]', {}),
        ('self.config["CELERY_CONFIG"]', {"a.py": "CELERY_CONFIG = {}", "b.py": "CELERY_CONFIG = {}"}),
        ('self.config["CELERY_CONFIG"]', {"a.py": "CELERY_CONFIG = load()"}),
        ('self.rows["CELERY_CONFIG"]', {"a.py": "CELERY_CONFIG = {}"}),
        ("self.config[name]", {"a.py": "CELERY_CONFIG = {}"}),
        ('self.config["celery"]', {"a.py": "celery = {}"}),
    ],
)
def test_a_key_that_cannot_be_told_leaves_any_setting_unknown(
    collect_tree: Collect, source: str, files: dict[str, str]
) -> None:
    assert "*" in collect_tree({"p.py": _BY_KEY.format(source=source), **files}).settings


def test_a_key_of_the_configuration_in_a_factory_that_is_followed(collect_tree: Collect) -> None:
    text = """\
    from celery import Celery
    def make(app):
        made = Celery(app.name)
        made.config_from_object(app.config["CELERY"])
        return made
    celery = make(unknown())
    """
    facts = collect_tree({"p.py": text, "settings.py": "CELERY = {'task_acks_late': True}\n"})
    assert facts.settings["task_acks_late"].overridable == "CELERY"


@pytest.mark.parametrize(
    ("last", "value"),
    [
        ("given['worker_concurrency'] = 1\napp.conf.update(**given)\n", 1),
        ("given['worker_concurrency'] = 1\napp.conf.update(given)\n", 1),
        ("given['worker_concurrency'] = 1\ngiven['worker_concurrency'] = 2\napp.conf.update(given)\n", 2),
        ("given['worker_concurrency'] = 1\ngiven.update(vars(vault))\napp.conf.update(given)\n", None),
        ("given['worker_concurrency'] = 1\napp.conf.update(given)\napp.conf.update(vault.more())\n", UNKNOWN),
        ("if vault.small:\n    given['worker_concurrency'] = 1\napp.conf.update(given)\n", None),
    ],
)
def test_an_entry_written_last_into_what_is_not_read(collect_tree: Collect, last: str, value: object) -> None:
    made = "import vault\nfrom celery import Celery\napp = Celery('shop')\ngiven = {k: v for k, v in vault.load()}\n"
    settings = collect_tree({"app.py": made + last}).settings
    assert "*" in settings
    assert ("worker_concurrency" in settings) is (value is not None)
    assert value is None or settings["worker_concurrency"].value is value
