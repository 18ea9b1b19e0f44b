"""`audit init`: what it proposes is right or is left to a human, and it writes one file, where it says."""

import shutil
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from audit.command.cli import app
from audit.command.init.inference import Guess, Inferred
from audit.command.init.project_description import initialise
from audit.command.init.target_file_writer import rendered, write
from audit.target.target_file import ROLES, TargetError, load_target
from tests.acceptance.reference_copy import REPOSITORY

DECEMBER = REPOSITORY / "tests" / "targets" / "decembre-2025"


@pytest.fixture
def december(tmp_path: Path) -> Path:
    root = tmp_path / "target"
    shutil.copytree(DECEMBER, root, ignore=shutil.ignore_patterns("__pycache__", "audit.toml"))
    return root


def declared(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


def test_what_it_proposes_for_december_is_what_a_human_wrote(december: Path) -> None:
    made = initialise(december)
    path, inferred = made.target_file, made.inferred
    assert path is not None
    written, by_hand = declared(path), declared(DECEMBER / "audit.toml")
    assert {k: written["target"][k] for k in ("celery_app", "asgi_app", "process_files")} == {
        k: by_hand["target"][k] for k in ("celery_app", "asgi_app", "process_files")
    }
    wrong = {role: symbol for role, symbol in written["roles"].items() if symbol not in by_hand["roles"][role]}
    assert not wrong
    assert set(written["roles"]) == set(by_hand["roles"]) - {"absent", "idempotency"}
    assert inferred.not_found == ("watchdog",)
    text = path.read_text(encoding="utf-8")
    assert "# app/tasks/message_tasks.py:16: task with such a name" in text
    assert '# idempotency = "app.services.locks:acquire_idempotency_lock"  # app/services/locks.py:36' in text


def test_the_target_file_it_wrote_can_be_run(december: Path, tmp_path: Path) -> None:
    assert CliRunner().invoke(app, ["init", str(december)]).exit_code == 0
    arguments = [
        "run",
        str(december),
        "--profile",
        "checkpoint-2025",
        "--level",
        "source",
        "--out",
        str(tmp_path / "r"),
    ]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert " PASSED" in result.stdout


def test_a_factory_of_the_web_server_is_proposed(tmp_path: Path) -> None:
    (tmp_path / "site_.py").write_text("def create(): return make()\n", encoding="utf-8")
    (tmp_path / "Procfile").write_text("web: uvicorn site_:create --factory\n", encoding="utf-8")
    path = initialise(tmp_path).target_file
    assert path is not None
    assert load_target(path).asgi_app == "site_:create"


def test_it_replaces_nothing_unless_told_to(december: Path) -> None:
    path = december / "audit.toml"
    path.write_text("mine", encoding="utf-8")
    refused = CliRunner().invoke(app, ["init", str(december)])
    assert refused.exit_code == 2
    assert "already there; --force replaces it" in refused.stderr
    assert path.read_text(encoding="utf-8") == "mine"
    forced = CliRunner().invoke(app, ["init", str(december), "--force"])
    assert forced.exit_code == 0
    assert "Not found: watchdog" in forced.stderr
    assert load_target(path).role("sender") == "app.tasks.message_tasks:send_single_message"


def test_a_link_of_that_name_leads_it_nowhere(tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside.toml"
    root.mkdir()
    outside.write_text("precious", encoding="utf-8")
    (root / "audit.toml").symlink_to(outside)
    with pytest.raises(TargetError, match="already there"):
        initialise(root)
    initialise(root, force=True)
    assert outside.read_text(encoding="utf-8") == "precious"
    assert not (root / "audit.toml").is_symlink()
    assert [p.name for p in root.iterdir()] == ["audit.toml"]


def test_what_cannot_be_written_is_told_on_one_line(tmp_path: Path) -> None:
    (tmp_path / "audit.toml").mkdir()
    with pytest.raises(TargetError, match="cannot be written"):
        write(tmp_path, "x", force=True)
    assert [p.name for p in tmp_path.iterdir()] == ["audit.toml"]
    result = CliRunner().invoke(app, ["init", str(tmp_path / "nowhere")])
    assert result.exit_code == 2
    assert "not a directory" in result.stderr


texts = st.text(st.characters(codec="utf-8"), max_size=20)
guesses = st.lists(st.builds(Guess, texts, texts, texts), max_size=3).map(tuple)


@given(texts, guesses, guesses, guesses, guesses)
def test_whatever_a_project_is_called_its_file_can_be_read(
    name: str, celery: tuple[Guess, ...], asgi: tuple[Guess, ...], files: tuple[Guess, ...], role: tuple[Guess, ...]
) -> None:
    inferred = Inferred(celery, asgi, files, dict.fromkeys(ROLES, role))
    document = tomllib.loads(rendered(name, inferred))
    assert document["target"]["name"] == name
    assert document["target"].get("celery_app") == (celery[0].value if len(celery) == 1 else None)
    assert document["target"].get("process_files", []) == [g.value for g in files]
    assert set(document["roles"].values()) == ({role[0].value} if len(role) == 1 else set())


def test_it_names_the_spec_it_found(december: Path) -> None:
    folder = december / ".kiro" / "specs" / "s"
    folder.mkdir(parents=True)
    (folder / "tasks.md").write_text("- [ ] 1. T\n", encoding="utf-8")
    result = CliRunner().invoke(app, ["init", str(december)])
    assert "Kiro spec: .kiro/specs/s" in result.output
    assert load_target(december).kiro == ".kiro/specs/s"


def test_of_several_specs_it_leaves_the_choice(december: Path) -> None:
    for name in ("s", 't"\n'):
        folder = december / ".kiro" / "specs" / name
        folder.mkdir(parents=True)
        (folder / "tasks.md").write_text("- [ ] 1. T\n", encoding="utf-8")
    made = initialise(december)
    path, inferred = made.target_file, made.inferred
    assert path is not None
    assert len(inferred.specs) == 2
    assert load_target(path).kiro == ""
    assert '# kiro = ".kiro/specs/s"' in path.read_text(encoding="utf-8")
