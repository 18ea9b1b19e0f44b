"""A project that nobody described is imported only with the interpreter that the user names."""

import sys
from pathlib import Path

import pytest

from audit.command.run_setup import prepare
from audit.judging.suppositions import with_applications
from audit.model.facts import Application, Facts
from audit.model.findings import Excerpt, Level
from audit.target.target_file import Target

ONE = Application("celery", "proj.celery:app")
WEB = Application("asgi", "proj.web:app")


def found(target: Target, *applications: Application) -> tuple[str, str]:
    target = with_applications(target, Facts(Level.SOURCE, "source", applications=applications))
    return target.celery_app, target.asgi_app


def test_the_only_applications_of_the_source_are_imported_with_a_named_interpreter() -> None:
    named = Target("t", Path("/t"), python="python3.12")
    assert found(named, ONE, WEB) == ("proj.celery:app", "proj.web:app")
    assert found(named, ONE, Application("celery", "other:app"), WEB) == ("", "proj.web:app")
    assert found(named) == ("", "")


def test_nothing_is_imported_that_nobody_asked_for() -> None:
    assert found(Target("t", Path("/t")), ONE) == ("", "")
    declared = Target("t", Path("/t"), python="python3", celery_app="mine:app")
    assert found(declared, ONE, WEB) == ("mine:app", "")


@pytest.mark.parametrize(("given", "kept"), [("python3", "python3"), ("./bin/python", "bin/python")])
def test_a_path_is_the_users_and_a_name_is_looked_for(
    given: str, kept: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").symlink_to(sys.executable)
    wanted = str(tmp_path / kept) if "/" in kept else kept
    assert prepare(tmp_path, "strict", None, python=given).target.python == wanted


def test_a_folder_from_which_the_application_is_imported_is_on_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTHONPATH", raising=False)
    below = Application("celery", "proj.celery:app", Excerpt("src/proj/celery.py", 3, 3, "app = Celery()"))
    source = Facts(Level.SOURCE, "source", applications=(below,))
    named = Target("t", Path("/t"), python="python3")
    assert with_applications(named, source).environment == ("PYTHONPATH=/t/src",)
    declared = Target("t", Path("/t"), celery_app="proj.celery:app", environment=("PYTHONPATH=lib",))
    assert with_applications(declared, source).environment == ("PYTHONPATH=lib",)
    at_root = Application("celery", "proj.celery:app", Excerpt("proj/celery.py", 3, 3, "app = Celery()"))
    assert not with_applications(named, Facts(Level.SOURCE, "source", applications=(at_root,))).environment
