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


_UNSAID = frozenset({Outcome.UNDETERMINED})
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
    _clock("text of a date made at once", "save(datetime.now().strftime('%Y-%m-%d %H:%M:%S'))"),
    _clock("text of a date made at once, kept", "{'at': datetime.today().strftime('%d/%m/%Y %H:%M')}"),
    _clock("text of a date made at once, in a name", "open(datetime.now().strftime('%Y-%m-%d %H:%M.csv'))", PASSES),
    _clock("text of a date made at once, in a log", "log.info(datetime.now().strftime('%Y-%m-%d %H:%M'))", PASSES),
    _clock("the machine's day", "Row.filter(due__lte=date.today())", _UNSAID),
    _clock("the machine's day, from its hour", "save(datetime.now().date())", _UNSAID),
    _clock("the machine's day, kept apart", "(lambda day: day.year)(date.today())", _UNSAID),
    _clock("a day where it is told", "Row.filter(due__lte=datetime.now(UTC).date())", PASSES),
    _clock("the machine's day in a line of a log", "log.info(f'{date.today()} : rien')", PASSES),
    _clock("put together", "save(datetime(pk.year, pk.month, 1))", _UNSAID),
    _clock("put together, then moved", "save(datetime(pk.year, 1, 1) + pk)", _UNSAID),
    _clock("put together with its zone", "save(datetime(pk.year, pk.month, 1, tzinfo=UTC))", PASSES),
    _clock("put together, then given its zone", "save(timezone.make_aware(datetime(pk.year, 1, 1)))", PASSES),
    _clock("a date that is written", "pk > datetime(1970, 1, 1)", PASSES),
)
