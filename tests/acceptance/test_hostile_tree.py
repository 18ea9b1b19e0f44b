"""An audit at level source of a tree made to harm: it ends, says what it skipped, and writes where it was told only."""

import json
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from typer.testing import CliRunner

from audit.cli import app

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
    return root


def test_it_ends_says_what_it_skipped_and_shows_no_live_html(hostile: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    before = sorted(p.name for p in hostile.iterdir())
    result = CliRunner().invoke(app, ["run", str(hostile), "--level", "source", "--out", str(out)])
    assert result.exit_code in {0, 1}, result.output
    (journal,), (report,) = out.glob("*.json"), out.glob("*.md")
    unread = dict(json.loads(journal.read_text(encoding="utf-8"))["probes"][0]["unread"])
    skipped = {"generated.py", "broken.py", "deep.py", "utf16.py", "away.py", "loop", "compose.yaml"}
    assert skipped <= set(unread)
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
