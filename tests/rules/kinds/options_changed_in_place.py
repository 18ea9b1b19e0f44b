"""Options of a publication that are given after their dictionary is made."""

from tests.rules.kinds.program import ALARM, DOUBTED, PASSES, Program

_APP = """
from celery import Celery

app = Celery("shop", broker="redis://localhost/0")
app.conf.broker_transport_options = {"visibility_timeout": 3600}


@app.task
def remind(order_id): ...


"""
_PUBLISHED = "    remind.apply_async(args=[pk], **options)\n"
_CHANGES = {
    "one entry": "    options['countdown'] = %s\n",
    "several at once": "    options.update(countdown=%s)\n",
    "another dictionary": "    options.update({'countdown': %s})\n",
    "where it is missing": "    options.setdefault('countdown', %s)\n",
    "under a condition": "    if pk:\n        options['countdown'] = %s\n",
    "by a function": "    plan(options)\n",
    "by a function, named": "    plan(given=options)\n",
}


def _program(name: str, seconds: int) -> str:
    change = _CHANGES[name]
    helper = f"def plan(given):\n    given['countdown'] = {seconds}\n\n\n" if "plan" in change else ""
    body = change % seconds if "%s" in change else change
    return f"{_APP}{helper}def ordered(pk):\n    options = {{'queue': 'celery'}}\n{body}{_PUBLISHED}"


PROGRAMS = tuple(
    Program("visibility-timeout", f"options changed by {name}, {seconds} s", outcomes, _program(name, seconds))
    for name in _CHANGES
    for seconds, outcomes in ((86400, ALARM), (60, PASSES))
)

_CIRCLE = f"""{_APP}def first(options):
    second(options)
    return options


def second(given):
    first(given)
    given["countdown"] = len(given)


def ordered(pk):
    options = {{}}
    second(options)
    options.update(first(options))
{_PUBLISHED}"""
PROGRAMS = (*PROGRAMS, Program("visibility-timeout", "options changed in a circle", DOUBTED, _CIRCLE))
