"""A module that is too long to follow is a gap, but for a migration of Django; names imported in a circle are bound."""

from pathlib import Path

import pytest

from audit import reading
from audit.model.gaps import UnreadFile
from audit.target.target_file import Target

_LONG = "[" + ", ".join(f"dict(a={n}, b=[{n}, {n}])" for n in range(12_000)) + "]"
_TASK = "from celery import Celery\n\napp = Celery('shop')\n\n\n@app.task\ndef send(pk): ...\n"


@pytest.mark.parametrize(
    ("folder", "name", "named"),
    [
        ("migrations", "Migration", ()),
        ("migrations", "Table", ("migrations/long.py",)),
        ("moves", "Migration", ("moves/long.py",)),
    ],
)
def test_only_a_migration_hides_nothing(folder: str, name: str, named: tuple[str, ...], tmp_path: Path) -> None:
    text = f"class {name}(Checked):\n    operations = {_LONG}\n"
    (tmp_path / folder).mkdir()
    (tmp_path / folder / "long.py").write_text(text, encoding="utf-8")
    (tmp_path / "tasks.py").write_text(_TASK, encoding="utf-8")
    facts = reading.collect(Target("shop", tmp_path))
    assert [task.symbol for task in facts.tasks] == ["tasks:send"]
    assert tuple(gap.path for gap in facts.gaps if isinstance(gap, UnreadFile)) == named


def test_a_name_that_modules_import_in_a_circle_is_bound(tmp_path: Path) -> None:
    shop = {
        "__init__": "",
        "base": "from shop import models\nfrom celery import Celery\n\napp = Celery('shop')\n\n\n"
        "def job(**options):\n    def wrapped(function):\n        return app.task(**options)(function)\n    return wrapped\n",
        "models": "from shop.work import send\n",
        "work": "from shop.base import job\n\n\n@job(queue='mail')\ndef send(pk): ...\n",
    }
    (tmp_path / "shop").mkdir()
    for module, text in shop.items():
        (tmp_path / "shop" / f"{module}.py").write_text(text, encoding="utf-8")
    facts = reading.collect(Target("shop", tmp_path))
    assert [(task.symbol, task.options.get("queue")) for task in facts.tasks] == [("shop.work:send", "mail")]
