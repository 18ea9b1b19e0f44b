"""An audit at level source of a tree made to harm: it ends, says what it skipped, and writes where it was told only."""

import json
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from typer.testing import CliRunner

from audit.command.cli import app
from tests.acceptance.folders import nested

pytestmark = pytest.mark.integration

LIVE = "<script>alert(1)</script><img src=x onerror=alert(2)>"


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    root.mkdir()
    (root / "tasks.py").write_text(
        f"from celery import Celery\napp = Celery('x')\napp.conf.task_routes = {{'a': {LIVE!r}}}\n"
        f"@app.task(name={LIVE!r})\ndef f(): ...\n",
        encoding="utf-8",
    )
    (root / "generated.py").write_bytes(b"x = 1\n" * 4_000_000)
    (root / "broken.py").write_text("def (\n", encoding="utf-8")
    (root / "deep.py").write_text(f"x = {'(' * 5000}{')' * 5000}\n", encoding="utf-8")
    (root / "chain.py").write_text(f"x = a{'.b()' * 2000}\n", encoding="utf-8")
    (root / "utf16.py").write_bytes("x = 1\n".encode("utf-16"))
    (root / "bom.py").write_bytes(b"\xef\xbb\xbfx = 1\n")
    (root / "loop").symlink_to(root)
    (root / "away.py").symlink_to("/etc/passwd")
    (root / f"{LIVE.replace('/', '')}.py").write_text("def (", encoding="utf-8")
    (root / "start.sh").write_text(f"celery -A tasks worker --hostname='{LIVE}' &\n", encoding="utf-8")
    (root / "compose.yaml").write_text("services: {a: {command: *x}}\n", encoding="utf-8")
    (root / "docker-compose.yml").write_text(f"services: {'[' * 5000}{']' * 5000}\n", encoding="utf-8")
    (root / "nested.sh").write_text(f"{'(' * 3000} celery -A tasks worker {')' * 3000}\n", encoding="utf-8")
    (root / "utf16.sh").write_bytes("celery -A tasks worker\n".encode("utf-16"))
    (root / "Procfile").write_bytes("worker: celery -A tasks worker --hostname=été\n".encode("latin-1"))
    (root / "generated.sh").write_bytes(b"celery -A tasks worker &\n" * 1_000_000)
    return root


def test_it_ends_says_what_it_skipped_and_shows_no_live_html(hostile: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    before = sorted(p.name for p in hostile.iterdir())
    result = CliRunner().invoke(app, ["run", str(hostile), "--level", "source", "--out", str(out)])
    assert result.exit_code in {0, 1}, result.output
    (journal,), (report,) = out.glob("*.json"), out.glob("*.md")
    unread = dict(json.loads(journal.read_text(encoding="utf-8"))["probes"][0]["unread"])
    skipped = {"generated.py", "broken.py", "deep.py", "utf16.py", "away.py", "loop", "compose.yaml"}
    skipped |= {"docker-compose.yml", "nested.sh", "utf16.sh", "Procfile", "generated.sh"}
    assert skipped <= set(unread)
    assert not {"tasks.py", "bom.py", "start.sh"} & set(unread)
    assert "plus de 2 Mo" in unread["generated.py"]
    text = report.read_text(encoding="utf-8")
    tokens = [
        inner
        for token in MarkdownIt("commonmark").enable("table").parse(text)
        for inner in (token, *(token.children or ()))
    ]
    live = [t.content for t in tokens if t.type.startswith("html") and not t.content.startswith("<!--")]
    assert "alert(1)" in text
    assert not [content for content in live if "script" in content or "img" in content]
    assert sorted(p.name for p in hostile.iterdir()) == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out", "root"]


TASK = "from celery import Celery\napp = Celery('x')\n@app.task\ndef f(): ...\n"


def unread_of(root: Path, out: Path) -> tuple[list[list[str]], int]:
    """What an audit left unread, with the reason, and how many functions it read."""
    result = CliRunner().invoke(app, ["run", str(root), "--level", "source", "--quiet", "--out", str(out)])
    assert result.exit_code in {0, 1}, result.output
    (journal,) = out.glob("*.json")
    probe = json.loads(journal.read_text(encoding="utf-8"))["probes"][0]
    return probe["unread"], probe["counts"]["functions"]


def test_folders_as_deep_as_paths_go_are_read(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "app.py").write_text(TASK, encoding="utf-8")
    with nested(tmp_path / "root", "d", 1500, "def deep(): ...\n"):
        assert unread_of(tmp_path / "root", tmp_path / "out") == ([], 2)


def test_folders_deeper_than_paths_go_are_told(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "app.py").write_text(TASK, encoding="utf-8")
    with nested(tmp_path / "root", "d" * 200, 40, "def deep(): ...\n"):
        ((path, reason),), functions = unread_of(tmp_path / "root", tmp_path / "out")
    assert set(path) == {"d", "/"}
    assert "File name too long" in reason
    assert functions == 1


def test_ten_thousand_files_are_all_read(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "app.py").write_text(TASK, encoding="utf-8")
    for number in range(10_000):
        (tmp_path / "root" / f"m{number}.py").write_text(f"def f(a): return a + {number}\n", encoding="utf-8")
    assert unread_of(tmp_path / "root", tmp_path / "out") == ([], 10_001)
