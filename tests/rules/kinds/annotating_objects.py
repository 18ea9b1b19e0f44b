"""Objects that annotate tasks: what they answer of each is decided when Celery asks."""

from audit.model.findings import Outcome
from tests.rules.kinds.program import ALARM, PASSES, Program

_DOUBT = frozenset({Outcome.UNDETERMINED})
_TEXT = """
from celery import Celery

app = Celery("shop", broker="redis://localhost/0")
app.conf.task_acks_late = True


class Durable:
    def annotate(self, task):
        return {{"reject_on_worker_lost": True}} if task.name.startswith("shop.") else None


app.conf.task_annotations = {given}


@app.task{options}
def send(key): ...


@app.task
def other(key): ...
"""


def _given(name: str, outcomes: frozenset[Outcome], given: str, options: str = "") -> Program:
    return Program("reject-on-worker-lost", name, outcomes, _TEXT.format(given=given, options=options))


PROGRAMS = (
    _given("an object", _DOUBT, "[Durable()]"),
    _given("an object after what names every task", PASSES, '[{"*": {"reject_on_worker_lost": True}}, Durable()]'),
    _given("nothing", ALARM, "[]"),
    _given("another option", ALARM, '[{"*": {"rate_limit": "10/s"}}]'),
)
