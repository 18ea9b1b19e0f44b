"""A task planned as it should be runs only where beat is started beside the worker."""

from audit.model.findings import Outcome
from tests.rules.kinds.program import ALARM, PASSES, WARNED, Program

_APP = """
    from celery import Celery
    from celery.schedules import crontab

    app = Celery("shop", broker="redis://localhost/0", timezone="UTC")
    app.conf.beat_schedule = {
        "check": {"task": "shop.check", "schedule": 120.0},
        "recover": {"task": "shop.recover", "schedule": 300.0},
        "reset": {"task": "shop.reset", "schedule": crontab(hour=0, minute=0)},
    }


    @app.task
    def check(): ...


    @app.task
    def recover(): ...


    @app.task
    def reset(): ...
"""
_ROLES = """
    [roles]
    health_check = "shop:check"
    recovery = "shop:recover"
    monitoring_reset = "shop:reset"
"""
_ALONE = {
    "a script": {"start.sh": "celery -A shop worker\n"},
    "a composition": {"compose.yaml": "services:\n  worker:\n    image: shop\n    command: celery -A shop worker\n"},
    "a Procfile": {"Procfile": "web: gunicorn shop:web\nworker: celery -A shop worker\n"},
}
_SERVED = {
    "a script": {"start.sh": "celery -A shop beat &\ncelery -A shop worker\n"},
    "a worker that is beat": {"Procfile": "worker: celery -A shop worker -B\n"},
}

_PLAIN = 'from celery import Celery\n\napp = Celery("shop", broker="redis://localhost/0")\n{}\n\n@app.task\ndef check(): ...\n'
_WORKER = {"Procfile": "worker: celery -A shop worker\n"}
_STORED = 'app.conf.beat_scheduler = "django_celery_beat.schedulers:DatabaseScheduler"\n'
_EMPTY, _DOUBT = frozenset({Outcome.NOT_APPLICABLE}), frozenset({Outcome.UNDETERMINED})
_PLANNED = 'app.conf.beat_schedule = {"check": {"task": "shop.check", "schedule": 120.0}}\n'


def _planned(rule: str, name: str, outcomes: frozenset[Outcome], settings: str, files: dict[str, str]) -> Program:
    return Program(rule, name, outcomes, {"shop.py": _PLAIN.format(settings), **files})


_SCHEDULES = tuple(
    program
    for rule in ("beat-started", "single-beat")
    for program in (
        _planned(rule, "nothing is planned", _EMPTY, "", {}),
        _planned(rule, "nothing is planned, beside a worker", _EMPTY, "", _WORKER),
        _planned(rule, "what is planned is stored elsewhere", _DOUBT, _STORED, {}),
        _planned(rule, "what is planned is in a registry", _DOUBT, "app.conf.beat_schedule = load()\n", {}),
        _planned(rule, "something is planned, and nothing started", _DOUBT, _PLANNED, {}),
    )
)
PROGRAMS = (
    _planned("beat-started", "something is planned, beside a worker alone", ALARM, _PLANNED, _WORKER),
    *_SCHEDULES,
    *(
        Program(
            rule,
            f"{where}, {'served' if outcomes is PASSES else 'alone'}",
            outcomes,
            {"shop.py": _APP, "audit.toml": _ROLES, **files},
        )
        for rule in ("health-check-period", "recovery", "monitoring-reset-period")
        for outcomes, cases in ((WARNED, _ALONE), (PASSES, _SERVED))
        for where, files in cases.items()
    ),
)
