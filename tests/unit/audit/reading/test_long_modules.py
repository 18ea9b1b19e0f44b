"""A module that is too long to follow is a gap, but for a migration of Django; names imported in a circle are bound."""

from pathlib import Path

import pytest

from audit import reading
from audit.model.gaps import LongExpression, UnreadFile
from audit.target.target_file import Target
from tests.unit.audit.reading.collecting import Collect

_LONG = "[a * b for a in range(400) for b in range(400)]"
_LITERAL = "[" + ", ".join(f"dict(a={n}, b=[{n}, {n}])" for n in range(20_000)) + "]"
_TASK = "from celery import Celery\n\napp = Celery('shop')\n\n\n@app.task\ndef send(pk): ...\n"


@pytest.mark.parametrize(
    ("path", "text", "named"),
    [
        ("migrations/long.py", f"class Migration(Checked):\n    tasks = {_LONG}\n", ()),
        ("migrations/long.py", f"class Table(Checked):\n    tasks = {_LONG}\n", (("migrations/long.py", 1),)),
        ("moves/long.py", f"class Migration(Checked):\n    tasks = {_LONG}\n", (("moves/long.py", 1),)),
        ("long.py", f"PRICES = {_LONG}\n", ()),
        ("long.py", f"from tasks import app\napp.conf.task_routes = {_LITERAL}\n", (("long.py", 2),)),
        ("long.py", f"from found import add\nadd({_LONG})\n", (("long.py", 2),)),
        ("long.py", "from found import late\nlate()\n", (("long.py", 2),)),
        ("long.py", "from found import idle\nidle()\n", ()),
    ],
)
def test_a_statement_that_is_too_long_hides_what_it_may_make_and_no_more(
    path: str, text: str, named: tuple[tuple[str, int], ...], collect_tree: Collect
) -> None:
    slow = "    for a in range(290):\n        for b in range(290):\n            n = a * b\n"
    found = "def add(jobs):\n    from tasks import app\n    for job in jobs:\n        app.task(job)\n"
    found += f"def late():\n    from tasks import app\n{slow}    app.task(n)\ndef idle():\n{slow}"
    facts = collect_tree({path: text, "tasks.py": _TASK, "found.py": found})
    assert [task.symbol for task in facts.tasks] == ["tasks:send"]
    assert tuple((gap.path, gap.line) for gap in facts.gaps if isinstance(gap, UnreadFile)) == named


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


def test_a_function_whose_imports_nobody_had_the_steps_to_read_says_so(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text("def send():\n    from mail import post\n    post()\n", encoding="utf-8")
    (tmp_path / "mail.py").write_text("def post(): ...\n", encoding="utf-8")
    send = reading.collect(Target("shop", tmp_path), steps=0).functions["shop:send"]
    assert send.gaps == (LongExpression("shop.py", 2),)
    assert [call.target for call in send.calls] == [""]
