"""Dates of now that have no zone by a setting, by their library, or because it was taken away."""

from audit.model.findings import Outcome
from tests.rules.kinds.program import ALARM, PASSES, Program

_HEAD = """
import time as clock
from datetime import UTC, date, datetime, time

import pandas as pd
from celery import Celery
from django.utils import timezone

app = Celery("shop", broker="redis://localhost/0")


@app.task
def close(pk):
"""


def _clock(name: str, body: str, outcomes: frozenset[Outcome] = ALARM, settings: str = "USE_TZ = True\n") -> Program:
    return Program("aware-clocks", name, outcomes, {"shop.py": f"{_HEAD}    return {body}\n", "settings.py": settings})


PROGRAMS = (
    _clock("Django's, without zones", "timezone.now()", ALARM, "USE_TZ = False\n"),
    _clock("Django's, with zones", "timezone.now()", PASSES),
    _clock("pandas'", "pd.Timestamp.now()"),
    _clock("pandas', with its zone", "pd.Timestamp.now(tz='UTC')", PASSES),
    _clock("stripped", "datetime.now(UTC).replace(tzinfo=None)"),
    _clock("given another zone", "datetime.now(UTC).replace(tzinfo=UTC)", PASSES),
    _clock("combined", "datetime.combine(date.today(), time.min)"),
    _clock("combined with its zone", "datetime.combine(date.today(), time.min, tzinfo=UTC)", PASSES),
    _clock("text", "save(clock.strftime('%Y-%m-%d %H:%M:%S'))"),
    _clock("text of local time", "{'at': clock.strftime('%d/%m/%Y %H:%M', clock.localtime())}"),
    _clock("text by default", "Row(at=clock.ctime())"),
    _clock("text in UTC", "save(clock.strftime('%Y-%m-%d %H:%M:%S', clock.gmtime()))", PASSES),
    _clock("text with its zone", "save(clock.strftime('%Y-%m-%d %H:%M:%S %z'))", PASSES),
    _clock("name of a file", "open(clock.strftime('%Y%m%d-%H%M%S.csv'))", PASSES),
    _clock("name of a file, with hours", "open(clock.strftime('%Y-%m-%d %H:%M.csv'))", PASSES),
    _clock("line of a log", "log.info(clock.strftime('%Y-%m-%d %H:%M:%S'))", PASSES),
    _clock("a date's own", "save(datetime.now(UTC).strftime('%Y-%m-%d %H:%M:%S'))", PASSES),
)
