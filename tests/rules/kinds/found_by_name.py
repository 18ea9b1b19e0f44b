"""Objects of the project that a library finds or makes by their name: their methods may be any of the project's."""

from tests.rules.kinds.program import DOUBTED, PASSES, Program

_MODELS = """
import requests
from django.db import models


class Order(models.Model):
    def ship(self):
        requests.post("https://carrier.internal/orders", json={{}}{timeout})
"""
_TASKS = """
from celery import Celery
{imports}

app = Celery("shop", broker="redis://localhost/0")


@app.task
def ship(pk):
{body}
"""


def _found(name: str, imports: str, *lines: str) -> tuple[Program, Program]:
    body = "".join(f"    {line}\n" for line in lines)

    def program(which: str, timeout: str, sound: bool) -> Program:
        files = {"shop/models.py": _MODELS.format(timeout=timeout), "shop/__init__.py": ""}
        files["shop/tasks.py"] = _TASKS.format(imports=imports, body=body)
        return Program("http-timeouts", f"{name}, {which}", PASSES if sound else DOUBTED, files)

    return program("no timeout", "", False), program("a timeout", ", timeout=5", True)


PROGRAMS = (
    *_found(
        "a model by its name",
        "from django.apps import apps",
        "Order = apps.get_model('shop', 'Order')",
        "order = Order.objects.get(pk=pk)",
        "order.ship()",
    ),
    *_found("a swappable model", "import swapper", "swapper.load_model('shop', 'Order').objects.get(pk=pk).ship()"),
    *_found("a registry", "from carriers import registry", "found = registry.find(pk)", "found.ship()"),
    *_found("a factory", "from carriers.api import get_backend", "get_backend('orders').ship()"),
)
