"""Questions are found where they are written, whatever imports them, in one order."""

from pathlib import Path

import pytest

from audit.requirements.discovery import discovered
from audit.requirements.question import Question

HEAD = "from audit.requirements.question import Question\n"


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    name = f"questions_of_{tmp_path.name}"
    folder = tmp_path / name
    (folder / "inside").mkdir(parents=True)
    (folder / "__init__.py").write_text("")
    (folder / "apples.py").write_text(
        HEAD + f"from {name}.pears import PEAR\n" + "B = Question('b', 'B', ())\nA = Question('a', 'A', ())\n"
    )
    (folder / "pears.py").write_text(HEAD + "PEAR = Question('pear', 'Pear', ())\nOTHER = 'pear'\n")
    (folder / "inside" / "__init__.py").write_text("raise AssertionError('imported')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    return name


def test_modules_come_by_name_and_questions_as_they_are_written(package: str) -> None:
    assert [q.id for q in discovered(package, Question, ("pears",))] == ["pear", "b", "a"]


def test_a_question_that_another_module_imports_is_found_once(package: str) -> None:
    found = [q.id for q in discovered(package, Question, ())]
    assert sorted(found) == ["a", "b", "pear"]


def test_a_question_decides_what_it_says_or_all_that_it_bears_on() -> None:
    assert Question("q", "Q", ("8.4", "8.5")).decided == ()
    assert Question("q", "Q", ("8.4", "8.5"), decides=("8.5",)).decided == ("8.5",)
    assert Question("q", "Q", ("8.4", "8.5"), decides=None).decided == ("8.4", "8.5")
