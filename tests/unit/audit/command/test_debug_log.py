import logging
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from audit.command.cli import app


def audit(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(a) for a in arguments])


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    root = tmp_path / "shop"
    (root / "node_modules").mkdir(parents=True)
    (root / "app.py").write_text('from celery import Celery\ncelery = Celery("shop")\n', encoding="utf-8")
    (root / "broken.py").write_text("def (\n", encoding="utf-8")
    (root / "cach\x1b[31mé.py").write_text("x = 1\n", encoding="utf-8")
    (root / "huge.sql").write_text("-- nothing\n", encoding="utf-8")
    (root / "outside.py").symlink_to("/etc/hostname")
    return root


def test_the_version_is_one_line_with_what_a_report_of_a_fault_needs() -> None:
    result = audit("--version")
    assert result.exit_code == 0
    pattern = rf"checkpoint-audit {re.escape(version('checkpoint-audit'))}, CPython 3\.\d+\.\d+\S*, \w+ \S+ \S+\n"
    assert re.fullmatch(pattern, result.stdout)


def test_the_version_needs_no_command_and_runs_none(tmp_path: Path) -> None:
    assert audit("--version", "run", tmp_path, "--out", tmp_path / "reports").exit_code == 0
    assert not (tmp_path / "reports").exists()


def test_debug_tells_what_was_read_and_changes_nothing_else(shop: Path, tmp_path: Path) -> None:
    with_it = audit("--debug", "run", shop, "--level", "source", "--out", tmp_path / "a")
    without = audit("run", shop, "--level", "source", "--out", tmp_path / "b")
    told = with_it.stderr
    for words in (
        "app.py: read, 50 characters",
        "node_modules: folder not entered: a history, an environment, a cache or state",
        "broken.py: not read: erreur de syntaxe ligne 1",
        "outside.py: not read: lien symbolique qui sort de la cible",
        "no audit.toml and no [tool.audit] in pyproject.toml: nothing is declared",
        "Celery application: app.py, line 2",
        "audit.judging.examination: ",
    ):
        assert words in told, words
    assert re.search(r"audit\.target\.digest: digest [0-9a-f]{64} over \d+ files in \d+\.\d\d s", told)
    assert re.search(r"written: .*-celery\.json, \d+ characters", told)
    assert "\x1b[31m" not in told
    assert "app.py: read" not in without.stderr
    assert logging.getLogger("audit").handlers == []
    assert logging.getLogger("audit").level == logging.NOTSET
    assert with_it.exit_code == without.exit_code
    assert [p.name for p in sorted((tmp_path / "a").iterdir())] == [p.name for p in sorted((tmp_path / "b").iterdir())]
    assert with_it.stdout.splitlines()[:-1] == without.stdout.splitlines()[:-1]


def test_importing_the_modules_sets_no_handler() -> None:
    code = "import logging, audit.command.cli; print(logging.getLogger().handlers, logging.getLogger('audit').handlers)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout == "[] []\n"


def test_experiments_are_told_too_though_pytest_captures_what_they_print(shop: Path, tmp_path: Path) -> None:
    (shop / "audit.toml").write_text('[target]\nname = "shop"\ncelery_app = "app:celery"\n', encoding="utf-8")
    command = (sys.executable, "-m", "audit", "--debug", "run", str(shop), "--level", "execution", "-q")
    done = subprocess.run(
        [*command, "--out", str(tmp_path / "reports")],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert "audit.experiments.canary.canary_run: the canary is not played: " in done.stderr
    assert re.search(r"importing with \S+, isolated by: ", done.stderr)
    assert re.search(r"target_interpreter: \S+ reported .* in \d+\.\d\d s", done.stderr)
