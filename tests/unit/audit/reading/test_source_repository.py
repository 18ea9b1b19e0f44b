"""A project may be one folder of a repository: its index and its specs are looked for around it, and no further."""

import shutil
import subprocess
from pathlib import Path

import pytest

from audit.reading.deployment.git_index import repository, tracked_files
from audit.reading.kiro.traceability import spec_of

GIT = shutil.which("git") or ""
pytestmark = pytest.mark.skipif(not GIT, reason="git writes the index that is read")


def git(folder: Path, *arguments: str) -> None:
    subprocess.run([GIT, "-C", str(folder), *arguments], check=True, capture_output=True)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project below the top of a repository that tracks files of both."""
    top = tmp_path / "repository"
    project = top / "services" / "shop"
    project.mkdir(parents=True)
    for path in (top / "README.md", project / "app.py", project / ".env"):
        path.write_text("x = 1\n", encoding="utf-8")
    git(tmp_path, "init", "-q", str(top))
    git(top, "add", "-A")
    return project


def spec(folder: Path) -> None:
    home = folder / ".kiro" / "specs" / "orders"
    home.mkdir(parents=True)
    (home / "requirements.md").write_text("# Requirements\n", encoding="utf-8")
    (home / "tasks.md").write_text("# Tasks\n", encoding="utf-8")


def test_the_files_that_a_repository_around_the_project_tracks(project: Path) -> None:
    assert tracked_files(project) == (".env", "app.py")
    assert tracked_files(project.parents[1]) == ("README.md", "services/shop/.env", "services/shop/app.py")


def test_a_worktree_has_its_index_elsewhere(project: Path, tmp_path: Path) -> None:
    top = project.parents[1]
    git(top, "-c", "user.name=n", "-c", "user.email=e@example.org", "commit", "-qm", "first")
    git(top, "worktree", "add", "-q", str(tmp_path / "worktree"))
    assert tracked_files(tmp_path / "worktree" / "services" / "shop") == (".env", "app.py")


def test_a_repository_that_tracks_nothing_of_the_project_says_nothing_of_it(project: Path) -> None:
    other = project.parent / "other"
    other.mkdir()
    assert tracked_files(other) is None


@pytest.mark.parametrize("text", ["", "gitdir", "gitdir: ../nowhere", "other: .git"])
def test_a_git_file_that_leads_nowhere(text: str, tmp_path: Path) -> None:
    (tmp_path / ".git").write_text(text, encoding="utf-8")
    assert repository(tmp_path) == tmp_path
    assert tracked_files(tmp_path) is None


def test_specs_of_the_repository_are_those_of_its_projects(project: Path, tmp_path: Path) -> None:
    spec(tmp_path)
    assert spec_of(project, "") is None, "beyond the repository's top"
    spec(project.parents[1])
    found = spec_of(project, "")
    assert found is not None
    assert found.path == ".kiro/specs/orders"
    assert found.name == "orders"
    shutil.rmtree(project.parents[1] / ".git")
    assert spec_of(project, "") is None
