"""What a role runs and who it asks for: a person behind a class of tasks, a signal, a statement, a dispatch table, a partial."""

from tests.rules.kinds.program import DOUBTED, PASSES, WARNED, Table

_ROLES = '[roles]\nsender = "shop:send"\n'
_APP = """
from functools import partial

from celery import Celery, Task
from celery.signals import task_prerun

app = Celery("shop", broker="redis://localhost/0")
"""


def _sender(text: str, **files: str) -> dict[str, str]:
    return {"audit.toml": _ROLES, "shop.py": _APP + text, **{f"{name}.py": code for name, code in files.items()}}


_SOUND = '''

class Audited(Task):
    """Keeps the user_id out of everything."""

    def __call__(self, *args, **kwargs):
        log.info("task of user_id=%s", self.name)
        return super().__call__(*args, **kwargs)


@app.task(base=Audited)
def send(message_id):
    cursor.execute(FIND, [message_id])
'''
_FIND = 'FIND = "SELECT m.* FROM messages m JOIN {} s ON s.id = m.{} WHERE m.id = %s"\n'
_RULE = "sender-no-user"

TABLE: Table = {
    _RULE: {
        "the class of its base class asks who is there": (
            WARNED,
            _sender("""

class Guarded(Task):
    def before_start(self, task_id, args, kwargs):
        require_admin(args)


class Ours(Guarded):
    abstract = True


@app.task(base=Ours)
def send(message_id):
    gateway.deliver(message_id)
"""),
        ),
        "a receiver of a signal asks who is there": (
            WARNED,
            _sender(
                "\nimport watch\n\n\n@app.task\ndef send(message_id):\n    gateway.deliver(message_id)\n",
                watch="from celery.signals import task_prerun\n\n\n@task_prerun.connect\ndef before(**kwargs):\n"
                "    if current_user() is None:\n        raise PermissionError\n",
            ),
        ),
        "a statement of another module joins the sessions": (
            WARNED,
            _sender(
                "\nimport statements\n\n\n@app.task\ndef send(message_id):\n    cursor.execute(statements.FIND, [message_id])\n",
                statements=_FIND.format("user_sessions", "session_id"),
            ),
        ),
        "a statement of the class of a repository joins the sessions": (
            WARNED,
            _sender("""

class Messages:
    FIND = "SELECT * FROM messages m JOIN sessions s ON s.token = m.token"

    def one(self, key):
        return self.cursor.execute(self.FIND, [key])


@app.task
def send(message_id):
    Messages().one(message_id)
"""),
        ),
        "a partial": (
            DOUBTED,
            _sender("""

def find(owner, key):
    return messages.get(key, user_id=owner)


load = partial(find, None)


@app.task
def send(message_id):
    load(message_id)
"""),
        ),
        "a table of functions": (
            DOUBTED,
            _sender("""

def template(key):
    return messages.get(key, user_id=session.user_id)


KINDS = {"template": template}


@app.task
def send(message_id, kind="template"):
    KINDS[kind](message_id)
"""),
        ),
        "a method of an unknown receiver": (
            DOUBTED,
            _sender("""

class Inbox:
    def pending_for(self, key):
        return messages.get(key, user_id=session.user_id)


@app.task
def send(message_id):
    container.inbox.pending_for(message_id)
"""),
        ),
        "a file that is not read": (
            DOUBTED,
            _sender(
                "\nfrom store import find\n\n\n@app.task\ndef send(message_id):\n    find(message_id)\n",
                store="def find(key:\n    return messages.get(key, user_id=1)\n",
            ),
        ),
        "words of a log, of a docstring": (PASSES, _sender(_FIND.format("campaigns", "campaign_id") + _SOUND)),
        "a receiver that counts, a partial of its own, a method that speaks of nobody": (
            PASSES,
            _sender("""

def find(table, key):
    return messages.get(key, table=table)


class Inbox:
    def pending_for(self, key):
        return find("inbox", key)


@task_prerun.connect
def before(**kwargs):
    counters.add(1)


@app.task
def send(message_id):
    container.inbox.pending_for(message_id)
"""),
        ),
        "another task that is only published": (
            PASSES,
            _sender("""

@app.task
def report(user_id):
    mail.send(user_id)


@app.task
def send(message_id):
    report.delay(message_id)
"""),
        ),
        "another task that is called as a function": (
            WARNED,
            _sender("""

@app.task
def report(key):
    mail.send(key, user_id=session.user_id)


@app.task
def send(message_id):
    report(message_id)
"""),
        ),
        "a parameter that a table gives": (
            DOUBTED,
            _sender("""

def mine(key):
    return messages.get(key, user_id=session.user_id)


WAYS = {"mine": mine}


def apply(way, key):
    return way(key)


@app.task
def send(message_id):
    apply(WAYS["mine"], message_id)
"""),
        ),
        "an object made with a function that asks for a person": (
            WARNED,
            _sender("""

class Loader:
    def __init__(self, find):
        self.find = find

    def load(self, key):
        return self.find(key)


def mine(key):
    return messages.get(key, user_id=session.user_id)


loader = Loader(mine)


@app.task
def send(message_id):
    loader.load(message_id)
"""),
        ),
        "parameters and values whose functions were followed": (
            PASSES,
            _sender("""

def now():
    return 1


def found(key, *, clock=now):
    return messages.get(key, at=clock())


def maker(kind):
    def check(key):
        return found(key)

    return check if kind else (lambda key: key)


def apply(way, key):
    return way(key)


@app.task
def send(message_id):
    check = maker("one")
    if check(message_id):
        apply(found, message_id)
        apply(lambda key: key, message_id)
"""),
        ),
    }
}
