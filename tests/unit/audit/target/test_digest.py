import math
import os
import shutil
from pathlib import Path

import pytest

from audit.target.digest import newest_change, tree_digest
from tests.acceptance.folders import nested


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    for path, text in {
        "app/tasks.py": "x = 1\n",
        "deploy/start.sh": "celery worker\n",
        "deploy/worker.service": "[Service]\n",
        "bin/serve": "#!/bin/sh\n",
        "Procfile": "web: uvicorn\n",
        "requirements.txt": "celery\n",
        "uv.lock": "version = 1\n",
        "README.md": "text\n",
    }.items():
        write(root / path, text)
    return root


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


COUNTED = [
    "app/tasks.py",
    "deploy/start.sh",
    "deploy/worker.service",
    "bin/serve",
    "Procfile",
    "requirements.txt",
    "uv.lock",
]


@pytest.mark.parametrize("path", COUNTED)
def test_one_changed_byte_of_code_deployment_or_lock_changes_it(tree: Path, path: str) -> None:
    before = tree_digest(tree)
    write(tree / path, (tree / path).read_text() + " ")
    assert tree_digest(tree) != before


@pytest.mark.parametrize(
    "path", ["app/new.py", "sub/reports/journal.json", "reports/__init__.py", "render.yaml", "Dockerfile.prod"]
)
def test_a_new_file_that_counts_changes_it(tree: Path, path: str) -> None:
    before = tree_digest(tree)
    write(tree / path, "")
    assert tree_digest(tree) != before


@pytest.mark.parametrize("name", ["env", "venv", "site-packages"])
def test_a_package_that_bears_an_environment_s_name_counts(tree: Path, name: str) -> None:
    write(tree / name / "settings.py", "task_acks_late = True")
    before = tree_digest(tree)
    write(tree / name / "settings.py", "task_acks_late = False")
    assert tree_digest(tree) != before


@pytest.mark.parametrize(
    "path",
    [
        "reports/2026/journal.json",
        "reports/checkpoint.md",
        ".git/config.toml",
        "app/__pycache__/tasks.py",
        ".venv/lib/x.py",
        "elsewhere/lib/x.py",
        "node_modules/a/index.json",
        "project.egg-info/x.json",
        "README.md",
        "notes",
    ],
)
def test_reports_history_environments_caches_and_prose_do_not_count(tree: Path, path: str) -> None:
    write(tree / "elsewhere/pyvenv.cfg", "")
    before = tree_digest(tree)
    write(tree / path, "changed")
    assert tree_digest(tree) == before


def test_it_is_the_same_wherever_the_tree_lies_and_whenever_it_was_written(tree: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    for path in reversed(COUNTED):
        write(copy / path, (tree / path).read_text())
        os.utime(copy / path, (0, 0))
    shutil.copy(tree / "README.md", copy)
    assert tree_digest(copy) == tree_digest(tree)
    assert len(tree_digest(copy)) == 64


def test_a_renamed_file_changes_it(tree: Path) -> None:
    before = tree_digest(tree)
    (tree / "app/tasks.py").rename(tree / "app/other.py")
    assert tree_digest(tree) != before


def test_bytes_cannot_move_from_one_file_to_the_next_unnoticed(tmp_path: Path) -> None:
    for name, first, second in (("one", "ab", "c"), ("two", "a", "bc")):
        write(tmp_path / name / "a.py", first)
        write(tmp_path / name / "b.py", second)
    assert tree_digest(tmp_path / "one") != tree_digest(tmp_path / "two")


@pytest.mark.parametrize("pattern", ["app/*", "app", "app/", "*.py"])
def test_excluded_paths_do_not_count(tree: Path, pattern: str) -> None:
    before = tree_digest(tree, [pattern])
    write(tree / "app/tasks.py", "x = 2\n")
    assert tree_digest(tree, [pattern]) == before
    assert tree_digest(tree) != before


def test_links_count_by_destination_and_are_never_followed(tree: Path, tmp_path: Path) -> None:
    write(tmp_path / "outside.py", "x")
    (tree / "link.py").symlink_to(tmp_path / "outside.py")
    (tree / "loop").symlink_to(tree)
    before = tree_digest(tree)
    write(tmp_path / "outside.py", "y")
    assert tree_digest(tree) == before
    (tree / "link.py").unlink()
    (tree / "link.py").symlink_to("missing.py")
    assert tree_digest(tree) != before


def test_a_link_to_another_folder_of_modules_changes_it(tree: Path) -> None:
    for release in ("one", "two"):
        write(tree / f"releases/{release}/tasks.py", release)
    (tree / "current").symlink_to("releases/one")
    (tree / ".venv").symlink_to("releases/one")
    before = tree_digest(tree)
    (tree / ".venv").unlink()
    assert tree_digest(tree) == before
    (tree / "current").unlink()
    (tree / "current").symlink_to("releases/two")
    assert tree_digest(tree) != before


def test_a_pipe_is_not_read(tree: Path) -> None:
    before = tree_digest(tree)
    os.mkfifo(tree / "pipe.py")
    os.mkfifo(tree / "pipe")
    assert tree_digest(tree) == before


def test_a_folder_that_cannot_be_listed_counts_as_such(tree: Path) -> None:
    before = tree_digest(tree)
    assert 0 < newest_change(tree) < math.inf
    with nested(tree, "d" * 200, 40, "x = 1\n"):
        assert tree_digest(tree) != before
        assert newest_change(tree) == math.inf
        assert tree_digest(tree, ["dd*"]) == before


def test_a_missing_root_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        tree_digest(tmp_path / "nowhere")
