"""A module that is too long to follow is a gap, but for a migration of Django; it takes no step from the others."""

from pathlib import Path

import pytest

from audit import reading
from audit.model.gaps import UnreadFile
from audit.target.target_file import Target

_LONG = "[" + ", ".join(f"dict(a={n}, b=[{n}, {n}])" for n in range(12_000)) + "]"
_TASK = "from celery import Celery\n\napp = Celery('shop')\n\n\n@app.task\ndef send(pk): ...\n"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (f"class Migration(Checked):\n    operations = {_LONG}\n", ()),
        (f"class Table(Checked):\n    operations = {_LONG}\n", ("a/long.py",)),
    ],
)
def test_only_a_migration_hides_nothing(text: str, named: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "long.py").write_text(text, encoding="utf-8")
    (tmp_path / "tasks.py").write_text(_TASK, encoding="utf-8")
    facts = reading.collect(Target("shop", tmp_path))
    assert [task.symbol for task in facts.tasks] == ["tasks:send"]
    assert tuple(gap.path for gap in facts.gaps if isinstance(gap, UnreadFile)) == named
