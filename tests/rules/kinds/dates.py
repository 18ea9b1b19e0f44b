"""Dates without a time zone, and those that are given one at once."""

from tests.rules.kinds.program import ALARM, PASSES, WARNED, Program

_HEAD = """
from datetime import UTC, datetime

import pytz
from celery import Celery
from django.utils import timezone
from django.utils.timezone import make_aware

app = Celery("shop", broker="redis://localhost/0")
paris = pytz.timezone("Europe/Paris")


"""


def _dated(name: str, body: str, outcomes: frozenset[object] = PASSES) -> Program:
    lines = "".join(f"    {line}\n" for line in body.split("\n"))
    text = f"{_HEAD}@app.task\ndef close(order, key):\n{lines}"
    return Program("aware-clocks", name, outcomes, text)  # type: ignore[arg-type]


_RESERVED = WARNED - ALARM
PROGRAMS = (
    _dated("name of a file", "path = f'/tmp/{datetime.now():%Y%m%d}.csv'\nopen(path)", _RESERVED),
    _dated("name that a function makes", "order.name = unique_name(order_name(key, datetime.now()))", _RESERVED),
    _dated("name that is given", "export(key, filename=datetime.now().isoformat() + '.csv')", _RESERVED),
    _dated("date kept as a text", "order.sent_at = datetime.now().isoformat()", ALARM),
    _dated("date under the name of a name", "file_name = datetime.now()\nsend(file_name)", ALARM),
    _dated("keyword", "order.at = make_aware(value=datetime.fromtimestamp(int(key)))"),
    _dated("keyword, on several lines", "order.at = timezone.make_aware(\n    value=datetime.now(), timezone=paris\n)"),
    _dated("zone put in", "order.at = datetime.utcnow().replace(tzinfo=UTC)"),
    _dated("zone put in after the rest", "order.at = datetime.now().replace(microsecond=0).replace(tzinfo=UTC)"),
    _dated("zone of pytz", "order.at = paris.localize(datetime.fromtimestamp(key))"),
    _dated("name in between", "at = datetime.now()\norder.at = make_aware(at, paris)"),
    _dated(
        "name moved by a duration",
        "at = datetime.fromtimestamp(key)\nif order:\n    at = at - order.offset\nreturn pytz.utc.localize(at)",
    ),
    _dated("name moved, and kept", "at = datetime.fromtimestamp(key)\norder.at = at - order.offset", ALARM),
    _dated("name made again", "at = datetime.now()\nat = at.replace(tzinfo=UTC)\norder.at = at"),
    _dated(
        "made again where naive", "at = datetime.now()\nif timezone.is_naive(at):\n    at = make_aware(at)\nreturn at"
    ),
    _dated("in a branch", "if key:\n    at = datetime.fromtimestamp(key)\n    order.at = at.astimezone(UTC)"),
    _dated("midnight", "order.at = datetime.now().replace(hour=0, minute=0)", ALARM),
    _dated("zone taken away", "order.at = datetime.now().replace(tzinfo=None)", ALARM),
    _dated("used before", "at = datetime.now()\norder.at = at\nat = make_aware(at)\nreturn at", ALARM),
    _dated("used after, as it is", "at = datetime.now()\nshown = make_aware(at)\norder.at = at", ALARM),
    _dated("made again in a case only", "at = datetime.now()\nif key:\n    at = make_aware(at)\norder.at = at", ALARM),
    _dated("other function", "order.at = order.stamp(value=datetime.fromtimestamp(key))", ALARM),
    _dated(
        "branch that no Python runs",
        "if hasattr(datetime, 'now'):\n    return datetime.now(tz=UTC)\nelse:\n    return datetime.utcnow()",
    ),
    _dated(
        "after what always leaves", "if hasattr(datetime, 'now'):\n    return datetime.now(UTC)\nreturn datetime.now()"
    ),
    _dated("denied", "return datetime.utcnow() if not hasattr(datetime, 'now') else datetime.now(UTC)"),
    _dated("branch that runs", "if hasattr(datetime, 'now'):\n    return datetime.now()\nreturn key", ALARM),
    _dated("branch that something else decides", "return 1 if hasattr(order, 'now') else datetime.now()", ALARM),
)
