"""Projects whose task reaches one fault through layers that hide it, one module a layer."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from textwrap import dedent

_SETTINGS = 'SECRET_KEY = "x"\nINSTALLED_APPS = ["orders"]\nCELERY_BROKER_URL = "redis://localhost/0"\n'
_MODELS = "from django.db import models\nclass Order(models.Model):\n    label = models.CharField(max_length=20)\n"
_APP = """\
from celery import Celery
app = Celery("shop", broker="redis://localhost/0", backend="redis://localhost/1", include=["tasks"])
app.conf.task_time_limit = 60
"""
_ORDERS = {"settings.py": _SETTINGS, "orders/__init__.py": "", "orders/models.py": _MODELS}


@dataclass(frozen=True)
class Hidden:
    """A fault that `rule` looks for: the module that defines `run(item)`, which has it; `faulty` replaced by `sound`, it has none."""

    rule: str
    text: str
    faulty: str
    sound: str
    more: Mapping[str, str] | None = None


_CLIENT = "import redis\nclient = redis.Redis(socket_timeout=5)\n"
FAULTS: tuple[Hidden, ...] = (
    Hidden("no-endless-loop", "def run(item):\n    while True:\n        item += 1\n", "while True", "while item < 10"),
    Hidden(
        "http-timeouts",
        'import requests\ndef run(item):\n    return requests.post("https://a.internal", json=item)\n',
        "json=item",
        "json=item, timeout=5",
    ),
    Hidden(
        "aware-clocks",
        "from datetime import datetime\ndef run(item):\n    return item, datetime.now().isoformat()\n",
        "from datetime import datetime\ndef run(item):\n    return item, datetime.now()",
        "from datetime import UTC, datetime\ndef run(item):\n    return item, datetime.now(UTC)",
    ),
    Hidden(
        "no-process-state",
        "total = 0\ndef run(item):\n    global total\n    total += item\n    return total\n",
        "    global total\n    total += item\n    return total",
        "    return total + item",
    ),
    Hidden(
        "atomic-counters",
        f'{_CLIENT}def run(item):\n    client.set("n", int(client.get("n") or 0) + item)\n',
        'client.set("n", int(client.get("n") or 0) + item)',
        'client.incrby("n", item)',
    ),
    Hidden(
        "locks-expire",
        f'{_CLIENT}def run(item):\n    with client.lock("sweep"):\n        return item\n',
        'lock("sweep")',
        'lock("sweep", timeout=30)',
    ),
    Hidden(
        "no-result-wait",
        "from celery.result import AsyncResult\ndef run(item):\n    return AsyncResult(item).get()\n",
        "AsyncResult(item).get()",
        "AsyncResult(item).state",
    ),
    Hidden(
        "sleep-within-limit",
        "import time\ndef run(item):\n    time.sleep(600)\n    return item\n",
        "sleep(600)",
        "sleep(6)",
    ),
    Hidden(
        "identifiers-only",
        "from app import app\nfrom orders.models import Order\n\n@app.task\ndef notify(order): ...\n\n"
        "def run(item):\n    notify.delay(Order.objects.get(pk=item))\n",
        "Order.objects.get(pk=item)",
        "Order.objects.get(pk=item).pk",
        _ORDERS,
    ),
    Hidden(
        "publish-after-commit",
        "from app import app\nfrom django.db import transaction\nfrom orders.models import Order\n\n@app.task\n"
        "def notify(pk): ...\n\ndef run(item):\n    with transaction.atomic():\n"
        "        order = Order.objects.create(label=item)\n        notify.delay(order.pk)\n",
        "        notify.delay",
        "    notify.delay",
        _ORDERS,
    ),
)

# Each is the text of a module that defines `run(item)` over that of the module `{below}`.
LAYERS: Mapping[str, str] = {
    "helper": "from {below} import run as inner\ndef run(item):\n    return inner(item)\n",
    "module": "import {below} as below\ndef run(item):\n    return below.run(item)\n",
    "late import": "def run(item):\n    from {below} import run as inner\n    return inner(item)\n",
    "decorator": """
        import functools
        from {below} import run as inner
        def first(function):
            @functools.wraps(function)
            def wrapper(item):
                inner(item)
                return function(item)
            return wrapper
        @first
        def run(item):
            return item
    """,
    "context manager": """
        from contextlib import contextmanager
        from {below} import run as inner
        @contextmanager
        def around(item):
            yield inner(item)
        def run(item):
            with around(item) as found:
                return found
    """,
    "class of a manager": """
        from {below} import run as inner
        class Around:
            def __init__(self, item):
                self.item = item
            def __enter__(self):
                return inner(self.item)
            def __exit__(self, *_):
                return None
        def run(item):
            with Around(item) as found:
                return found
    """,
    "base class": """
        from {below} import run as inner
        class Base:
            def handle(self, item):
                return inner(item)
        class Child(Base):
            pass
        def run(item):
            return Child().handle(item)
    """,
    "template method": """
        from {below} import run as inner
        class Base:
            def handle(self, item):
                return self.step(item)
        class Child(Base):
            def step(self, item):
                return inner(item)
        def run(item):
            return Child().handle(item)
    """,
    "property": """
        from {below} import run as inner
        class Box:
            def __init__(self, item):
                self.item = item
            @property
            def value(self):
                return inner(self.item)
        def run(item):
            return Box(item).value
    """,
    "operator": """
        from {below} import run as inner
        class Box:
            def __getitem__(self, item):
                return inner(item)
        box = Box()
        def run(item):
            return box[item]
    """,
    "table": 'from {below} import run as inner\nTABLE = {{"a": inner}}\ndef run(item):\n    return TABLE["a"](item)\n',
    "computed entry": "from {below} import run as inner\nTABLE = {{1: inner}}\ndef run(item):\n    return TABLE.get(item)(item)\n",
    "registry": """
        from {below} import run as inner
        STEPS = []
        def step(function):
            STEPS.append(function)
            return function
        @step
        def first(item):
            return inner(item)
        def run(item):
            for function in STEPS:
                function(item)
    """,
    "partial": """
        from functools import partial
        from {below} import run as inner
        bound = partial(inner)
        def run(item):
            return bound(item)
    """,
    "local partial": """
        import functools
        from {below} import run as inner
        def run(item):
            return functools.partial(inner, item)()
    """,
    "lambda": "from {below} import run as inner\nlater = lambda item: inner(item)\ndef run(item):\n    return later(item)\n",
    "alias": "from {below} import run as inner\nother = inner\ndef run(item):\n    return other(item)\n",
    "generator": """
        from {below} import run as inner
        def steps(item):
            yield inner(item)
        def run(item):
            for found in steps(item):
                return found
    """,
    "map": "from {below} import run as inner\ndef run(item):\n    return list(map(inner, [item]))\n",
    "thread": """
        import threading
        from {below} import run as inner
        class Worker(threading.Thread):
            def __init__(self, item):
                super().__init__()
                self.item = item
            def run(self):
                inner(self.item)
        def run(item):
            Worker(item).start()
    """,
    "getattr": 'import {below} as below\ndef run(item):\n    return getattr(below, "run")(item)\n',
    "computed getattr": 'import {below} as below\ndef run(item):\n    return getattr(below, "r" + "un")(item)\n',
    "import_module": 'import importlib\ndef run(item):\n    return importlib.import_module("{below}").run(item)\n',
    "factory": """
        from {below} import run as inner
        def make():
            def made(item):
                return inner(item)
            return made
        run = make()
    """,
    "factory of a class": """
        from {below} import run as inner
        def make():
            class Made:
                def handle(self, item):
                    return inner(item)
            return Made
        Made = make()
        def run(item):
            return Made().handle(item)
    """,
    "coroutine": """
        import asyncio
        from {below} import run as inner
        async def later(item):
            return inner(item)
        def run(item):
            return asyncio.run(later(item))
    """,
    "unparsed": "from {below} import run as inner\ndef run(item):\n    return inner(item))\n",
}
PLACES: Mapping[str, Callable[[str, str], dict[str, str]]] = {
    "plain": lambda name, text: {f"{name}.py": text},
    "package": lambda name, text: {f"{name}/__init__.py": "from .inner import run\n", f"{name}/inner.py": text},
    "root": lambda name, text: {f"backend/{name}/__init__.py": text},
}


def project(fault: Hidden, layers: Sequence[tuple[str, str]], *, sound: bool = False) -> dict[str, str]:
    """The files of a project, or of its sound twin: layers by name and place, the one nearest to the fault first."""
    bottom = fault.text.replace(fault.faulty, fault.sound) if sound else fault.text
    files = {"app.py": _APP, "bottom.py": bottom, "requirements.txt": "celery==5.5.3\n", **(fault.more or {})}
    below = "bottom"
    for number, (layer, place) in enumerate(layers):
        name = f"layer{number}"
        files |= PLACES[place](name, dedent(LAYERS[layer]).format(below=below).lstrip("\n"))
        below = name
    files["tasks.py"] = f"from app import app\nfrom {below} import run\n\n@app.task\ndef job(item):\n    run(item)\n"
    return files
