"""Settings that are written, and that something unread may change; those that a Flask factory loads; schedules of decorators."""

from audit.model.findings import Outcome
from tests.rules.kinds.program import ALARM, PASSES, QUIET, Program

_OPEN = frozenset({Outcome.UNDETERMINED})
_WARNED = frozenset({Outcome.RESERVATION})
_APP = 'from celery import Celery\nfrom elsewhere import config\n\napp = Celery("shop", broker="redis://localhost/0")\n'
_OWN = """
from celery import Celery
from elsewhere import config


class ShopCelery(Celery):
    def init_app(self, web):
        self.conf['broker_url'] = config.BROKER
        self.conf['accept_content'] = ['json', {0}]
        self.conf['broker_connection_retry_on_startup'] = {1}
        self.conf.update(config.MORE)


celery = ShopCelery('shop')
"""
_MADE = "from shop.core import celery\n\n\ndef create_app(web):\n    celery.init_app(web)\n"


def _update(name: str, rule: str, outcomes: frozenset[Outcome], text: str) -> Program:
    return Program(rule, name, outcomes, f"{_APP}{text}\n")


def _own(name: str, rule: str, outcomes: frozenset[Outcome], *given: str) -> Program:
    files = {"shop/__init__.py": "", "shop/core.py": _OWN.format(*given), "shop/web.py": _MADE}
    return Program(rule, name, outcomes, files)


_FACTORY = """
from celery import Celery
from flask import Flask

celery = Celery("shop")


def init_celery(app):
    {}


def create_app(config=None):
    app = Flask("shop")
    app.config.from_object("shop.defaults")
    app.config.update(config or {{}})
    init_celery(app)
    return app
"""
_BY_NAMESPACE = 'celery.config_from_object(app.config, namespace="CELERY")'
_LOADED = 'CELERY_TASK_SERIALIZER = "json"\nCELERY_BROKER_URL = "redis://localhost/0"\nCELERY_{} = {}\n'


def _flask(
    name: str, rule: str, outcomes: frozenset[Outcome], setting: str, value: str, call: str = _BY_NAMESPACE
) -> Program:
    files = {"shop/__init__.py": _FACTORY.format(call), "shop/defaults.py": _LOADED.format(setting, value)}
    return Program(rule, name, outcomes, files)


_DECORATOR = """
from celery import Celery
from celery.schedules import crontab


class ShopCelery(Celery):
    def periodic_task(self, *args, **kwargs):
        def decorator(f):
            entry = {{'schedule': kwargs.pop('run_every'), 'options': kwargs.pop('options', {{}}){0}}}
            task = self.task(f, *args, **kwargs)
            entry['task'] = task.name
            self.conf['beat_schedule'][task.name] = entry
            return task

        return decorator


app = ShopCelery('shop', broker='redis://localhost/0')


@app.periodic_task(run_every=crontab(minute='5'){1})
def sweep(): ...
"""
_OLDER = """
from celery.task import periodic_task
from celery import Celery

app = Celery('shop', broker='redis://localhost/0')


@periodic_task(run_every=60{})
def sweep(): ...
"""

PROGRAMS = (
    _update("pickle, then what is not read", "no-pickle", _WARNED, "app.conf['task_serializer'] = 'pickle'\napp.conf.update(config.MORE)"),
    _update("pickle in a call, then what is not read", "no-pickle", ALARM | _WARNED, "app.conf.update(accept_content=['pickle'])\napp.config_from_object(config)"),
    _update("pickle for good", "no-pickle", ALARM, "app.conf.update(config.MORE)\napp.conf.accept_content = ['pickle']"),
    _update("json, then what is not read", "no-pickle", _OPEN, "app.conf.task_serializer = 'json'\napp.conf.update(config.MORE)"),
    _update("pickle on one side, then what is not read", "no-pickle", _OPEN | _WARNED, "if config.OLD:\n    app.conf.accept_content = ['pickle']\napp.conf.update(config.MORE)"),
    _update("eager, then what is not read", "not-eager", _WARNED, "app.conf.task_always_eager = True\napp.conf.update(**config.MORE)"),
    _update("not eager, then what is not read", "not-eager", _OPEN, "app.conf.task_always_eager = False\napp.conf.update(**config.MORE)"),
    _update("no retry, then what is not read", "startup-retry", ALARM | _WARNED, "app.conf.broker_connection_retry_on_startup = False\napp.config_from_envvar('MORE')"),
    _own("a class of its own", "no-pickle", _WARNED, "'pickle'", "True"),
    _own("a class of its own, sound", "no-pickle", _OPEN, "'yaml'", "True"),
    _own("a class of its own, without retry", "startup-retry", _WARNED, "'yaml'", "False"),
    _flask("defaults of a factory", "not-eager", _WARNED | ALARM, "TASK_ALWAYS_EAGER", "True"),
    _flask("defaults of a factory, sound", "not-eager", PASSES, "TASK_ALWAYS_EAGER", "False"),
    _flask("defaults of a factory, an unknown name", "known-settings", ALARM, "WORKER_TASK_SOFT_TIME_LIMIT", "300"),
    _flask("defaults of a factory, a schedule", "beat-expires", ALARM | _WARNED, "BEAT_SCHEDULE", "{'a': {'task': 'shop.a', 'schedule': 30.0}}"),
    _flask("defaults of a factory, updated", "not-eager", _WARNED | ALARM, "TASK_ALWAYS_EAGER", "True", "celery.conf.update(app.config)"),
    *(
        Program("beat-expires", f"a decorator of its own{name}", outcomes, _DECORATOR.format(*given))
        for name, outcomes, given in (
            ("", ALARM, ("", "")),
            (", with options", QUIET, ("", ", options={'expires': 30}")),
            (" that gives options", _OPEN, (", 'expires': 30", "")),
        )
    ),
    Program("beat-expires", "Celery's older decorator", ALARM, _OLDER.format("")),
    Program("beat-expires", "Celery's older decorator, sound", QUIET, _OLDER.format(", options={'expires': 50}")),
)  # fmt: skip
