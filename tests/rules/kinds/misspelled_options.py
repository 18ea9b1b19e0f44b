"""Options of tasks and keys of transports that nothing reads, and those that something does."""

from audit.model.findings import Outcome
from tests.rules.kinds.program import ALARM, PASSES, Program

_HEAD = 'from celery import Celery\n\napp = Celery("shop", broker="redis://localhost/0")\n'


def _given(name: str, text: str, outcomes: frozenset[Outcome]) -> Program:
    return Program("known-settings", name, outcomes, f"{_HEAD}{text}\n")


PROGRAMS = (
    _given("an option of a task", "\n\n@app.task(ack_late=True)\ndef send(id): ...", ALARM),
    _given("the option itself", "\n\n@app.task(acks_late=True)\ndef send(id): ...", PASSES),
    _given("an attribute of the project's own", "\n\n@app.task(bind=True, max_retry=3)\ndef send(self): print(self.max_retry)", PASSES),
    _given("an attribute that resembles nothing", "\n\n@app.task(team='mails')\ndef send(id): ...", PASSES),
    _given("a key of a transport", "app.conf.broker_transport_options = {'visibility_time_out': 9}", ALARM),
    _given("the key itself", "app.conf.broker_transport_options = {'visibility_timeout': 9}", PASSES),
    _given("a message's", "app.send_task('shop.send', expiration=60)", ALARM),
    _given("a method of the project's own", "\n\nclass Control:\n    def send_task(self, name, expiration): ...\n\n\nControl().send_task('x', expiration=60)", PASSES),
    _given("a message's, beside a method of that name", "\n\nclass Control:\n    def send_task(self, name, expiration): ...\n\n\napp.send_task('x', expiration=60)", ALARM),
)  # fmt: skip
