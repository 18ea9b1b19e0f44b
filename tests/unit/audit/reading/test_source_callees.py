"""Calls through instances are followed as far as annotations and constructors tell."""

from pathlib import Path

import pytest

from audit.reading import collect
from audit.target.target_file import Target

SERVICE = """
class Store:
    def save(self): ...

class Sender:
    store: Store
    def send(self):
        self.store.save()

class Other:
    def __init__(self, store: Store | None, n: int):
        self._store = store
    def go(self):
        self._store.save()

def make() -> Sender: ...
def untyped(): ...
"""


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("x = make(); x.send()", "service:Sender.send"),
        ("x = Sender(); x.send()", "service:Sender.send"),
        ("make().send()", "service:Sender.send"),
        ("Sender().store.save()", ""),
        ("x = make(); x.store.save()", "service:Store.save"),
        ("x = untyped(); x.send()", ""),
        ("x = make(); x = untyped(); x.send()", ""),
        ("x = 3; x.send()", ""),
        ("import service; x = service.make(); x.send()", "service:Sender.send"),
    ],
)
def test_a_local_instance(tmp_path: Path, body: str, expected: str) -> None:
    (tmp_path / "service.py").write_text(SERVICE, encoding="utf-8")
    (tmp_path / "app.py").write_text(
        f"from service import make, Sender, untyped\ndef f():\n    {body}\n", encoding="utf-8"
    )
    calls = collect(Target("t", tmp_path)).functions["app:f"].calls
    last = [c for c in calls if c.name.rpartition(".")[2] in {"send", "save"}]
    assert [c.target for c in last] == [expected]


def test_a_parameter_of_an_optional_type(tmp_path: Path) -> None:
    (tmp_path / "service.py").write_text(SERVICE, encoding="utf-8")
    text = "import service\ndef f(a: service.Sender, b: 'service.Sender', c: service.Other | None):\n    a.send(); b.send(); c.go()\n"
    (tmp_path / "app.py").write_text(text, encoding="utf-8")
    calls = collect(Target("t", tmp_path)).functions["app:f"].calls
    assert [c.target for c in calls] == ["service:Sender.send", "", "service:Other.go"]


@pytest.mark.parametrize(("symbol", "target"), [("Sender.send", "Store.save"), ("Other.go", "Store.save")])
def test_a_field(tmp_path: Path, symbol: str, target: str) -> None:
    (tmp_path / "service.py").write_text(SERVICE, encoding="utf-8")
    calls = collect(Target("t", tmp_path)).functions[f"service:{symbol}"].calls
    assert [c.target for c in calls] == [f"service:{target}"]


@pytest.mark.parametrize(
    "body",
    [
        "rows = rows.filter()",
        "a = b.x()\n    b = a.x()",
        "client()" + ".get()" * 400,
        "from chain import *\n    other.method()",
    ],
)
def test_names_made_from_themselves_and_endless_chains_are_left_unresolved(body: str, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(f"def f(rows):\n    {body}\n    g()\n\ndef g(): ...\n", encoding="utf-8")
    calls = collect(Target("t", tmp_path)).functions["app:f"].calls
    assert "app:g" in [c.target for c in calls]
    assert {c.target for c in calls} <= {"", "app:g"}
