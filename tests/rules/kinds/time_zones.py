"""The time zone of crontabs, wherever Celery takes it from."""

from collections.abc import Mapping

from audit.model.findings import Outcome
from tests.rules.kinds.program import ALARM, Program

_ESTABLISHED = frozenset({Outcome.ESTABLISHED})
_NONE = frozenset({Outcome.NOT_APPLICABLE})
_ENTRY = '{"task": "shop.report", "schedule": crontab(hour=3)}'


def _django(name: str, outcomes: frozenset[Outcome], zone: str, namespace: str = "CELERY") -> Program:
    files: Mapping[str, str] = {
        "shop/__init__.py": "",
        "shop/settings.py": f"""
            from celery.schedules import crontab

            INSTALLED_APPS = []
            {zone}
            CELERY_BEAT_SCHEDULE = {{"report": {_ENTRY}}}
        """,
        "shop/celery.py": f"""
            import os

            from celery import Celery

            os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
            app = Celery("shop")
            app.config_from_object("django.conf:settings", namespace="{namespace}")


            @app.task(name="shop.report")
            def report(): ...
        """,
    }
    return Program("beat-timezone", name, outcomes, files)


def _filled(name: str, outcomes: frozenset[Outcome], text: str, zone: str = 'app.conf.timezone = "UTC"') -> Program:
    head = f"""
from celery import Celery
from celery.schedules import crontab

app = Celery("shop", broker="redis://localhost/0")
{zone}
app.conf.beat_schedule = {{}}


@app.task
def report(): ...


"""
    return Program("beat-timezone", name, outcomes, head + text)


_LATER = f"def add(slug):\n    app.conf.beat_schedule.update({{slug: {_ENTRY}}})\n"

PROGRAMS = (
    _django("zone of Django", _ESTABLISHED, 'TIME_ZONE = "Europe/Paris"'),
    _django("zone of Celery beside that of Django", _ESTABLISHED, 'CELERY_TIMEZONE = TIME_ZONE = "UTC"'),
    _django("no zone in the settings", ALARM, "USE_TZ = True"),
    _filled("schedule filled later, zone written", _ESTABLISHED, _LATER),
    _filled("schedule filled later, no zone", frozenset({Outcome.UNDETERMINED}), _LATER, ""),
    _filled("empty schedule", _NONE, ""),
)
