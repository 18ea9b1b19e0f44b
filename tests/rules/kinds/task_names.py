"""Names of tasks that no text gives: a wrapper's, a function's that is defined again, one without its module."""

from audit.model.findings import Outcome
from tests.rules.kinds.program import ALARM, PASSES, Program

_RESERVED = frozenset({Outcome.RESERVATION})
_APP = """from functools import update_wrapper, wraps

from celery import Celery

app = Celery("shop", broker="redis://localhost/0")

"""
_TWICE = """

@app.task
@{0}
def send(key): ...


@app.task
@{0}
def drop(key): ...
"""
_INNER = "    def wrapper(*a, **k):\n        return func(*a, **k)\n"


def _named(name: str, text: str, outcomes: frozenset[Outcome]) -> Program:
    return Program("unique-task-names", name, outcomes, _APP + text)


def _generated(name: str, body: str, outcomes: frozenset[Outcome] = ALARM, text: str = "") -> Program:
    own = f"from celery import Celery\n\n\nclass Own(Celery):\n    def gen_task_name(self, name, module):\n        {body}\n\n\n"
    task = "from shop import app\n\n\n@app.task\ndef send(key): ...\n"
    made = text or f"{own}app = Own('shop', broker='redis://localhost/0', include=['mail', 'sms'])\n"
    return Program("unique-task-names", name, outcomes, {"shop.py": made, "mail.py": task, "sms.py": task})


_FACTORY = "\ndef made(region):\n    @app.task{0}\n    def sync(): ...\n\n    return sync\n\n\n"

PROGRAMS = (
    _named("wrapper", f"\ndef timed(func):\n{_INNER}    return wrapper\n" + _TWICE.format("timed"), ALARM),
    _named(
        "wrapper of a factory",
        "\ndef timed(limit):\n    def outer(func):\n        def wrapper(*a):\n            return func(*a)\n        return wrapper\n"
        "    return outer\n" + _TWICE.format("timed(5)"),
        ALARM,
    ),
    _named(
        "wrapper with the name of the function",
        f"\ndef timed(func):\n    @wraps(func)\n{_INNER}    return wrapper\n" + _TWICE.format("timed"),
        PASSES,
    ),
    _named(
        "wrapper given the name of the function",
        f"\ndef timed(func):\n{_INNER}    update_wrapper(wrapper, func)\n    return wrapper\n" + _TWICE.format("timed"),
        PASSES,
    ),
    _named(
        "wrapper that is returned with the name of the function",
        f"\ndef timed(func):\n{_INNER}    return wraps(func)(wrapper)\n" + _TWICE.format("timed"),
        PASSES,
    ),
    _named("decorator that hands on", "\ndef timed(func):\n    return func\n" + _TWICE.format("timed"), PASSES),
    _named("loop", "\nfor region in ('eu', 'us'):\n    @app.task\n    def sync(region=region): ...\n", _RESERVED),
    _named(
        "loop, each its name",
        "\nfor region in ('eu', 'us'):\n    @app.task(name=f'sync-{region}')\n    def sync(region=region): ...\n",
        PASSES,
    ),
    _named("factory", _FACTORY.format("") + "EU, US = made('eu'), made('us')\n", _RESERVED),
    _named("factory in a comprehension", _FACTORY.format("") + "ALL = [made(r) for r in ('eu', 'us')]\n", _RESERVED),
    _named("factory, each its name", _FACTORY.format("(name=region)") + "EU, US = made('eu'), made('us')\n", PASSES),
    _named("factory called once", _FACTORY.format("") + "EU = made('eu')\n", PASSES),
    _named(
        "another library's",
        "\nfrom airflow.decorators import task\n\n\nfor region in 'ab':\n    @task\n    def sync(): ...\n\n\n@app.task\ndef send(key): ...\n",
        PASSES,
    ),
    Program(
        "unique-task-names",
        "factory of the application",
        PASSES,
        {
            "shop.py": "from celery import Celery\n\n\ndef made():\n    app = Celery('shop', broker='redis://localhost/0')\n\n"
            "    @app.task\n    def sync(): ...\n\n    return app\n",
            "web.py": "from shop import made\n\napp = made()\n",
            "worker.py": "from shop import made\n\napp = made()\n",
        },
    ),
    _named("functions in a loop", "\ndef one(): ...\n\n\nfor func in (one,):\n    app.task(func)\n", PASSES),
    _generated("names without their module", "return name"),
    _generated("names without their module, by a prefix", "return f'shop.{name}'"),
    _generated("names with their module", "return f'{module}:{name}'", PASSES),
    _generated("shorter module", "return super().gen_task_name(name, module.removesuffix('.tasks'))", PASSES),
    _generated(
        "names without their module, by a function",
        "",
        text="from celery import Celery\n\napp = Celery('shop', broker='redis://localhost/0', include=['mail', 'sms'])\n"
        "app.gen_task_name = lambda name, module: name\n",
    ),
)
