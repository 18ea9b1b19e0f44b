"""A task planned as it should be runs only where beat is started beside the worker."""

from tests.rules.kinds.program import PASSES, WARNED, Program

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

PROGRAMS = tuple(
    Program(
        rule,
        f"{where}, {'served' if outcomes is PASSES else 'alone'}",
        outcomes,
        {"shop.py": _APP, "audit.toml": _ROLES, **files},
    )
    for rule in ("health-check-period", "recovery", "monitoring-reset-period")
    for outcomes, cases in ((WARNED, _ALONE), (PASSES, _SERVED))
    for where, files in cases.items()
)
