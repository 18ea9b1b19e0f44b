"""What a digest leaves out of an application's code, whichever way it is imported."""

from pathlib import Path

import pytest

from audit.target.undigested_code import undigested_code

CELERY = (
    "from celery import Celery\nfrom app.sending import post\napp = Celery(include=['app.jobs.nightly', 'celery'])\n"
)


def write(path: Path, text: str = "") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """`worker.py` makes the application; the tests hold modules of the same names, farther from the root."""
    root = tmp_path / "tree"
    write(root / "worker.py", CELERY)
    write(root / "app/__init__.py")
    write(root / "app/sending.py", "def post():\n    from . import gateway\n")
    write(root / "app/gateway.py", "from .shared.http import client\n")
    write(root / "app/shared/http.py", "import httpx\n")
    write(root / "app/jobs/nightly.py")
    write(root / "app/unused.py", "import tests.app.sending\n")
    write(root / "tests/app/sending.py")
    write(root / "tests/celery.py")
    write(root / "broken.py", "(")
    return root


@pytest.mark.parametrize(
    ("pattern", "files"),
    [
        ("app", ["app/__init__.py", "app/jobs/nightly.py", "app/sending.py"]),
        ("app/gate*", ["app/gateway.py"]),
        ("app/shared", ["app/shared/http.py"]),
        ("app/jobs/", ["app/jobs/nightly.py"]),
        ("worker.py", ["worker.py"]),
        ("app/unused.py", []),
        ("tests", []),
        ("none", []),
    ],
)
def test_what_a_pattern_hides_of_what_the_application_imports(tree: Path, pattern: str, files: list[str]) -> None:
    told = [f"`target.exclude` cache `{file}`, que l'application importe" for file in files]
    assert undigested_code(tree, (pattern,), ["worker:app", "library.module:name", "broken:app", ""]) == told


def test_modules_are_imported_from_the_folder_of_sources_too(tmp_path: Path) -> None:
    write(tmp_path / "src/app/worker.py", "import app.sending\nfrom . import other\nfrom .... import nowhere\n")
    write(tmp_path / "src/app/sending.py")
    write(tmp_path / "src/app/other.py")
    found = undigested_code(tmp_path, ("src/app/[so]*",), ["app.worker:app"])
    assert [f.split("`")[3] for f in found] == ["src/app/other.py", "src/app/sending.py"]


def test_links_out_of_the_tree_are_told_and_those_inside_are_not(tree: Path, tmp_path: Path) -> None:
    write(tmp_path / "elsewhere/tasks.py")
    write(tmp_path / "data/prices.txt")
    for link, destination in {
        "tasks": tmp_path / "elsewhere",
        "one.py": tmp_path / "elsewhere/tasks.py",
        "data": tmp_path / "data",
        "again": tree / "app",
        "nowhere.py": tmp_path / "missing.py",
        "round.py": tree / "round.py",
        ".venv": tmp_path / "elsewhere",
    }.items():
        (tree / link).symlink_to(destination)
    told = ["le lien `one.py` mène hors de l'arbre", "le lien `tasks` mène hors de l'arbre"]
    assert undigested_code(tree, (), ["worker:app"]) == told
    assert undigested_code(tree, ("tasks", "one.py"), ["worker:app"]) == []
