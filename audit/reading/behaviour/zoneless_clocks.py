"""Dates without a time zone that are no plain `datetime.now()`: Django's without `USE_TZ`, pandas', stripped or combined ones."""

import ast
import re
from collections.abc import Iterator
from itertools import takewhile

from audit.model.observations.shared_data import NaiveDatetime
from audit.reading.behaviour.clocks import only_names
from audit.reading.behaviour.given_zones import is_given_a_zone
from audit.reading.behaviour.scope import Scope, keyword, last
from audit.reading.python.child_nodes import walk

WORDS = (
    "strptime",
    "timezone",
    "Timestamp",
    "tzinfo=None",
    "combine(",
    "strftime",
    "ctime",
    "today(",
    "datetime(",
    ".date()",
    "fromtimestamp",
)
_WITHOUT_ZONES = re.compile(r"(?m)^[ \t]*USE_TZ[ \t]*=[ \t]*False\b")
_OF_PANDAS = frozenset({"pandas.Timestamp.now", "pandas.Timestamp.today"})
# A date that is read, rather than the name of a file, tells hours from minutes.
_READ = re.compile(r"%[HI]:%M|%[cXT]")
_TEXTS = {"strftime": 1, "ctime": 0, "asctime": 0}
_HOURS = re.compile(r"%[HIcX]")
_ZONED = re.compile(r"%[zZ]")
_LOGS = re.compile(
    r"(?i)^(debug|info|warning|warn|error|exception|critical|log|print|write|format)$|path|join|open|name|log"
)
_LOCAL = {name: f"datetime.datetime.{name}" for name in ("now", "today")}
_NOW = frozenset({"now", "utcnow"})


def zoneless_clocks(scope: Scope) -> Iterator[NaiveDatetime]:
    """NaiveDatetime: each call that gives a date of now without its zone."""
    for call in scope.calls:
        if constructor := _naive(scope, call):
            yield scope.observed(NaiveDatetime, call, constructor=constructor)
        elif last(call.func) == "strptime" and _is_kept_naive(scope, call):
            yield scope.observed(NaiveDatetime, call, constructor="datetime.strptime()", unsaid=True)
        elif constructor := _of_the_machine(scope, call) or _of_something_given(scope, call):
            yield scope.observed(NaiveDatetime, call, constructor=constructor, unsaid=True)


def _of_the_machine(scope: Scope, call: ast.Call) -> str:
    """A day of now by the machine's zone, or a date put together without one, unless a text only shows or names it."""
    name, constructor = last(call.func), ""
    if name == "today" and scope.external(call.func) == "datetime.date.today":
        constructor = "date.today()"
    elif name == "date" and isinstance(call.func, ast.Attribute) and isinstance(made := call.func.value, ast.Call):
        if last(made.func) in _LOCAL and scope.external(made.func) in _LOCAL.values() and not _is_zoned(made, 0):
            constructor = f"datetime.{last(made.func)}().date()"
    elif name == "fromtimestamp" and not scope.external(call.func).startswith("datetime."):
        # Asked of a date, as of its class.
        constructor = "" if _is_zoned(call, 1) or is_given_a_zone(scope, call) else "fromtimestamp()"
    elif name.endswith("datetime") and call.args and scope.external(call.func) == "datetime.datetime":
        constant = all(isinstance(one, ast.Constant) for one in call.args)
        constructor = "" if constant or _is_zoned(call, 7) or is_given_a_zone(scope, call) else "datetime()"
    if not constructor:
        return ""
    holder = scope.parents.get(call)
    combined = isinstance(holder, ast.Call) and last(holder.func) == "combine"
    return "" if combined or only_names(scope, call) or _is_logged(scope, call) else constructor


def _is_zoned(call: ast.Call, before: int) -> bool:
    named = any(k.arg in {None, "tz", "tzinfo"} for k in call.keywords)
    return named or len(call.args) > before or any(isinstance(one, ast.Starred) for one in call.args)


def _is_logged(scope: Scope, node: ast.expr) -> bool:
    """Whether a value is only shown, in a line of a log."""
    around = takewhile(lambda one: not isinstance(one, ast.stmt), scope.around(node))
    return any(isinstance(one, ast.Call) and _LOGS.search(last(one.func)) for one in around)


def _is_kept_naive(scope: Scope, call: ast.Call) -> bool:
    """Whether hours are read from a text without their zone, and handed to something else as they are."""
    told = scope.value(call.args[1]) if len(call.args) > 1 else None
    if not isinstance(told, str) or not _HOURS.search(told) or _ZONED.search(told) or told.endswith("Z"):
        return False
    if scope.external(call.func) != "datetime.datetime.strptime" or is_given_a_zone(scope, call):
        return False
    made: ast.AST | None = call
    if isinstance(holder := scope.parents.get(call), ast.Assign) and isinstance(holder.targets[0], ast.Name):
        name = holder.targets[0].id
        read = [n for n in scope.all(ast.Name) if n.id == name and isinstance(n.ctx, ast.Load)]
        made = next((n for n in read if _is_handed(scope, n)), None)
    return made is not None and _is_handed(scope, made)


def _is_handed(scope: Scope, node: ast.AST) -> bool:
    """Whether a value is given to a call, kept in an object or an entry, or answered."""
    holder = scope.parents.get(node)
    if isinstance(holder, ast.Assign):
        return any(isinstance(t, ast.Attribute | ast.Subscript) for t in holder.targets)
    call = scope.parents.get(holder) if isinstance(holder, ast.keyword) else holder
    return isinstance(call, ast.Call | ast.Return | ast.Dict) and not (
        isinstance(call, ast.Call) and bool(_LOGS.search(last(call.func)))
    )


def _naive(scope: Scope, call: ast.Call) -> str:
    name = last(call.func)
    if name == "now" and scope.external(call.func) == "django.utils.timezone.now":
        return "timezone.now()" if scope.machine.project.holds(_WITHOUT_ZONES) else ""
    if name in _TEXTS:
        return _stored_text(scope, call, name)
    if scope.external(call.func) in _OF_PANDAS:
        return f"Timestamp.{name}()" if not call.args and keyword(call, "tz") is None else ""
    if name == "replace" and isinstance(call.func, ast.Attribute):
        zone = keyword(call, "tzinfo")
        made = scope.given(call.func.value)
        read = [n for n in walk(made) if isinstance(n, ast.Call) and last(n.func) in _NOW]
        stripped = isinstance(zone, ast.Constant) and zone.value is None and bool(read)
        return "now().replace(tzinfo=None)" if stripped and _is_aware(read) else ""
    return "datetime.combine()" if _combines(scope, call) and _is_of_now(scope, call.args[0]) else ""


def _of_something_given(scope: Scope, call: ast.Call) -> str:
    """A date made of a day that is given, or of one whose zone is taken off."""
    if _combines(scope, call):
        return "datetime.combine()"
    zone = keyword(call, "tzinfo") if last(call.func) == "replace" and isinstance(call.func, ast.Attribute) else None
    stripped = isinstance(zone, ast.Constant) and zone.value is None and not is_given_a_zone(scope, call)
    return "replace(tzinfo=None)" if stripped and _is_handed(scope, call) else ""


def _combines(scope: Scope, call: ast.Call) -> bool:
    """Whether a day is given hours that have no zone, and the date is given none after."""
    if last(call.func) != "combine" or scope.external(call.func) != "datetime.datetime.combine" or len(call.args) != 2:
        return False
    hours = scope.given(call.args[1])
    named = isinstance(hours, ast.Attribute) and hours.attr in {"min", "max"}
    made = isinstance(hours, ast.Call) and last(hours.func) == "time" and not _is_zoned(hours, 4)
    zoned = _is_zoned(call, 2) or is_given_a_zone(scope, call)
    return (named or made) and not zoned and not only_names(scope, call) and not _is_logged(scope, call)


def _is_of_now(scope: Scope, day: ast.expr) -> bool:
    """Whether a day is today's: the machine's, Django's, or that of a clock."""
    made = scope.given(day)
    if not isinstance(made, ast.Call):
        return False
    clock = made.func.value if isinstance(made.func, ast.Attribute) and last(made.func) == "date" else None
    read = scope.given(clock) if clock is not None else None
    called = last(read.func) if isinstance(read, ast.Call) else ""
    return last(made.func) in {"today", "localdate"} or called in {*_LOCAL, *_NOW, "localtime"}


def _stored_text(scope: Scope, call: ast.Call, name: str) -> str:
    """What writes the wall clock of the machine as a date, and gives it to something else than a log or a name."""
    made = call.func.value if isinstance(call.func, ast.Attribute) else None
    if isinstance(made, ast.Call):
        local = scope.external(made.func) in _LOCAL.values() and not _is_zoned(made, 0)
        return f"datetime.{last(made.func)}().{name}()" if local and _is_kept_text(scope, call, call.args[:1]) else ""
    given = call.args[_TEXTS[name] :]
    local = not given or (isinstance(given[0], ast.Call) and scope.external(given[0].func) == "time.localtime")
    if not local or scope.external(call.func) != f"time.{name}":
        return ""
    return f"time.{name}()" if _is_kept_text(scope, call, call.args[: _TEXTS[name]]) else ""


def _is_kept_text(scope: Scope, call: ast.Call, told_by: list[ast.expr]) -> bool:
    """Whether the text of a date that tells hours, without their zone, is given to something else than a log or a name."""
    told = scope.value(told_by[0]) if told_by else "%c"
    if not isinstance(told, str) or not _READ.search(told) or _ZONED.search(told):
        return False
    holder = scope.parents.get(call)
    holder = scope.parents.get(holder) if isinstance(holder, ast.keyword) else holder
    if isinstance(holder, ast.Assign):
        return any(isinstance(target, ast.Attribute | ast.Subscript) for target in holder.targets)
    return isinstance(holder, ast.Dict) or (isinstance(holder, ast.Call) and not _LOGS.search(last(holder.func)))


def _is_aware(read: list[ast.Call]) -> bool:
    """Whether a clock is given its zone, which is then taken away; without one, it is an alarm of its own."""
    return any(call.args or call.keywords or ast.unparse(call.func).endswith("timezone.now") for call in read)
