"""The first line at level execution says what will be played, or why nothing will; nothing played is exit 3."""

from pathlib import Path

import pytest

from audit.command.announcement import announcement
from audit.command.answers import Exit, exit_code
from audit.command.run_setup import prepare
from audit.model.findings import Level

ONE = 'from celery import Celery\n\napp = Celery("shop", broker="redis://localhost/0")\n'


def first_line(root: Path, *, level: str = "execution", profile: str | None = None, family: str | None = None) -> str:
    return announcement(prepare(root, profile, level, family=family))


def test_nothing_is_announced_where_nothing_is_asked_to_be_played(tmp_path: Path) -> None:
    assert not first_line(tmp_path, level="source")


def test_the_application_of_the_source_is_imported_and_its_worker_announced(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(ONE, encoding="utf-8")
    examination = prepare(tmp_path, None, "execution")
    told = announcement(examination)
    assert told.startswith(
        f"To play: {examination.canary_scenarios} scenarios of the canary on the worker of shop:app, with "
    )
    assert examination.known.configuration is not None
    assert not examination.known.configuration.failure
    assert examination.starts_worker


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("x = 1\n", "no Celery application was found in the source"),
        (ONE + 'other = Celery("other")\n', "the source has several Celery applications (shop:app, shop:other)"),
        (ONE + "import a_module_that_is_not_there\n", "shop:app could not be imported with "),
    ],
)
def test_why_nothing_will_be_played(text: str, why: str, tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(text, encoding="utf-8")
    examination = prepare(tmp_path, None, "execution")
    assert announcement(examination).startswith(f"Nothing will be played: {why}")
    assert not examination.starts_worker
    assert exit_code(examination) is Exit.COULD_NOT_RUN


def test_a_family_of_campaigns_needs_a_driver(tmp_path: Path) -> None:
    told = first_line(tmp_path, profile="strict", family="4")
    assert "this family needs a driver" in told


def test_the_reading_alone_asks_for_nothing_to_be_played(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(ONE, encoding="utf-8")
    examination = prepare(tmp_path, None, "configuration")
    assert examination.level is Level.CONFIGURATION
    assert examination.known.configuration is None, "nobody said with what to import it"
    assert exit_code(examination) is not Exit.COULD_NOT_RUN


def test_the_project_s_own_environment_is_taken_before_this_interpreter(tmp_path: Path) -> None:
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.touch(mode=0o755)
    assert prepare(tmp_path, None, "execution").target.python == str(python)
    assert not prepare(tmp_path, None, "configuration").target.python
